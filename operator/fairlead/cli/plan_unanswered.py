"""Why `fairlead plan` proposes nothing: which objective is missed, by how much, and what would help."""

import math
from collections.abc import Iterator
from typing import Final

from fairlead.backtest.play import KEPT_GOAL
from fairlead.backtest.played_plan import PlayedPlan
from fairlead.fleet.capacity_plan import CapacityPlan, LatencyObjectives, LoneRequest, RejectedConfiguration

NEAREST: Final = 8


def nothing(planned: CapacityPlan, objectives: LatencyObjectives) -> Iterator[str]:
    """Yield what is missed, then the configurations that came nearest, each with the reason it was left out."""
    order = sorted(planned.others, key=lambda one: _distance(one, objectives))
    alone = order[0].alone if order else None
    if alone is None:
        yield "none of these GPUs can be planned for; leave out --product, or do what the nearest need:"
    else:
        yield f"nothing in the catalogue keeps {given(objectives)}, since even a single request takes longer"
        yield f"allow at least {_allowing(alone, objectives)} for the nearest:"
    yield from (f"  {one.configuration.words}: {one.because}" for one in order[:NEAREST])
    yield left_out(planned)


def unkept(objectives: LatencyObjectives, played: PlayedPlan) -> str:
    """Say which objectives no played fleet keeps, and how near the nearest came."""
    nearest = max((one.kept for one in played.tried), default=0.0)
    return (
        f"nothing that was played keeps {given(objectives)} for {KEPT_GOAL:.0%} of requests, the nearest for "
        f"{nearest:.1%}: allow more time, or see what arithmetic proposes with --no-play"
    )


def left_out(planned: CapacityPlan) -> str:
    """Count the configurations by the reason they were left out."""
    reasons = [one.reason.value for one in planned.others]
    return "Left out: " + (", ".join(f"{reasons.count(one)} {one}" for one in sorted(set(reasons))) or "nothing")


def given(objectives: LatencyObjectives) -> str:
    """Return the objectives as arguments."""
    arguments = (("--ttft-p95", objectives.ttft_p95_s), ("--tpot-p95", objectives.tpot_p95_s))
    return " and ".join(f"{name} {_duration(value)}" for name, value in arguments if value is not None)


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


def _distance(one: RejectedConfiguration, objectives: LatencyObjectives) -> tuple[bool, float, int, str]:
    """Those that miss an objective first, the nearest before others; of the rest, those with most GPUs."""
    words = one.configuration.words
    if one.alone is None:
        return True, 0.0, -one.configuration.parallelism.gpus, words
    return False, one.alone.excess(objectives), 0, words
