"""Gate Quality in a cluster: both revisions answer an evaluation, and the difference decides."""

import json

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.comparing import answer_noise
from fairlead.process import engine_places
from tests.controller import points
from tests.controller.pretend import deployment
from tests.controller.pretended_judge import Killed
from tests.controller.quality_trials import CONCURRENCY, EVALUATION, QualityWorld, judged, lines
from tests.controller.server import Crashed, Faults


def test_a_revision_that_answers_alike_passes_and_no_user_saw_it_before() -> None:
    world = QualityWorld(lines(120))
    while not world.gate:
        world.steps()
    assert world.share.percent == 0
    gate = world.until("Passed")
    assert (gate["reason"], gate["compared"], gate["candidate"], gate["baseline"]) == ("NotWorse", 120, "1", "1")
    assert world.evaluate()["items"] == 120
    world.steps(30)
    assert world.canary["phase"] == "Promoted"
    assert world.twice() == []
    last = world.evaluate()["lastRun"]
    assert (last["deployment"], last["verdict"]) == ("chat", "Passed")


def test_a_revision_that_loses_answers_is_stopped_early_and_rolled_back() -> None:
    world = QualityWorld(lines(400), losing=0.3)
    gate = world.until("Failed")
    assert gate["reason"] == "StoppedForHarm"
    assert gate["compared"] < 100
    assert world.canary["phase"] == "Rejected"
    assert world.canary["message"].startswith("gate Quality of step 1: stopped at ")
    world.settle()
    assert world.counts == (3, 0)
    assert world.twice() == []
    assert "GateFailed" in world.event_sink.published
    assert "CanaryRejected" in world.event_sink.published


def test_too_few_items_send_nothing_and_say_how_many_are_missing() -> None:
    world = QualityWorld(lines(60), rollout=judged(margin="2"))
    gate = world.until("Undecided")
    assert (gate["reason"], gate["missing"]) == ("TooFewItems", 73)
    assert "that needs 133 items" in gate["message"]
    assert not world.pod_client.sent
    assert world.condition("Progressing") == ("True", "CanaryRunning")
    world.write(lines(140))
    world.until("Passed")


def test_fewer_items_than_the_evaluations_minimum_send_no_request() -> None:
    world = QualityWorld(lines(90))
    world.write(lines(90), minItems=100)
    gate = world.until("Undecided")
    assert (gate["reason"], gate["missing"]) == ("TooFewItems", 10)
    assert gate["message"] == "90 items, at least 100 are needed; add items, or lower minItems"
    status = conditions(world.evaluate())
    assert (status["Ready"], status["Stalled"]) == (("False", "TooFewItems"), ("True", "TooFewItems"))
    assert not world.pod_client.sent


def test_a_gate_that_stays_undecided_follows_the_spec() -> None:
    world = QualityWorld(lines(60), rollout=judged(margin="2", undecided="RollBack", undecidedAfter="1m"))
    world.until("Undecided")
    world.steps(20)
    assert world.canary["phase"] == "Rejected"
    assert world.canary["message"] == "gate Quality of step 1 stayed undecided for 60 s"


def test_unusable_lines_are_named_and_nothing_is_sent_until_they_are_fixed() -> None:
    world = QualityWorld(lines(120) + '{"input": "no answer"}\nnonsense\n')
    gate = world.until("Error")
    assert gate["reason"] == "BadItems"
    assert gate["message"].startswith(
        "Evaluation support: ConfigMap questions, key items.jsonl: 2 of 122 lines cannot be used: line 121: target: "
    )
    status = world.evaluate()
    assert (status["items"], status["badLines"]) == (120, 2)
    assert [one.partition(":")[0] for one in status["problems"]] == ["line 121", "line 122"]
    assert conditions(status)["Ready"] == ("False", "BadItems")
    assert not world.pod_client.sent
    world.write(lines(120))
    world.until("Passed")
    assert conditions(world.evaluate())["Ready"] == ("True", "Accepted")


