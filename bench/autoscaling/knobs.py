"""What each field of a policy does: the same busy hours under three values of it, everything else at its default.

`python -m bench.autoscaling.knobs --page docs/reference` writes the page and a picture for each field.
"""

import argparse
import math
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final

from bench.autoscaling import contestants, knobs_page, playing
from bench.autoscaling.knob_settings import KNOBS, Knob, Setting
from bench.autoscaling.knobs_page import Turned
from bench.autoscaling.playing import Stage
from bench.autoscaling.traffic import Part, Traffic
from fairlead.scaling.decide import recommender
from fairlead.scaling.decide.recommendation import Recommendation
from fairlead.scaling.decide.scaling_state import ScalingState
from fairlead.scaling.facts import ScalingFacts
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.replicas import ScalingHook
from fairlead.simulator.virtual_fleet.simulated_autoscaler import SimulatedAutoscaler

COLD_S: Final = 110.0
PRICE: Final = 1.0
"""Of one replica for an hour, so that a budget reads as a count."""


def turned(knob: Knob) -> Turned:
    """Run the same arrivals with each setting."""
    made = knob.make()
    arrivals = made.reported.arrivals()
    stage = Stage(traffic=made, part=made.reported, arrivals=arrivals, cold_s=COLD_S, replicas=2)
    return Turned(
        knob=knob,
        played=tuple(playing.played(stage, one.label, _scaling(made, one)) for one in knob.settings),
        arrivals=_by_minute(arrivals, made.reported),
        since=made.reported.since,
        until=made.reported.until,
    )


def _scaling(made: Traffic, setting: Setting) -> ScalingHook:
    scaled = contestants.deployment(made, setting.policy, setting.bounds)
    return contestants.hook(SimulatedAutoscaler(scaled, decide=_priced), setting.policy.objectives, made)


def _priced(facts: ScalingFacts, memory: ScalingState, now: float) -> tuple[Recommendation, ScalingState]:
    """Add a price: the simulation has none; a budget needs one."""
    return recommender.recommend(replace(facts, price_per_hour=PRICE), memory, now)


def _by_minute(arrivals: list[RequestArrival], part: Part) -> tuple[float, ...]:
    counts = [0] * math.ceil((part.until - part.since) / 60)
    for one in arrivals:
        if part.since <= one.time < part.until:
            counts[int((one.time - part.since) // 60)] += 1
    return tuple(count / 60 for count in counts)


def main() -> int:
    """Print a line for each setting; the last says how long it took."""
    parser = argparse.ArgumentParser(prog="knobs", description=__doc__)
    parser.add_argument("--only", action="append", choices=[one.name for one in KNOBS])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--page", type=Path, help="write the page and its pictures into this folder")
    options = parser.parse_args()
    began = time.monotonic()
    wanted = [one for one in KNOBS if not options.only or one.name in options.only]
    found = []
    with ProcessPoolExecutor(options.processes) as pool:
        for one in pool.map(_named, [one.name for one in wanted]):
            found.append(one)
            for played in one.played:
                words = f"{one.knob.name:14} {played.who:16} {played.attainment:6.1%} {played.gpu_hours:7.2f} GPU h"
                print(words, flush=True)
    if options.page:
        knobs_page.write(found, options.page)
    print(f"{len(found)} fields in {time.monotonic() - began:.0f} s")
    return 0


def _named(name: str) -> Turned:
    """Run one knob by its name: its own functions cannot be sent to another process."""
    return turned(next(one for one in KNOBS if one.name == name))


if __name__ == "__main__":
    sys.exit(main())
