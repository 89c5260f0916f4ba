"""SLO attainment, at the utilization at which it was measured: how it corrects the arithmetic."""

from dataclasses import replace
from typing import Final

import pytest

from fairlead.fleet.policies import Objectives
from fairlead.scaling.facts import EngineFigures, EnginePod, EnginePodPhase, LatencyTotals
from fairlead.scaling.learn import intervals, slo_correction
from fairlead.scaling.learn.slo_correction import ServingState, SloCorrection
from tests.scaling.fluid_fleets import COLD, POLICY, Fluid

LATE: Final = LatencyTotals(count=1000.0, total=0.0, kept=500.0)
BOTH: Final = Objectives(ttft_p95_seconds=1.0, tpot_p95_seconds=0.1)
STAND: Final = ServingState(ready=4, reckoned=4.0, waiting=0.0, horizon=COLD, now=COLD)


def felt(
    first_late: float | None,
    pace_late: float | None,
    *,
    objectives: Objectives = BOTH,
    serving: ServingState = STAND,
    before: SloCorrection | None = None,
) -> SloCorrection:
    """After a thousand requests within one cold start."""
    pod = EnginePod(name="a", revision="new", phase=EnginePodPhase.READY, since=0.0)
    mark = intervals.baseline(pod, EngineFigures(at=0.0))
    came = intervals.between(mark, replace(mark, at=10.0, first=1000.0, paced=1000.0))
    assert came is not None
    interval = replace(came, first_late=first_late, pace_late=pace_late)
    return slo_correction.updated(before or SloCorrection(), [interval], objectives, serving)


def factor(correction: SloCorrection) -> float:
    """The factor on the computed need, with the usual headroom."""
    return slo_correction.factor(slo_correction.fit_misses(correction), 0.15)


def test_misses_of_either_objective_raise_the_correction() -> None:
    calm = factor(SloCorrection())
    assert factor(felt(200.0, 0.0)) > calm
    assert factor(felt(0.0, 200.0)) > calm
    assert factor(felt(1000.0, 200.0, objectives=Objectives(tpot_p95_seconds=0.1))) > calm
    assert factor(felt(200.0, None, objectives=Objectives(ttft_p95_seconds=1.0))) > calm


def test_a_good_time_eases_it() -> None:
    assert factor(felt(0.0, 0.0)) < factor(SloCorrection())
    assert factor(felt(0.0, None)) < factor(SloCorrection())


def test_misses_of_a_fleet_that_was_hardly_used_count_more_than_those_of_a_full_one() -> None:
    assert factor(felt(50.0, 0.0, serving=replace(STAND, reckoned=2.0))) > factor(felt(50.0, 0.0))


def test_without_objectives_attainment_is_unknown() -> None:
    assert felt(1000.0, 1000.0, objectives=Objectives()).buckets == ()


@pytest.mark.parametrize("serving", [replace(STAND, waiting=5.0), replace(STAND, reckoned=8.0)])
def test_a_fleet_that_is_overrun_does_not_teach_how_a_well_used_one_feels(serving: ServingState) -> None:
    assert felt(1000.0, 0.0, serving=serving).buckets == ()


@pytest.mark.parametrize("serving", [replace(STAND, ready=0), replace(STAND, reckoned=0.0)])
def test_without_ready_replicas_or_without_need_no_correction_is_learned(serving: ServingState) -> None:
    assert felt(1000.0, 0.0, serving=serving) == SloCorrection()


def test_who_ends_now_was_served_a_while_ago() -> None:
    """Utilization is smoothed over an eighth of a cold start; half of a leap has arrived by then."""
    half = felt(0.0, 0.0, before=SloCorrection(use=0.5, at=COLD * 7 / 8))
    assert half.use == pytest.approx(0.75)


def test_a_late_start_of_counting_is_no_late_request() -> None:
    pod = EnginePod(name="a", revision="new", phase=EnginePodPhase.READY, since=0.0)
    before = intervals.baseline(pod, EngineFigures(at=0.0))
    baseline = intervals.baseline(pod, EngineFigures(at=1.0, first_token=LATE, per_token=replace(LATE, kept=None)))
    came = intervals.between(before, baseline)
    assert came is not None
    assert (came.first_late, came.pace_late) == (None, None)
    assert intervals.between(baseline, replace(before, at=2.0)) is None


@pytest.mark.parametrize(("objective", "learns"), [(0.022, False), (0.05, True)])
def test_misses_of_a_pace_that_no_replica_reaches_buy_no_replicas(objective: float, *, learns: bool) -> None:
    """An idle replica takes 20 ms per token; a fleet that was to give 22 ms went up to its maximum."""
    policy = replace(POLICY, objectives=Objectives(tpot_p95_seconds=objective))
    calm, missing = (Fluid(policy=policy, late_share=share).grown(4, at_once=True) for share in (0.0, 1.0))
    least, most = (one.lived(30 * COLD, 20.0).replicas for one in (calm, missing))
    assert (most > least) is learns
    assert (missing.memory.estimates.slo_correction.buckets != ()) is learns
