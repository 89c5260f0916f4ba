"""A canary in a cluster: an old replica makes room, routers split the traffic, and users' requests decide."""

from datetime import timedelta
from typing import Any, Final

import pytest

from fairlead.cluster import kinds
from fairlead.fleet.traffic_shares import TrafficShare
from tests.comparing.requests_of_users import Traffic
from tests.controller.trials import TrialWorld

GATED: Final = {
    "source": "hf://meta-llama/Llama-3.1-8B-Instruct",
    "tokenSecret": {"name": "hf", "key": "token"},
}


def stepped() -> TrialWorld:
    """On its second step, at 5 % of the conversations."""
    return reach(TrialWorld(), 5)


def reach(world: TrialWorld, percent: int) -> TrialWorld:
    """Run until the new revision has this share."""
    for _ in range(40):
        world.rounds()
        if world.share is not None and world.share.percent == percent:
            return world
    raise AssertionError(f"never: {world.canary}, {world.engines()}")


def ended(world: TrialWorld, phase: str, rounds: int = 60) -> TrialWorld:
    """Run until it is in this phase."""
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
        if world.share == TrafficShare(revision=world.canary.get("revision", ""), percent=5, stable=world.old, step=1):
            break
    world.report(Traffic(minutes=30, slower=(slower, 1.0)).samples())
    for _ in range(6):
        world.restart()
        world.rounds()
    assert world.canary["gates"][0]["verdict"] == ("Passed" if slower <= 1 else "Failed")


def test_a_revert_in_the_middle_turns_round_and_leaves_nothing_of_it() -> None:
    world = stepped()
    world.revert()
    world.settle()
    assert world.engines() == {world.old: 3}
    assert world.canary == {}
    assert world.share is None


def test_a_canary_stays_at_its_step_while_a_secret_is_missing_and_goes_on_afterwards() -> None:
    world = TrialWorld(model=GATED)
    reach(world, 5)
    world.remove_secret()
    world.rounds(20)
    assert world.condition("Accepted") == ("False", "NotFound")
    assert (world.counts, world.canary["step"], world.share.percent) == ((2, 1), 2, 5)
    world.add_secret()
    world.rounds(2)
    world.report(Traffic(minutes=30).samples())
    world.rounds(2)
    assert (world.canary["step"], world.canary["gates"][0]["verdict"]) == (3, "Passed")


@pytest.mark.parametrize(
    ("edit", "reason"),
    [({"parallelism": {"tensor": 3}}, "Refused"), ({"replicas": "many"}, "Unreadable")],
    ids=["refused", "unreadable"],
)
def test_a_canary_stays_at_its_step_while_an_edit_is_refused(edit: dict[str, Any], reason: str) -> None:
    world = stepped()
    before, good = world.canary, world.document()
    world.objects.put(kinds.INFERENCE_DEPLOYMENT, good | {"spec": good["spec"] | edit})
    world.rounds(20)
    assert world.condition("Accepted") == ("False", reason)
    assert (world.counts, world.canary["since"]) == ((2, 1), before["since"])
    world.apply(world.changed())
    world.rounds(20)
    assert world.condition("Accepted") == ("True", "Accepted")
    assert (world.counts, world.share.percent, world.canary["since"]) == ((2, 1), 5, before["since"])


def test_a_person_aborts_a_canary_while_an_edit_is_refused() -> None:
    world = stepped()
    refused = world.document()
    world.objects.put(kinds.INFERENCE_DEPLOYMENT, refused | {"spec": refused["spec"] | {"parallelism": {"tensor": 3}}})
    world.order("abort")
    ended(world, "Rejected")
    world.rounds(2)
    assert world.share.percent == 0, "no user waits for an edit that is accepted"
    world.rounds(28)
    assert world.counts == (3, 0)
    assert world.condition("Progressing") == ("False", "CanaryRejected")
    world.apply(world.changed())
    world.rounds(20)
    assert (world.counts, world.canary["phase"]) == ((3, 0), "Rejected")


def test_a_person_retries_what_was_rejected() -> None:
    world = stepped()
    world.order("abort")
    world.settle()
    assert world.counts == (3, 0)
    world.order("retry")
    world.rounds(8)
    assert world.counts == (2, 1)
    assert world.canary["gates"] == []


