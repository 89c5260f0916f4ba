"""A canary that an edit ends: its users go to what was promoted, its replicas to what comes next."""

from tests.controller.pretend import deployment
from tests.controller.test_canaries import reach, stepped
from tests.controller.trials import TrialWorld


def test_another_edit_in_the_middle_takes_the_users_and_the_replica_of_the_first_canary() -> None:
    """The revision that was never promoted got a third of the users, and kept the replica that the next one needs."""
    world = stepped()
    given_up = world.share.revision
    world.pod_client.busy = {
        one["metadata"]["name"]: 10_000 for one in world.engine_pods()
    }  # no replica with users could be spared
    world.apply(deployment(replicas=3, context=2048, **world.spec))
    world.rounds(1)
    assert (world.share.percent, world.share.stable) == (0, world.old)
    assert world.share.revision not in (given_up, world.old)
    for _ in range(20):
        world.rounds()
        assert world.held <= 3
        assert world.engines()[world.old] == 2
    assert world.engines().get(given_up, 0) == 0
    assert len(world.serving_of(2048)) == 1


def reverted() -> TrialWorld:
    """While the rollout is paused, which keeps the replica of the canary."""
    world = stepped()
    world.spec["rollout"]["paused"] = True
    world.revert()
    world.rounds(3)
    assert world.counts == (2, 1)
    return world


def test_a_revert_takes_the_users_from_a_canary_whose_replicas_stay_for_a_while() -> None:
    """It got a third of them, where it had had 5 %."""
    world = reverted()
    assert (world.share.percent, world.share.stable) == (0, world.old)
    assert (world.canary["phase"], world.canary["message"]) == (
        "Rejected",
        "the spec names the old revision again; name the new one to begin anew",
    )
    del world.spec["rollout"]["paused"]
    world.revert()
    world.settle()
    assert (world.engines(), world.canary, world.share) == ({world.old: 3}, {}, None)


def test_a_canary_that_a_revert_ended_begins_anew_if_it_is_named_again() -> None:
    world = reverted()
    del world.spec["rollout"]["paused"]
    world.apply(world.changed())
    world.rounds(1)
    assert world.canary["phase"] in ("Waiting", "Stepping")
    assert reach(world, 5).canary["step"] == 2
