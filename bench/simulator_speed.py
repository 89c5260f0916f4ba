"""How fast the simulator is: an hour on eight replicas, a day on a hundred. `python -m bench.simulator_speed`.

The hour is simulated twice in one run: jumping over steps, and step by step, which must agree to the bit. The day is
sampled; the sampling error is beside each figure, and so is an hour of it simulated in full beside a sample of that
hour. Seconds are of one core's own time, since others may use the machine; wall time is printed too.
"""

import argparse
import json
import math
import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bench import another_simulator, day_samples, simulated_fleets
from bench.day_samples import DaySample, SampledEstimate, SamplingPlan
from bench.simulated_fleets import DAY, DAY_S, Lived
from fairlead.simulator.virtual_fleet.report import SimulationReport, report
from fairlead.simulator.virtual_fleet.run_statistics import RunStatistics
from fairlead.simulator.virtual_fleet.simulation import FleetSimulation

DAY_CUT: Final = SamplingPlan(measured_s=60.0)
"""A tenth of the day is reported, a fifth simulated."""
HOUR_CUT: Final = SamplingPlan(stratum_s=300.0, measured_s=60.0, groups=6)
COMPARED: Final = (DAY * DAY_S + 36_000.0, DAY * DAY_S + 39_600.0)
"""From ten to eleven in the morning."""
WARM_UP_S: Final = 45.0
ROUNDS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """One run."""

    name: str
    requests: int
    events: int
    lived_s: float
    core_s: float
    wall_s: float
    peak_mib: float

    def __str__(self) -> str:
        each, ratio = 1e6 * self.core_s / max(self.requests, 1), self.lived_s / self.core_s
        counted = f"{self.name:<32} {self.requests:>10,} {self.core_s:>8.2f} {self.wall_s:>8.2f}"
        return f"{counted} {each:>10.0f} {ratio:>8,.0f} {self.peak_mib:>9.0f}"


HEAD: Final = (
    f"{'run':<32} {'requests':>10} {'core s':>8} {'wall s':>8} {'us/request':>10} {'x real':>8} {'peak MiB':>9}"
)


class Stopwatch:
    """Core and wall time of the simulations between start and stop."""

    def __init__(self) -> None:
        self._core, self._wall = time.process_time(), time.perf_counter()
        self._requests = self._events = 0
        self._lived = 0.0

    def lived(self, world: FleetSimulation, seconds: float) -> None:
        """Run one more simulation."""
        self._requests += world.totals.arrived
        self._events += world.totals.events
        self._lived += seconds

    def stop(self, name: str) -> Speed:
        """The time taken; the peak is of the process since its start."""
        return Speed(
            name=name,
            requests=self._requests,
            events=self._events,
            lived_s=self._lived,
            core_s=time.process_time() - self._core,
            wall_s=time.perf_counter() - self._wall,
            peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        )


def hour(lived: Lived, *, step_by_step: bool = False) -> tuple[Speed, SimulationReport]:
    """The Azure hour."""
    watch = Stopwatch()
    world, statistics = simulated_fleets.hour(lived, step_by_step=step_by_step)
    watch.lived(world, world.now)
    name = "Azure hour, step by step" if step_by_step else "Azure hour, 8 replicas"
    return watch.stop(name), report(statistics, world.now, world.replicas.gpu_seconds(world.now))


def sampled(
    lived: Lived, span: tuple[float, float], cut: SamplingPlan, name: str
) -> tuple[Speed, dict[str, SampledEstimate]]:
    """Simulate samples of a span, group by group."""
    watch = Stopwatch()
    mix = simulated_fleets.windows(*span)
    groups, entries = [RunStatistics(lived.objectives) for _ in range(cut.groups)], [0.0] * cut.groups
    for one in cut.stretches(*span, simulated_fleets.streams(f"stretches/{name}")):
        world, statistics = simulated_fleets.stretch(lived, mix, one)
        groups[one.group].add_all(statistics)
        entries[one.group] += one.until - one.since
        watch.lived(world, one.cool - one.warm)
    return watch.stop(name), day_samples.estimates(groups, entries)