@pytest.mark.parametrize(
    ("lacking", "reason", "words"),
    [
        (kinds.EVALUATION, "NoEvaluation", "there is no Evaluation support in namespace default"),
        (kinds.CONFIG_MAP, "NoEvaluation", "there is no ConfigMap questions in namespace default"),
    ],
)
def test_what_is_not_there_is_waited_for(lacking: kinds.Resource, reason: str, words: str) -> None:
    world = QualityWorld(lines(120))
    name = EVALUATION.name if lacking is kinds.EVALUATION else "questions"
    world.objects.remove((lacking.title, "default", name), {})
    gate = world.until("Error")
    assert gate["reason"] == reason
    assert words in gate["message"]
    assert world.canary["phase"] == "Stepping"
    world.write(lines(120))
    world.until("Passed")


def test_a_missing_key_and_a_set_without_items_are_reported() -> None:
    world = QualityWorld(lines(120))
    world.write(lines(120), key="other")
    assert conditions(world.evaluate())["Ready"] == ("False", "KeyMissing")
    world.write("\n")
    assert conditions(world.evaluate())["Ready"] == ("False", "BadItems")
    world.write(lines(5001))
    (entry,) = (one for one in world.evaluate()["conditions"] if one["type"] == "Ready")
    assert "5,001 items, and a canary uses at most 5,000; split it" in entry["message"]
    world.write(lines(120), name="Questions!")
    assert conditions(world.evaluate())["Ready"] == ("False", "Unreadable")


def test_only_items_that_change_during_a_run_are_sent_anew() -> None:
    world = QualityWorld(lines(200))
    while len(world.pod_client.sent) < 150:
        world.steps()
    world.write(lines(150) + lines(60, of="new question"))
    gate = world.until("Passed")
    assert gate["compared"] == 210
    assert world.twice() == []


def test_a_rejected_revision_is_retried_when_its_items_change_and_not_before() -> None:
    world = QualityWorld(lines(400), losing=0.3)
    world.until("Failed")
    world.settle()
    sent = world.pod_client.sent.total()
    world.restart()
    world.steps(40)
    assert (world.canary["phase"], world.counts, world.pod_client.sent.total()) == ("Rejected", (3, 0), sent)
    world.losing = 0.0
    world.write(lines(300, of="fairer question"))
    world.until("Passed")
    world.steps(40)
    assert world.canary["phase"] == "Promoted"


def test_an_order_to_retry_forgets_what_the_new_revision_answered_and_keeps_the_baseline() -> None:
    world = QualityWorld(lines(200), losing=0.3)
    world.until("Failed")
    world.settle()
    old = sum(times for (revision, _), times in world.pod_client.sent.items() if revision == world.old)
    world.losing = 0.0
    world.order("retry")
    gate = world.until("Passed")
    assert gate["compared"] == 200
    again = sum(times for (revision, _), times in world.pod_client.sent.items() if revision == world.old)
    assert again - old <= 200 - answer_noise.ITEMS, "what it had answered is not asked again"


def test_the_next_rollout_reuses_the_promoted_revisions_answers_as_its_baseline() -> None:
    world = QualityWorld(lines(120))
    world.until("Passed")
    world.steps(30)
    assert world.canary["phase"] == "Promoted"
    promoted, before = world.canary["revision"], dict(world.pod_client.sent)
    world.old = promoted
    world.apply(deployment(replicas=3, context=2048, **world.spec))
    while world.canary.get("revision") == promoted or not world.gate:
        world.steps()
    world.until("Passed")
    noise = answer_noise.ITEMS
    repeated = sum(times - before[key] for key, times in world.pod_client.sent.items() if key[0] == promoted)
    assert repeated == noise, "its answers as a candidate are the baseline's; only the noise is new"


def test_pods_that_do_not_answer_decide_nothing() -> None:
    world = QualityWorld(lines(120))
    world.pod_client.gone_revisions = {world.old}
    gate = world.until("Error")
    assert gate["reason"] == "Unreachable"
    assert world.canary["phase"] == "Stepping"
    world.pod_client.gone_revisions = set()
    world.until("Passed")
    assert world.twice() == []


def test_nothing_is_sent_while_users_wait_and_it_goes_on_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_places, "SCRAPED_FOR_S", 0.0)
    world = QualityWorld(lines(120))
    world.steps(12)
    sent = world.pod_client.sent.total()
    assert 0 < sent < 440, "in the middle"
    world.pod_client.users_waiting = {world.old: 3}
    world.steps(4)
    assert (world.gate["verdict"], world.gate["reason"]) == ("Undecided", "UsersWait")
    assert "users' requests wait at all 2 pods of the baseline" in world.gate["message"]
    assert world.pod_client.sent.total() == sent
    world.pod_client.users_waiting = {}
    assert world.until("Passed")["reason"] == "NotWorse"
    assert world.twice() == []