def test_what_a_canary_waits_for_is_the_condition_progressing() -> None:
    world = stepped()
    world.rounds(1)
    assert world.condition("Progressing") == ("True", "CanaryRunning")
    assert world.message("Progressing").startswith("step 2 of 3: gate Service: no user request reached ")
    assert world.condition("Reconciling") == ("True", "CanaryRunning")
    world.order("pause")
    world.rounds(2)
    assert world.condition("Progressing") == ("Unknown", "CanaryHeld")
    assert world.message("Progressing") == "step 2 of 3: paused; run `fairlead rollout promote` to go on"
    assert world.condition("Ready") == ("True", "Serving")
    world.order("abort")
    world.settle()
    assert world.condition("Progressing") == ("False", "CanaryRejected")
    assert world.condition("Stalled") == ("True", "CanaryRejected")
    assert "a person aborted it" in world.message("Progressing")
    assert world.event_sink.published.count("CanaryRejected") == 1
    assert [one for one in world.event_sink.published if one.startswith("Canary")][:3] == [
        *("CanaryBegan", "CanaryStep", "CanaryStep"),
    ]
    assert world.event_sink.published.count("CanaryPaused") == 1


def test_a_rollout_paused_in_the_spec_keeps_the_share_of_its_canary() -> None:
    steps = [{"replicas": 1, "traffic": 5, "hold": "1m"}, {"replicas": 1, "traffic": 50, "hold": "1m"}]
    rollout = {"strategy": "Canary", "canary": {"steps": steps}}
    world = TrialWorld(rollout)
    while world.canary.get("reachedAt") is None:
        world.rounds(1)
    world.spec["rollout"] = rollout | {"paused": True}
    world.apply(world.changed())
    for _ in range(80):
        world.rounds(1)
        assert (world.canary["phase"], world.canary["step"], world.share.percent) == ("Stepping", 1, 5)
    assert world.condition("Progressing") == ("Unknown", "Paused")
    world.spec["rollout"] = rollout
    world.apply(world.changed())
    ended(world, "Promoted")


def test_a_gate_that_is_undecided_for_long_waits_for_a_person() -> None:
    world = TrialWorld({"strategy": "Canary", "canary": {"undecidedAfter": "15m"}})
    world.rounds(20)
    assert world.condition("Progressing") == ("True", "CanaryRunning")
    world.now += timedelta(minutes=15)
    world.rounds(2)
    assert world.condition("Progressing") == ("Unknown", "CanaryHeld")
    assert world.canary["step"] == 1
    world.order("promote")
    world.rounds(2)
    assert world.canary["step"] == 2


def test_a_manual_gate_waits_for_a_person_once_its_hold_is_over() -> None:
    steps = [{"traffic": 10, "hold": "10m", "gates": ["Manual"]}]
    world = TrialWorld({"strategy": "Canary", "canary": {"steps": steps}})
    world.rounds(6)
    assert world.condition("Progressing") == ("True", "CanaryRunning")
    world.now += timedelta(minutes=10)
    world.rounds(2)
    assert world.condition("Progressing") == ("Unknown", "CanaryHeld")
    assert (
        world.message("Progressing")
        == "step 1 of 1: gate Manual waits for a person; run `fairlead rollout promote` to go on"
    )
    world.order("promote")
    ended(world, "Promoted")
    world.settle()
    assert world.condition("Progressing") == ("True", "Complete")


def test_what_a_service_gate_bears_is_what_the_spec_says() -> None:
    """A slow-down that the default limits reject passes wider ones."""
    steps = [{"traffic": 10, "hold": "0s", "gates": ["Service"]}]
    wide = {"maxTtftRatio": "3", "maxTpotRatio": "3", "minRequests": 60}
    for service, verdict in (({}, "Failed"), (wide, "Passed")):
        world = TrialWorld({"strategy": "Canary", "canary": {"steps": steps, "service": service}})
        for _ in range(20):
            world.rounds()
            if world.share is not None and world.share.percent == 10:
                break
        world.report(Traffic(minutes=30, slower=(1.6, 1.0)).samples())
        world.rounds(2)
        assert world.canary["gates"][0]["verdict"] == verdict