def in_full(lived: Lived, span: tuple[float, float]) -> tuple[Speed, SimulationReport]:
    """A span without gaps, reported from the end of its warm-up on."""
    watch = Stopwatch()
    since, until = span
    whole = DaySample(warm=since, since=since + WARM_UP_S, until=until, cool=until, group=0)
    world, statistics = simulated_fleets.stretch(lived, simulated_fleets.windows(*span), whole)
    watch.lived(world, until - since)
    return watch.stop("one hour of the day, in full"), report(statistics, until - since - WARM_UP_S, 0.0)


def compared(part: Mapping[str, SampledEstimate], whole: SimulationReport) -> dict[str, tuple[float, float, float]]:
    """By figure: in full, by sample, and how many standard errors apart."""
    found = {}
    for name, estimate in part.items():
        truth = day_samples.FIGURES[name](whole)
        away = abs(estimate.value - truth)
        found[name] = (truth, estimate.value, away / estimate.error if estimate.error else math.inf * away)
    return found


def main() -> int:
    """Print the table; with a file, also write the figures there as JSON."""
    parser = argparse.ArgumentParser(prog="simulator_speed")
    parser.add_argument("--figures", type=Path, help="write the figures to this file")
    parser.add_argument("--hour-only", action="store_true", help="leave out the day")
    parser.add_argument("--against", type=Path, help="the program of bench.another_simulator, to run beside")
    options = parser.parse_args()
    chat, day = simulated_fleets.chat(), simulated_fleets.day()
    figures: dict[str, object] = {}
    for name, lived in (("hour", chat), ("day", day)):
        print(f"{name}: {lived.words}; {lived.times().provenance.line()}")
    print(f"\n{HEAD}", flush=True)
    figures |= _hours(chat)
    if options.against:
        figures |= _others(options.against)
    if not options.hour_only:
        figures |= _days(day)
    if options.figures:
        options.figures.write_text(json.dumps(figures), encoding="utf-8")
    return 0


def _hours(chat: Lived) -> dict[str, object]:
    fast, simulation_report = hour(chat)
    print(fast, flush=True)
    slow, retold = hour(chat, step_by_step=True)
    same = simulation_report == retold
    print(f"{slow}\njumping is {slow.core_s / fast.core_s:.1f} times as fast; the same results to the bit: {same}\n")
    print(f"{simulation_report.as_text()}\n", flush=True)
    return {"hour": asdict(fast), "stepwise": asdict(slow), "same": same}


def _others(program: Path) -> dict[str, object]:
    """Alternate both, so that a noisy minute affects both; the fastest of three rounds each."""
    mine, others = [], []
    for _ in range(ROUNDS):
        watch = Stopwatch()
        world = another_simulator.ours()
        watch.lived(world, world.now)
        mine.append(watch.stop("made-up hour, 8 replicas"))
        others.append(another_simulator.theirs(program))
    own, (core, wall) = min(mine, key=lambda one: one.core_s), min(others)
    print(f"{HEAD}\n{own}\n{'the like in inference-lab':<32} {own.requests:>10,} {core:>8.2f} {wall:>8.2f}")
    print(f"it takes {core / own.core_s:.1f} times as long\n", flush=True)
    return {"own": asdict(own), "other_core_s": core}


def _days(day: Lived) -> dict[str, object]:
    print(HEAD)
    whole_speed, whole = in_full(day, COMPARED)
    print(whole_speed, flush=True)
    part_speed, part = sampled(day, COMPARED, HOUR_CUT, "the same hour, sampled")
    print(part_speed, flush=True)
    day_speed, estimates = sampled(day, (DAY * DAY_S, (DAY + 1) * DAY_S), DAY_CUT, "the day, 100 replicas, sampled")
    columns = f"{'the day':>10} {'95 %':>10}   {'hour in full':>12} {'sampled':>10} {'errors off':>10}"
    print(f"{day_speed}\n\n{'figure':<16} {columns}")
    apart = compared(part, whole)
    for name, one in estimates.items():
        truth, guess, off = apart[name]
        print(f"{name:<16} {one.value:>10.4g} {'+-':>3}{one.margin:>7.2g}   {truth:>12.4g} {guess:>10.4g} {off:>10.1f}")
    return {
        "day": asdict(day_speed),
        "whole": asdict(whole_speed),
        "sample": asdict(part_speed),
        "estimates": {name: (one.value, one.margin) for name, one in estimates.items()},
        "apart": apart,
    }


if __name__ == "__main__":
    sys.exit(main())
