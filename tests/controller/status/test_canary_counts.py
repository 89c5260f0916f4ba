"""Canaries in the operator's metrics: counts by phase and by gate verdict; no names."""

from dataclasses import replace
from datetime import UTC, datetime

from fairlead.controller.status import canary_counts
from fairlead.fleet.canaries import CanaryGate, CanaryPhase, CanaryPlan, CanaryState, CanaryStep, StepVerdict
from fairlead.fleet.gate_verdicts import GateReason, GateVerdict, Verdict
from fairlead.telemetry.operator_metrics import OperatorMetrics

T0 = datetime(2026, 11, 22, 12, tzinfo=UTC)
OPEN = GateVerdict(verdict=Verdict.UNDECIDED, reason=GateReason.NO_TRAFFIC, message="m")
PASSED = GateVerdict(verdict=Verdict.PASSED, reason=GateReason.NOT_WORSE, message="m")
SECOND = CanaryState(
    revision="b",
    stable="a",
    plan=CanaryPlan(steps=(CanaryStep(traffic=5), CanaryStep(traffic=50))),
    phase=CanaryPhase.STEPPING,
    step=1,
    since=T0,
    reached_at=T0,
    verdicts=(
        StepVerdict(step=0, gate=CanaryGate.SERVICE, verdict=PASSED),
        StepVerdict(step=1, gate=CanaryGate.SERVICE, verdict=OPEN),
    ),
)


def test_canaries_are_counted_by_place_and_gates_by_verdict() -> None:
    over = replace(SECOND, phase=CanaryPhase.PROMOTED, verdicts=())
    places, gates = canary_counts.of([SECOND, SECOND, over])
    assert places == {("Stepping", "2", "50"): 2, ("Promoted", "2", "100"): 1}
    assert gates == {("Service", "Undecided", "NoTraffic"): 2}
    metrics = OperatorMetrics()
    metrics.tries(places, gates)
    page = metrics.page().decode()
    assert 'fairlead_operator_canaries{phase="Stepping",step="2",share="50"} 2' in page
    assert 'fairlead_operator_canary_gates{gate="Service",verdict="Undecided",reason="NoTraffic"} 2' in page
    metrics.tries(*canary_counts.of([]))
    assert "canaries{" not in metrics.page().decode()
