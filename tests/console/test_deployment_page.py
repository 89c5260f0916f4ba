"""One deployment: what is wrong and what to do, what it does, and every decision with what would change it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from fairlead.api.policy import PolicyMode
from fairlead.console import deployment_page, timeline
from fairlead.console.history import MAX_POINTS, History, HistoryPoint, point
from fairlead.fleet.policies import ScalingPolicy, ScalingReason, ScalingSignal
from fairlead.scaling.decide.recommendation import (
    AppliedLimit,
    DecisionFigure,
    Recommendation,
    ScalingAdvice,
    ScalingBound,
    SignalNeed,
    UntrustedSample,
)
from fairlead.scaling.explain import what_if
from tests.cli.decisions import AT, decided, router
from tests.cli.decisions import facts as scaling_facts
from tests.console.objects import FRAME, NO_ROOM, REMEDIES, condition, deployment, facts, gateway
from tests.console.reading import ReadPage, read


def shown(*args: object, **more: object) -> ReadPage:
    return read(deployment_page.page(facts(*args, **more), REMEDIES, FRAME))  # type: ignore[arg-type]  # as facts takes them


def test_what_is_wrong_comes_with_cause_remedy_and_command() -> None:
    text = shown(deployment(conditions=list(NO_ROOM))).text
    remedy = REMEDIES["NoFreeGpu"]
    assert text.index("✗ NoFreeGpu: pod chat-1 waits for 2 GPUs") < text.index(remedy.cause[:40]) < text.index("Now")
    assert " ".join(remedy.action.replace("`", " ").split())[:60] in text


def test_one_that_is_well_says_so_and_one_without_a_status_why_nothing_is_known() -> None:
    assert "✓ Serving: 2 of 2 replicas are ready" in shown().text
    bare = deployment()
    del bare["status"]
    text = shown(bare).text
    assert "✗ no operator has reconciled it yet" in text
    assert "Conditions" not in text


def test_one_that_serves_with_something_to_know_is_doubtful_as_in_the_fleet() -> None:
    tight = (condition("Fits", "True", "Tight", "one request fits"), condition("Ready", "True", "Serving", "2 of 2"))
    page = shown(deployment(conditions=list(tight)))
    assert "! Serving: 2 of 2" in page.text
    assert "Tight (Fits) one request fits" in page.text
    assert "verdict doubtful" in page.values("class")
    changed = deployment()
    changed["metadata"]["generation"] = 2
    assert "! its status is from generation 1, the object is at 2" in shown(changed).text
    assert "✗ its status has no condition Ready yet" in shown(deployment(conditions=[])).text


def test_tenants_of_its_own_router_are_shown_with_their_limits_and_budgets() -> None:
    tenants = gateway()["status"]["tenants"]
    assert "sales 3 of 8 1 40 9,000 of 100,000 12.50 100.00 in Month open" in shown(deployment(tenants=tenants)).text
    assert "Requests a minute" not in shown().text


def test_a_decision_shows_its_arithmetic_and_leads_to_what_would_change_it() -> None:
    record = decided(scaling_facts(routers=(router(waiting=3.0, held=3.0),), price_per_hour=0.7))
    page = shown(record=record)
    assert f"{record.recommendation.replicas} ({record.recommendation.reason.value})" in page.text
    assert record.recommendation.message in page.text
    assert "Requests waiting 3" in page.text
    assert "./deployments/team/chat/changes" in page.values("href")


def test_what_would_change_a_decision_is_shown_once_it_was_computed() -> None:
    record = decided(scaling_facts(routers=(router(waiting=3.0),)))
    turns = what_if.turning_points(record)
    text = shown(record=record, changes=turns).text
    assert f"grows to {turns[0].replicas}" in text
    assert "maxReplicas 8." in text
    assert "none of the changes that were tried" in shown(record=record, changes=()).text


def test_limits_missing_metrics_and_advice_are_shown_where_a_decision_has_them() -> None:
    whole = Recommendation(
        replicas=1,
        reason=ScalingReason.STEADY,
        message="one it stays",
        candidates=(SignalNeed(signal=ScalingSignal.QUEUE_DEPTH, replicas=None, because="no sample yet"),),
        limits=(AppliedLimit(bound=ScalingBound.MAX_REPLICAS, before=3, after=1, because="maxReplicas is 1"),),
        questions=(UntrustedSample(who="chat-1", what="metrics", because="timed out"),),
        advice=(ScalingAdvice(subject="policy", because="maxReplicas limits all day"),),
        figures=(DecisionFigure(name="need.replicas", value=2.5, unit="replicas"),),
    )
    text = shown(record=replace(decided(), recommendation=whole)).text
    assert "queueDepth - no sample yet" in text
    assert "MaxReplicas 3 → 1 maxReplicas is 1" in text
    assert "chat-1 metrics timed out" in text
    assert "policy: maxReplicas limits all day" in text
    assert "need.replicas 2.500 replicas" in text
    bare = Recommendation(replicas=1, reason=ScalingReason.STEADY, message="one it stays")
    assert "Signal" not in shown(record=replace(decided(), recommendation=bare)).text


def test_a_fixed_deployment_is_not_decided_about() -> None:
    fixed = deployment()
    fixed["spec"] = {"replicas": 2}
    assert "Not scaled: spec.replicas decides" in shown(fixed).text


def test_where_another_process_decides_the_object_says_what_and_the_command_why() -> None:
    text = shown(deployment(scaling={"reason": "TokenDemand", "message": "two are needed"})).text
    assert "TokenDemand: two are needed" in text
    assert "fairlead explain infd/NAME shows it" in text


def test_what_a_policy_only_advises_is_not_shown_as_what_is_done() -> None:
    """In mode Recommend, whichever process decides."""
    words = "The policy's mode is Recommend: nothing follows this, and the count stays as it is."
    for policy in (ScalingPolicy(active=True), ScalingPolicy(active=False)):
        record = decided(scaling_facts(policy=policy))
        assert (words in shown(record=record).text) is not policy.active
    for mode in PolicyMode:
        scaling = {"reason": "TokenDemand", "message": "two are needed", "mode": mode.value}
        assert (words in shown(deployment(scaling=scaling)).text) is (mode is PolicyMode.RECOMMEND)


def test_earlier_decisions_are_listed_newest_first_with_their_reasons() -> None:
    kept = [
        {"at": "2026-11-23T02:10:00Z", "before": 1, "after": 2, "reason": "TokenDemand", "message": "more came"},
        {"at": "2026-11-23T02:00:00Z", "before": 3, "after": 1, "reason": "Idle", "message": "less came"},
    ]
    text = shown(deployment(scaling={"decisions": kept})).text
    assert "1 → 2 TokenDemand more came 2026-11-23T02:00:00Z 3 → 1 Idle less came" in text
    kept[0]["mode"] = "Recommend"
    assert "1 → 2 (advised) TokenDemand more came" in shown(deployment(scaling={"decisions": kept})).text


def test_a_rollout_shows_its_revisions_and_its_step() -> None:
    status: dict[str, Any] = {
        "conditions": [{"type": "Progressing", "status": "True", "reason": "RollingOut", "message": "1 of 2 replaced"}],
        "revisions": [
            {"name": "chat-new", "replicas": 1, "ready": 1, "routable": 1, "weight": 50, "coldStart": {"last": "40"}},
            {"name": "chat-old", "replicas": 1, "ready": 1, "routable": 1, "startedAt": "2026-11-22T00:00:00Z"},
        ],
    }
    text = shown(deployment(**status)).text
    assert "RollingOut: 1 of 2 replaced" in text
    assert "chat-new (target) 1 1 1 50% 40 -" in text
    assert "chat-old 1 1 1 - - 2026-11-22T00:00:00Z" in text
    assert "Rollout" not in shown().text
    assert "Rollout" in shown(deployment(conditions=[], revisions=[{"name": "chat-new"}])).text


def test_a_canary_shows_every_step_with_what_its_gates_say() -> None:
    steps = [{"replicas": 1, "traffic": share, "gates": ["errors"]} for share in (5, 25, 100)]
    gates = [{"step": 2, "name": "errors", "verdict": "Undecided", "message": "40 requests are too few"}]
    canary = {"phase": "Stepping", "since": "02:00", "step": 2, "plan": {"steps": steps}, "gates": gates}
    status: dict[str, Any] = {"revisions": [{"name": "chat-new"}], "canary": canary | {"paused": True}}
    text = shown(deployment(**status)).text
    assert "Canary: Stepping since 02:00, 5% of the traffic. Paused." in text, "replicas of the second step start"
    assert "1 done 1 5% errors 2 now 1 25% errors Undecided: 40 requests are too few 3 to come 1 100% errors" in text
    shortened = shown(deployment(**status | {"canary": canary | {"message": "a gate failed", "reachedAt": "02:05"}}))
    assert "Canary: Stepping since 02:00, 25% of the traffic. a gate failed" in shortened.text


@pytest.mark.parametrize(
    ("phase", "step", "percent", "places"),
    [
        ("Waiting", 1, 0, ("to come", "to come", "to come")),
        ("Stepping", 1, 5, ("now", "to come", "to come")),
        ("Rejected", 2, 0, ("done", "ended here", "not taken")),
        ("Promoted", 3, 100, ("done", "done", "done")),
        ("Promoted", 1, 100, ("done", "done", "done")),
    ],
)
def test_a_canary_has_the_traffic_that_routers_send_it_and_not_that_of_its_last_step(
    phase: str, step: int, percent: int, places: tuple[str, ...]
) -> None:
    steps = [{"replicas": 1, "traffic": share} for share in (5, 25, 100)]
    canary = {"phase": phase, "since": "02:00", "reachedAt": "02:00", "step": step, "plan": {"steps": steps}}
    text = shown(deployment(revisions=[{"name": "chat-new"}], canary=canary)).text
    assert f"Canary: {phase} since 02:00, {percent}% of the traffic." in text
    assert "1 {} 1 5% 2 {} 1 25% 3 {} 1 100%".format(*places) in " ".join(text.split())


def points(values: Sequence[float | None]) -> list[HistoryPoint]:
    return [
        HistoryPoint(at=AT + 15 * at, ready=1, wanted=2, waiting=value, kv_usage=None, demand=value, supply=4.0)
        for at, value in enumerate(values)
    ]


def test_timelines_are_stepped_broken_where_samples_are_missing_and_described_in_text() -> None:
    page = read(timeline.timelines(points([0, 5, None, 10])))
    assert page.values("aria-label") == [
        "Replicas: 1 ready, 2 desired (dashed) now; at most 2",
        "Requests waiting: 10 waiting now; at most 10",
        "KV cache in use: - in use now; at most -",
        "Requests a second: 10.0/s demand, 4.0/s supply (dashed) now; at most 10.0/s",
    ]
    assert page.values("d")[2] == "M0.0 78.0H200.0V40.0M600.0 2.0"
    assert page.values("d")[3] == ""


def test_one_point_is_no_line() -> None:
    assert "it has just started" in read(timeline.timelines(points([1]))).text


def test_history_keeps_an_hour_of_those_that_are_there() -> None:
    history = History()
    one = HistoryPoint(at=AT, ready=1)
    for _ in range(MAX_POINTS + 5):
        history.add([(("team", "chat"), one), (("team", "mail"), one)])
    assert len(history.of("team", "chat")) == MAX_POINTS
    history.add([(("team", "chat"), one)])
    assert history.of("team", "mail") == ()


def test_a_point_takes_counts_from_the_object_and_figures_from_the_decision() -> None:
    assert point(deployment(), None, AT) == HistoryPoint(at=AT, ready=2, wanted=2)
    found = point(deployment(), decided(scaling_facts(routers=(router(waiting=3.0),))), AT)
    assert found.waiting == 3.0
    assert found.kv_usage == pytest.approx(0.2)
