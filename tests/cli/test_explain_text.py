"""An explanation in words: each part of a decision has its place, and empty parts are left out."""

from dataclasses import replace
from typing import Any

import pytest

from fairlead.cli import explain_text
from fairlead.cli.cluster_client import NoDecision
from fairlead.cli.explanation import Explanation
from fairlead.fleet.policies import ReplicaBounds, ScalingPolicy, ScalingReason
from fairlead.scaling.decide.recommendation import (
    AppliedLimit,
    DecisionFigure,
    Recommendation,
    ScalingAdvice,
    ScalingBound,
    UntrustedSample,
)
from fairlead.scaling.explain import what_if
from fairlead.scaling.explain.decision_record import DecisionRecord
from fairlead.scaling.explain.what_if import TurningPoint, WhatIfCause
from fairlead.scaling.facts import EnginePodPhase
from tests.cli.decisions import AT, decided, facts, pod
from tests.scaling.busy_fleets import steady

RECOMMENDATION = Recommendation(
    replicas=3,
    reason=ScalingReason.AT_MAXIMUM,
    message="3 replicas: no more are allowed",
    limits=(AppliedLimit(bound=ScalingBound.MAX_REPLICAS, before=5, after=3, because="maxReplicas is 3"),),
    questions=(
        UntrustedSample(who="chat-2", what="does not answer", age_seconds=61.0),
        UntrustedSample(who="router-1", what="does not answer", because="it answered with status 500"),
    ),
    advice=(ScalingAdvice(subject="accelerator", because="on an L4 it would cost less"),),
    figures=(
        DecisionFigure(name="demand.promptTokensPerSecond", value=1234.5, unit="tokens/s"),
        DecisionFigure(name="x", value=0.25),
    ),
)


def _text(record: DecisionRecord, *turns: TurningPoint) -> str:
    explanation = Explanation(namespace="team", name="chat", seen_at=record.now, status={}, record=record, turns=turns)
    return explain_text.as_text(explanation, colour=False)


def _turn(cause: WhatIfCause, **document: Any) -> TurningPoint:  # noqa: ANN401  # fields of a turn
    usual: dict[str, Any] = {"replicas": 4, "because": ""}
    return TurningPoint(cause=cause, **usual | document)


def test_what_would_change_the_decision_is_shown_with_its_numbers() -> None:
    record = steady()
    text = _text(record, *what_if.turning_points(record))
    _, _, section = text.partition("What would change it\n")
    lines = section.splitlines()
    assert [line.split("  ")[1] for line in lines[:4]] == ["grows to 5", "grows to 5", "shrinks to 3", "shrinks to 3"]
    assert "more requests wait than now for" in lines[0]
    assert "times what it is (" in lines[1]
    assert "prompt tokens/s) for" in lines[1]
    assert "if traffic falls to 0." in lines[2]
    assert "if no request comes from now on" in lines[3]
    assert lines[4] == "  Limits not reached: minReplicas 1, maxReplicas 8."


def test_limits_sample_problems_and_advice_have_their_own_sections() -> None:
    seen = facts(bounds=ReplicaBounds(least=3, most=3), pods=(pod(), pod("b", phase=EnginePodPhase.STARTING)))
    lifted = _turn(WhatIfCause.WITHOUT_BOUND, bound=ScalingBound.MAX_REPLICAS, replicas=5)
    text = _text(decided(seen, recommendation=RECOMMENDATION), lifted)
    assert text.startswith("infd/chat in team: 3 replicas (AtMaximum), 1 ready, 1 starting; by the built-in policy")
    assert "Limits applied\n  MaxReplicas  5 → 3  maxReplicas is 3" in text
    assert "Metrics that are missing\n  chat-2    does not answer  1 min 1 s old\n" in text
    assert "  router-1  does not answer                 it answered with status 500\n" in text
    assert "Advice\n  accelerator  on an L4 it would cost less" in text
    assert "  demand.promptTokensPerSecond  1,234 tokens/s\n  x                             0.250" in text
    assert "  grows to 5  without maxReplicas 3\n  minReplicas 3 is reached." in text


