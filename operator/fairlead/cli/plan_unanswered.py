"""Why `fairlead plan` proposes nothing: which objective is missed, by how much, and what would help."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

from fairlead.backtest.play import KEPT_GOAL
from fairlead.backtest.played_plan import PlayedPlan
from fairlead.cli import kept_share
from fairlead.fleet.capacity_plan import CapacityPlan, LatencyObjectives, LoneRequest, PlanReason, RejectedConfiguration

NEAREST: Final = 8


def nothing(planned: CapacityPlan, objectives: LatencyObjectives, *, simulated: bool, chosen: bool) -> Iterator[str]:
    """Yield what is missed, then the configurations that came nearest, each with the reason it was left out.

    `chosen`: only some GPUs were to be looked at.
    """
    order = sorted(planned.others, key=lambda one: _distance(one, objectives))
    alone = order[0].alone if order else None
    if alone is None:
        more = "leave out --product, or " if chosen else ""
        yield f"none of these GPUs can be planned for; {more}do what the nearest need:"
    else:
        yield f"nothing in the catalogue keeps {given(objectives)}, since even a single request takes longer"
        yield _allowed(order, alone, objectives, simulated=simulated)
    yield from (f"  {one.configuration.words}: {one.because}" for one in order[:NEAREST])
    yield left_out(planned)


def unkept(objectives: LatencyObjectives, judged: LatencyObjectives, played: PlayedPlan) -> str:
    """Say which objectives no played fleet keeps, and how near the nearest came."""
    nearest = max((min(run.report.kept for run in one.runs) for one in played.tried), default=0.0)
    remedy = "allow more time"
    if judged != objectives and _queued(judged, played):
        remedy = "its queue grew without end; allow a slower pace or other GPUs"
    return (
        f"nothing that was simulated keeps {given(objectives)} for {KEPT_GOAL:.0%} of requests, the nearest for "
        f"{kept_share.kept(nearest)}: {remedy}, or see what arithmetic proposes with --no-play"
    )


def _queued(objectives: LatencyObjectives, played: PlayedPlan) -> bool:
    """Whether the nearest fleet's first tokens came later than allowed; at a slower pace, larger batches would help."""
    runs = [run.report for run in max(played.tried, key=lambda one: one.kept).runs] if played.tried else []
    return any(one.ttft.p95 > (objectives.ttft_p95_s or math.inf) for one in runs)


def left_out(planned: CapacityPlan) -> str:
    """Count the configurations by the reason they were left out."""
    reasons = [one.reason.value for one in planned.others]
    return "Left out: " + (", ".join(f"{reasons.count(one)} {one}" for one in sorted(set(reasons))) or "nothing")


def given(objectives: LatencyObjectives) -> str:
    """Return the objectives as arguments."""
    arguments = (("--ttft-p95", objectives.ttft_p95_s), ("--tpot-p95", objectives.tpot_p95_s))
    return " and ".join(f"{name} {_duration(value)}" for name, value in arguments if value is not None)


def _allowed(
    order: Sequence[RejectedConfiguration], alone: LoneRequest, objectives: LatencyObjectives, *, simulated: bool
) -> str:
    """Say what the nearest keeps by arithmetic, and before it what is simulated at least, which may hold after all."""
    kept = _allowing(alone, objectives)
    possible = [one.alone_at_best for one in order if one.alone_at_best is not None] if simulated else []
    first = _allowing(min(possible, key=lambda one: one.excess(objectives)), objectives) if possible else kept
    if first == kept:
        return f"allow at least {kept} for the nearest:"
    return (
        f"allow at least {first} to have the nearest simulated, which may keep it, or {kept}, which arithmetic keeps:"
    )


def _allowing(alone: LoneRequest, objectives: LatencyObjectives) -> str:
    """Return the objectives that a single request misses, as the least that it keeps."""
    first, pace = objectives.ttft_p95_s or math.inf, objectives.tpot_p95_s or math.inf
    least = LatencyObjectives(
        ttft_p95_s=_rounded_up(alone.ttft_p95_s) if alone.ttft_p95_s > first else None,
        tpot_p95_s=_rounded_up(alone.tpot_s) if alone.tpot_s > pace else None,
    )
    return given(least)


def _rounded_up(seconds: float) -> float:
    return math.ceil(seconds * 1000) / 1000


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.6g}ms" if seconds < 1 else f"{seconds:.6g}s"


def _distance(one: RejectedConfiguration, objectives: LatencyObjectives) -> tuple[int, float, int, str]:
    """Those that miss an objective first, the nearest before others; then those that fit; then by missing memory."""
    words, gpus = one.configuration.words, one.configuration.parallelism.gpus
    if one.alone is not None:
        return 0, one.alone.excess(objectives), 0, words
    if one.reason is not PlanReason.DOES_NOT_FIT:
        return 1, 0.0, -gpus, words
    return 2, math.inf if one.memory_share is None else one.memory_share, -gpus, words
