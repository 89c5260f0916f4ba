"""Whether anything undercuts the lower bounds: runs on several traffics, each beside the bound on its cost.

`python -m bench.autoscaling.bounds`: fixed fleets, baselines, Fairlead, and the best plan found with foreknowledge, one
line each. Exits 0 only if no run that keeps the objectives is cheaper than the bound.
"""

import argparse
import sys
from collections.abc import Iterator
from typing import Final

from bench.autoscaling import bounding, searching, traffic
from bench.autoscaling.contestants import bounds_of, ours
from bench.autoscaling.kept import played as kept
from bench.autoscaling.playing import Played, Stage, played
from bench.autoscaling.traffic import Traffic
from fairlead.backtest.baselines import BASELINES

COLD_S: Final = 110.0
PLAYED: Final = ("azure", "mooncake", "step", "flash crowd", "quiet night")


def plays(stage: Stage) -> Iterator[Played]:
    """Fixed fleets around the smallest that holds, then every autoscaler."""
    peak, static = searching.static(stage.with_cold_start(0.0), lambda run: run.holds)
    yield static
    stage = stage.with_replicas(peak)
    for count in (peak - 1, peak + 1):
        yield kept(stage.with_replicas(count), f"static {count}")
    for kind in BASELINES.values():
        for setting in (kind.default, *kind.tried[::2]):
            yield kept(stage, f"{kind.name} {setting:g}", kind.make(setting, bounds_of(stage.traffic)))
    yield played(stage, "Fairlead", ours(stage.traffic))
    yield searching.foreknown(stage, peak)


def main() -> int:
    """Print one line per traffic."""
    parser = argparse.ArgumentParser(prog="bounds", description=__doc__)
    parser.add_argument("--only", action="append", choices=PLAYED)
    options = parser.parse_args()
    broken = 0
    for made in (make() for make in traffic.ALL):
        if made.name in (options.only or PLAYED):
            broken += _line(made)
    print(f"{broken} undercut the bound")
    return 1 if broken else 0


def _line(made: Traffic) -> int:
    part = made.reported
    stage = Stage(traffic=made, part=part, arrivals=part.arrivals(), cold_s=COLD_S, replicas=1)
    least = bounding.least_gpu_hours(stage)
    runs = list(plays(stage))
    holding = [one for one in runs if one.holds]
    below = [one for one in holding if one.gpu_hours < bounding.of(least, one)]
    best = min(holding, key=lambda one: one.gpu_hours)
    answered = sum(one.answers_all for one in holding)
    words = f"{len(holding)} of {len(runs)} hold, {answered} of them with every answer"
    over = f"the cheapest {best.who}: {best.gpu_hours:.2f} ({best.gpu_hours / bounding.of(least, best) - 1:+.0%})"
    bound = f"at least {least.anyhow:.2f} GPU hours, {least.answering:.2f} with every answer"
    print(f"{made.name}: {bound}; {words}, {over}", flush=True)
    return len(below)


if __name__ == "__main__":
    sys.exit(main())