def test_an_engine_that_refuses_every_item_of_the_baseline_is_an_error() -> None:
    world = QualityWorld(lines(120))
    world.pod_client.status = 400
    gate = world.until("Error")
    assert gate["reason"] == "BaselineErrors"


def test_a_foreign_config_map_is_left_alone() -> None:
    world = QualityWorld(lines(120))
    name = f"chat-{world.old}-answers-0"
    theirs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}}
    world.objects.put(kinds.CONFIG_MAP, theirs | {"data": {"mine": "1"}})
    gate = world.until("Error")
    assert gate["message"].startswith(f"ConfigMap {name} does not belong to this revision's Deployment; delete it")
    assert world.objects.held[("configmaps", "default", name)]["data"] == {"mine": "1"}


def test_answers_go_with_the_revision_that_gave_them() -> None:
    world = QualityWorld(lines(400), losing=0.3)
    world.until("Failed")
    held = [where[2] for where in world.objects.held if where[0] == "configmaps" and "-answers-" in where[2]]
    assert len(held) == 2
    world.revert()
    world.settle()
    held = [where[2] for where in world.objects.held if where[0] == "configmaps" and "-answers-" in where[2]]
    assert held == [f"chat-{world.old}-answers-0"]


def test_a_large_set_fills_several_config_maps_and_each_stays_small() -> None:
    world = QualityWorld(lines(900, of="a question of some length, " * 6), concurrency=64)
    world.until("Passed", most=300)
    texts = [
        one["data"]["answers.jsonl"]
        for where, one in world.objects.held.items()
        if where[0] == "configmaps" and f"-{world.old}-answers-" in where[2]
    ]
    assert len(texts) > 1
    assert all(len(text.encode()) <= 2**18 for text in texts)
    assert world.twice() == []


def ended(losing: float, *, fault: Faults | None = None, dies_at: int | None = None) -> QualityWorld:
    """A whole trial; where the operator is killed, a fresh one resumes."""
    world = QualityWorld(lines(60), losing=losing, rollout=judged(margin="10"))
    while "revision" not in world.canary:
        world.steps()
    world.server.writes.clear()
    world.server.faults = fault or Faults()
    world.pod_client.dies_at = dies_at
    for _ in range(80):
        try:
            world.steps()
        except (Crashed, Killed):
            world.server.faults, world.pod_client.dies_at = Faults(), None
            world.restart()
        if world.canary.get("phase") in ("Promoted", "Rejected"):
            return world
    raise AssertionError(f"never ended: {world.canary}")


def verdict(world: QualityWorld) -> Manifest:
    """The gate's verdict, without times."""
    return json.loads(json.dumps(world.gate))  # type: ignore[no-any-return]


@pytest.mark.parametrize("losing", [0.0, 0.3])
def test_an_operator_killed_at_any_write_comes_to_the_same_verdict_and_sends_one_round_again_at_most(
    losing: float,
) -> None:
    whole = ended(losing)
    assert whole.twice() == []
    count, expected = len(whole.server.writes), verdict(whole)
    for number in points.of(count, few=2):
        for fault in (Faults(before=number), Faults(after=number)):
            world = ended(losing, fault=fault)
            assert verdict(world) == expected
            assert len(world.twice()) <= CONCURRENCY


@pytest.mark.parametrize("losing", [0.0, 0.3])
def test_an_operator_killed_while_it_waits_for_an_answer_comes_to_the_same_verdict(losing: float) -> None:
    whole = ended(losing)
    expected = verdict(whole)
    for place in points.of(whole.pod_client.served_in_all, few=2):
        world = ended(losing, dies_at=place + 1)
        assert verdict(world) == expected
        assert len(world.twice()) <= CONCURRENCY


def conditions(status: Manifest) -> dict[str, tuple[str, str]]:
    """Status and reason of each."""
    return {one["type"]: (one["status"], one["reason"]) for one in status["conditions"]}
