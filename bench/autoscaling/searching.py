"""Settings found by search: the smallest fixed count, each baseline's best knob, the best plan with foreknowledge.

A knob's best setting has the fewest GPU hours on the tuning part among those that hold the goal there, else the highest
attainment; the result on the other part is reported. Static peak and foreknowledge see the reported part.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final

from bench.autoscaling import contestants
from bench.autoscaling.contestants import MOST
from bench.autoscaling.foreknowing import Foreknowing, needed, planned
from bench.autoscaling.kept import played
from bench.autoscaling.playing import Played, Stage
from fairlead.backtest.baselines import Baseline
from fairlead.simulator.virtual_fleet.replicas import ScalingHook

PLAN_EVERY_S: Final = 5.0
FIRST_TRIED: Final = 6
"""Of fixed counts; doubled until one holds."""
HALVINGS: Final = 4
MIN_PLAN, MAX_PLAN = 0.25, 2.0
"""Of a plan's peak relative to static peak."""
Swept = tuple[tuple[float, Played], ...]
"""Settings, each with its result."""


def static(stage: Stage, holds: Callable[[Played], bool], too_few: int = 0) -> tuple[int, Played]:
    """The smallest count that holds, by bisection: more replicas never keep fewer promises, chance aside."""
    low, high = too_few, MOST
    found: Played | None = None
    while high - low > 1:
        middle = (low + high) // 2 if found else min(max(2 * low, FIRST_TRIED), high - 1)
        run = played(stage.with_replicas(middle), f"static {middle}")
        if holds(run):
            high, found = middle, run
        else:
            low = middle
    return high, found or played(stage.with_replicas(high), f"static {high}")


def swept(kind: Baseline, stage: Stage, tried: Sequence[float]) -> Swept:
    """Run one baseline with each setting."""
    return tuple(
        (setting, played(stage, f"{kind.name} {setting:g}", kind.make(setting, contestants.bounds_of(stage.traffic))))
        for setting in tried
    )


def best(runs: Swept) -> float:
    """The cheapest setting that holds, else the one with the highest attainment."""
    holding = [(run.gpu_hours, setting) for setting, run in runs if run.holds]
    if holding:
        return min(holding)[1]
    return max((run.attainment, setting) for setting, run in runs)[1]


def foreknown(stage: Stage, peak: int) -> Played:
    """The cheapest plan that holds, by bisection of the load per replica."""
    found: Played | None = None
    work = needed(stage.arrivals, stage.part.until)
    low, high = MIN_PLAN, MAX_PLAN
    highest = max(work)
    for halving in range(HALVINGS + 1):
        middle = math.sqrt(low * high) if halving else high
        plan = planned(work, highest / peak / middle, stage.cold_s, stage.traffic.to_zero)
        scaling = ScalingHook(wanted=Foreknowing(plan, stage.cold_s).wanted, every_s=PLAN_EVERY_S)
        run = played(stage.with_replicas(max(plan[0], 1)), f"foreknowledge {middle:.4f}", scaling)
        if run.holds:
            high = middle
            found = run if found is None or run.gpu_hours < found.gpu_hours else found
        else:
            low = middle
    if found is None:
        raise AssertionError(f"{stage.traffic.name}: a plan of {MAX_PLAN:g} times static peak does not hold")
    return found
