"""A canary in its deployment's status: a killed operator resumes from it, and an invalid state is ignored."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.api import canary_status
from fairlead.fleet.canaries import (
    CanaryFacts,
    CanaryGate,
    CanaryPhase,
    CanaryPlan,
    CanaryState,
    CanaryStep,
    QualityLimits,
    ServiceLimits,
    StepVerdict,
    UndecidedAction,
)
from fairlead.fleet.gate_verdicts import GateReason, GateVerdict, Interval, Verdict
from fairlead.planning import canary

T0 = datetime(2026, 11, 22, 12, tzinfo=UTC)
moments = st.integers(0, 10**6).map(lambda seconds: T0 + timedelta(seconds=seconds))
numbers = st.integers(0, 99_999).map(lambda number: number / 1000)
steps = st.builds(
    CanaryStep,
    replicas=st.integers(0, 9),
    traffic=st.integers(0, 100),
    hold_seconds=numbers,
    gates=st.lists(st.sampled_from(CanaryGate), unique=True).map(tuple),
)
plans = st.builds(
    CanaryPlan,
    steps=st.lists(steps, min_size=3, max_size=3).map(tuple),
    start_within_seconds=st.none() | numbers,
    undecided_seconds=numbers,
    undecided=st.sampled_from(UndecidedAction),
    service=st.builds(
        ServiceLimits, ttft_ratio=numbers, tpot_ratio=numbers, fault_share=numbers, min_requests=st.integers(0, 9999)
    ),
    quality=st.none() | st.builds(QualityLimits, evaluation=st.just("support"), margin=numbers),
)
verdicts = st.builds(
    GateVerdict,
    verdict=st.sampled_from(Verdict),
    reason=st.sampled_from(GateReason),
    message=st.text(max_size=60),
    n=st.integers(0, 9999),
    baseline=st.none() | numbers,
    candidate=st.none() | numbers,
    difference=st.none() | st.builds(Interval, low=numbers, estimate=numbers, high=numbers),
    missing=st.none() | st.integers(0, 9999),
)
states = st.builds(
    CanaryState,
    revision=st.just("1a2b3c4d"),
    stable=st.just("0f0f0f0f"),
    plan=plans,
    phase=st.sampled_from(CanaryPhase),
    step=st.integers(0, 2),
    since=moments,
    reached_at=st.none() | moments,
    paused=st.booleans(),
    verdicts=st.lists(
        st.builds(
            StepVerdict,
            step=st.integers(0, 2),
            gate=st.sampled_from(CanaryGate),
            verdict=verdicts,
            items=st.sampled_from(["", "4f2a"]),
        ),
        max_size=3,
    ).map(tuple),
    because=st.text(max_size=40),
    ordered_at=st.none() | moments,
    retried_at=st.none() | moments,
)


@given(states)
def test_what_a_status_holds_is_always_the_whole_state(state: CanaryState) -> None:
    stored = json.loads(json.dumps(canary_status.written(state)))
    assert canary_status.read(stored) == state


@given(states, st.integers(1, 4), st.integers(0, 4), verdicts, moments)
def test_an_operator_that_begins_anew_always_decides_the_same(
    state: CanaryState, wanted: int, available: int, verdict: GateVerdict, now: datetime
) -> None:
    facts = CanaryFacts(wanted=wanted, available=available, service=verdict, quality=verdict, items="b")
    again = canary_status.read(canary_status.written(state))
    assert again is not None
    assert canary.follow(again, facts, now) == canary.follow(state, facts, now)
    assert canary.share(again) == canary.share(state)


WHOLE = canary_status.written(
    CanaryState(
        revision="1a2b3c4d",
        stable="0f0f0f0f",
        plan=CanaryPlan(steps=(CanaryStep(traffic=5, gates=(CanaryGate.SERVICE,)),)),
        since=T0,
        verdicts=(
            StepVerdict(
                step=0,
                gate=CanaryGate.SERVICE,
                verdict=GateVerdict(
                    verdict=Verdict.UNDECIDED,
                    reason=GateReason.TOO_FEW_REQUESTS,
                    message="m",
                    difference=Interval(low=0.9, estimate=1.1, high=1.4),
                    missing=120,
                ),
            ),
        ),
    )
)


def test_an_object_has_the_canary_of_its_status() -> None:
    assert canary_status.of({"status": {"canary": WHOLE}}) == canary_status.read(WHOLE)
    without: tuple[dict[str, Any], ...] = ({}, {"status": None}, {"status": {}})
    assert [canary_status.of(one) for one in without] == [None, None, None]


def test_a_status_says_each_gate_with_its_figures() -> None:
    assert WHOLE == {
        "revision": "1a2b3c4d",
        "stable": "0f0f0f0f",
        "phase": "Waiting",
        "step": 1,
        "since": "2026-11-22T12:00:00Z",
        "plan": {
            "steps": [{"replicas": 0, "traffic": 5, "holdSeconds": "0", "gates": ["Service"]}],
            "startWithinSeconds": "86400",
            "undecidedSeconds": "7200",
            "undecided": "Hold",
            "service": {
                "maxTtftRatio": "1.3",
                "maxTpotRatio": "1.2",
                "maxFaultShare": "0.005",
                "minRequests": 150,
            },
        },
        "gates": [
            {
                "step": 1,
                "name": "Service",
                "verdict": "Undecided",
                "reason": "TooFewRequests",
                "message": "m",
                "compared": 0,
                "difference": {"low": "0.9", "estimate": "1.1", "high": "1.4"},
                "missing": 120,
            }
        ],
    }


@pytest.mark.parametrize(
    "nonsense",
    [
        None,
        "Waiting",
        {},
        WHOLE | {"step": 2},
        WHOLE | {"step": True},
        WHOLE | {"revision": 7},
        WHOLE | {"phase": "Somewhere"},
        WHOLE | {"since": "2026-11-22T12:00:00"},
        WHOLE | {"since": "soon"},
        WHOLE | {"gates": [{}]},
        WHOLE | {"plan": {"steps": []}},
    ],
)
def test_what_a_person_made_of_it_is_no_state(nonsense: Any) -> None:  # noqa: ANN401 - any JSON
    assert canary_status.read(nonsense) is None
