"""A canary in a cluster: an old replica makes room, routers divide the traffic, and users' requests decide."""

import pytest

from fairlead.fleet.traffic_shares import TrafficShare
from tests.comparing.requests_of_users import Traffic
from tests.controller.pretend import deployment
from tests.controller.trials import TrialWorld


def stepped() -> TrialWorld:
    """On its second step, at 5 % of the conversations."""
    world = TrialWorld()
    for _ in range(40):
        world.rounds()
        if world.share is not None and world.share.percent == 5:
            return world
    raise AssertionError(f"never: {world.canary}, {world.engines()}")


def ended(world: TrialWorld, phase: str, rounds: int = 60) -> TrialWorld:
    """Until it is in this phase."""
    for _ in range(rounds):
        world.rounds()
        assert world.held <= 3
        assert len(world.serving()) >= 2
        if world.canary.get("phase") == phase:
            return world
    raise AssertionError(f"never {phase}: {world.canary}")


def test_no_user_reaches_the_new_revision_before_its_share_and_no_accelerator_is_added() -> None:
    world = TrialWorld()
    seen = set()
    for _ in range(6):
        world.rounds()
        assert world.held <= 3
        assert len(world.serving()) >= 2
        seen.add(world.share)
    assert world.counts == (2, 1)
    assert {one.percent for one in seen if one} == {0}
    assert world.canary["step"] == 1


def test_equal_revisions_pass_and_the_new_one_takes_all() -> None:
    world = stepped()
    world.report(Traffic(minutes=30).samples())
    world.rounds(2)
    assert world.canary["gates"][0]["verdict"] == "Passed"
    world.report([])
    for _ in range(20):
        world.rounds()
        if world.share is not None and world.share.percent == 50:
            break
    assert world.counts == (1, 2)
    world.rounds(1)
    world.report(Traffic(minutes=30, seed=2).samples())
    ended(world, "Promoted")
    world.settle()
    assert world.counts == (0, 3)
    assert world.share is None


def test_a_slower_revision_loses_its_share_then_its_replicas_and_stays_rejected() -> None:
    world = stepped()
    world.report(Traffic(minutes=30, slower=(1.6, 1.0)).samples())
    ended(world, "Rejected")
    assert world.share is not None
    assert world.share.percent == 0
    assert world.canary["message"].startswith("gate Service of step 2: first token: ")
    assert world.canary["gates"][0]["verdict"] == "Failed"
    world.settle()
    assert world.counts == (3, 0)
    assert "GateFailed" in world.event_sink.published
    world.report(Traffic(minutes=30).samples())
    world.restart()
    for _ in range(100):
        world.rounds()
        assert world.counts == (3, 0)


def test_its_replicas_go_only_once_routers_send_them_nothing() -> None:
    world = stepped()
    world.order("abort")
    world.pod_client.lagging = True
    world.rounds(1)
    assert world.canary["phase"] == "Rejected"
    assert world.counts == (2, 1)
    world.pod_client.lagging = False
    world.settle()
    assert world.counts == (3, 0)


def test_no_traffic_for_an_hour_is_never_promoted() -> None:
    world = stepped()
    world.report([])
    for _ in range(120):
        world.rounds()
    assert world.canary["phase"] == "Stepping"
    assert world.canary["gates"][0]["reason"] == "NoTraffic"
    assert world.counts == (2, 1)


def test_routers_that_do_not_answer_decide_nothing() -> None:
    world = stepped()
    world.pod_client.own_mute = True
    world.rounds(10)
    assert [(one["verdict"], one["reason"]) for one in world.canary["gates"]] == [("Undecided", "NoTraffic")]
    assert world.canary["step"] == 2
    assert world.counts == (2, 1)


@pytest.mark.parametrize("slower", [1.0, 1.6])
def test_an_operator_killed_in_every_round_comes_to_the_same_end(slower: float) -> None:
    world = TrialWorld()
    for _ in range(60):
        world.restart()
        world.rounds()
        assert world.held <= 3
        assert len(world.serving()) >= 2
        if world.share == TrafficShare(revision=world.canary.get("revision", ""), percent=5):
            break
    world.report(Traffic(minutes=30, slower=(slower, 1.0)).samples())
    for _ in range(6):
        world.restart()
        world.rounds()
    assert world.canary["gates"][0]["verdict"] == ("Passed" if slower <= 1 else "Failed")


def test_a_revert_in_the_middle_turns_round_and_leaves_nothing_of_it() -> None:
    world = stepped()
    world.apply(deployment(replicas=3))
    world.settle()
    assert world.engines() == {world.old: 3}
    assert world.canary == {}
    assert world.share is None


def test_a_person_retries_what_was_rejected() -> None:
    world = stepped()
    world.order("abort")
    world.settle()
    assert world.counts == (3, 0)
    world.order("retry")
    world.rounds(8)
    assert world.counts == (2, 1)
    assert world.canary["gates"] == []