def test_a_policy_that_only_advises_says_so_and_sleepers_are_counted() -> None:
    recommendation = replace(RECOMMENDATION, asleep=2)
    text = _text(decided(facts(policy=ScalingPolicy(active=False), pods=()), recommendation=recommendation))
    heading, _, _ = text.partition("\n")
    assert "3 replicas and 2 asleep (AtMaximum), no pods; by policy interactive" in heading
    assert heading.endswith("mode Recommend: advised only, nothing follows it")
    assert "none of the changes that were tried: more requests waiting, more traffic, less, none, and time" in text


def test_advice_is_marked_where_only_the_object_can_be_read() -> None:
    kept = [
        {"at": "2026-11-23T02:10:00Z", "before": 1, "after": 2, "reason": "TokenDemand", "mode": "Recommend"},
        {"at": "2026-11-23T02:00:00Z", "before": 3, "after": 1, "reason": "Idle"},
    ]
    scaling = {"mode": "Recommend", "advised": 2, "reason": "TokenDemand", "decisions": kept}
    bare = Explanation(
        namespace="team",
        name="chat",
        seen_at=AT,
        status={"scaling": scaling},
        record=NoDecision(because="no autoscaler answers"),
    )
    text = explain_text.as_text(bare, colour=False)
    assert text.partition("\n")[0].endswith("(TokenDemand), 0 ready; mode Recommend: advised only, nothing follows it")
    assert "1 → 2 (advised)  TokenDemand" in text
    assert "3 → 1  Idle" in text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59.0, "59 s"), (60.0, "1 min"), (90.0, "1 min 30 s"), (7200.0, "2 h"), (7500.0, "2 h 5 min")],
)
def test_durations_are_written_as_people_write_them(seconds: float, words: str) -> None:
    record = decided(recommendation=replace(RECOMMENDATION, figures=()))
    assert f"grows to 4  in about {words}, at " in _text(record, _turn(WhatIfCause.AS_IT_IS, after_seconds=seconds))


@pytest.mark.parametrize(
    ("bound", "words"),
    [
        (ScalingBound.MIN_REPLICAS, "without minReplicas 1"),
        (ScalingBound.BUDGET, "without the budget of None an hour"),
        (ScalingBound.NO_ROOM, "without the nodes' limit: no GPU is free"),
        (ScalingBound.STEP_UP, "without the largest step up of 4 or 2 times"),
        (ScalingBound.STEP_DOWN, "without the largest step down of 1"),
        (ScalingBound.SPARES, "without 0 spare replicas"),
        (ScalingBound.SCHEDULE, "without the schedule"),
    ],
)
def test_a_bound_is_described_by_what_sets_it(bound: ScalingBound, words: str) -> None:
    record = decided(facts(room_because="no GPU is free"))
    assert words in _text(record, _turn(WhatIfCause.WITHOUT_BOUND, bound=bound))


def test_on_a_terminal_headings_stand_out() -> None:
    record = decided(recommendation=RECOMMENDATION)
    explanation = Explanation(namespace="team", name="chat", seen_at=AT, status={}, record=record)
    text = explain_text.as_text(explanation, colour=True)
    assert text.startswith(explain_text.BOLD)
    assert f"{explain_text.YELLOW}Metrics that are missing{explain_text.PLAIN}" in text


def test_a_record_of_another_machine_cannot_colour_the_terminal() -> None:
    record = decided(recommendation=RECOMMENDATION)
    explanation = Explanation(
        namespace="team", name="chat\x1b[31m", seen_at=AT, status={}, record=record, notes=("a\x07",)
    )
    text = explain_text.as_text(explanation, colour=False)
    assert text.startswith(r"infd/chat\x1b[31m in team: ")
    assert text.endswith("Note\n  a\\x07")


def test_the_moment_of_a_simulation_has_no_date() -> None:
    record = decided(recommendation=RECOMMENDATION, at=10_781.0)
    explanation = Explanation(namespace="team", name="chat", seen_at=AT, status={}, record=record)
    assert "decided at 02:59:41 UTC" in explain_text.as_text(explanation, colour=False)
