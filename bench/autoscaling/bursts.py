"""`python -m bench.autoscaling.bursts`: the step and the flash crowd again, with the router's order and warm replicas.

Today's rows are those of the comparison: requests are sent at once and wait in engines. In all others the router's own
dispatcher queues them, and the autoscaler sees that queue: in order of arrival, with the objective's order, and with
one or two replicas more than are needed (`warmPool.ready`), at their full cost.

Exits 0 if the order keeps at least five points more than today at no more GPU hours, the worst ten minutes are at least
twice as good, and with two warm replicas the objective holds through the flash crowd.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from bench import simulated_fleets
from bench.autoscaling import playing, traffic
from bench.autoscaling.comparing import COLD_STARTS_S
from bench.autoscaling.contestants import ours
from bench.autoscaling.playing import Stage
from bench.autoscaling.traffic import Traffic
from fairlead.backtest.windows import WindowedStatistics
from fairlead.fleet.policies import WarmPool
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.dispatcher_config import DispatcherConfig
from fairlead.simulator.virtual_fleet.cold_starts import FixedColdStarts
from fairlead.simulator.virtual_fleet.queued_simulation import (
    SWEEP_S,
    EngineCapacity,
    QueuedSimulation,
    SimulatedDispatcher,
)

AT_FIRST: Final = 14
POINTS: Final = 0.05
TIMES: Final = 2.0
MADE: Final[dict[str, Callable[[], Traffic]]] = {"step": traffic.step, "flash crowd": traffic.flash_crowd}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The result on one traffic, in the reported part."""

    words: str
    kept: float
    worst: float
    gpu_hours: float

    def __str__(self) -> str:
        return f"{self.words:<36} {self.kept:10.1%} {self.worst:12.1%} {self.gpu_hours:9.2f}"


def today(stage: Stage) -> Row:
    """As in the comparison."""
    run = playing.played(stage, "Fairlead", ours(stage.traffic))
    return Row(words="today", kept=run.attainment, worst=run.worst, gpu_hours=run.gpu_hours)


def queued(stage: Stage, *, ordered: bool, warm: int = 0) -> Row:
    """Requests wait in the dispatcher's queue."""
    part, lived = stage.part, stage.traffic.lived
    statistics = WindowedStatistics(lived.objectives, part.since, part.until)
    fleet = replace(
        replace(lived, replicas=stage.replicas).fleet(),
        cold_starts=FixedColdStarts(stage.cold_s),
        scaling=ours(stage.traffic, warm=WarmPool(ready=warm)),
        snapshot_s=SWEEP_S,
    )
    objective = lived.objectives.ttft_p95_s if ordered else None
    front = SimulatedDispatcher(Dispatcher(DispatcherConfig(first_token_seconds=objective)), _digest)
    settings = lived.settings()
    capacity = EngineCapacity(max_running=settings.max_sequences, kv_tokens=settings.blocks * settings.block_tokens)
    world = QueuedSimulation(fleet, front, simulated_fleets.streams("world"), statistics, capacity)
    world.run((one for one in stage.arrivals if one.time < part.until), part.until + playing.TAIL_S)
    words = ("the router's order" if ordered else "a queue in order of arrival") + (f", {warm} warm" if warm else "")
    return Row(
        words=words,
        kept=statistics.counts.kept / max(statistics.counts.arrived, 1),
        worst=playing.worst(statistics),
        gpu_hours=playing.gpu_hours(world, part),
    )


def _digest(name: str) -> bytes:
    return sha256(name.encode()).digest()


def _improved(name: str, cold_s: float, before: Row, after: Row) -> tuple[bool, str]:
    holds = (
        after.kept >= before.kept + POINTS
        and after.gpu_hours <= before.gpu_hours
        and after.worst >= TIMES * before.worst
    )
    words = (
        f"{name} with {cold_s:.0f} s: {after.kept - before.kept:+.1%}, worst ten minutes {before.worst:.1%} to "
        f"{after.worst:.1%}, GPU hours {before.gpu_hours:.2f} to {after.gpu_hours:.2f}"
    )
    return holds, words


def main() -> int:
    """Print all rows, then the conclusion."""
    parser = argparse.ArgumentParser(prog="bursts")
    parser.add_argument("--only", choices=tuple(MADE))
    parser.add_argument("--cold", type=float, choices=COLD_STARTS_S)
    options = parser.parse_args()
    verdicts: list[tuple[bool, str]] = []
    for name in (one for one in MADE if options.only in (None, one)):
        made = MADE[name]()
        arrivals = made.reported.arrivals()
        for cold_s in (one for one in COLD_STARTS_S if options.cold in (None, one)):
            stage = Stage(traffic=made, part=made.reported, arrivals=arrivals, cold_s=cold_s, replicas=AT_FIRST)
            print(f"{name}, cold start {cold_s:.0f} s {'attainment':>21} {'worst 10 min':>12} {'GPU hours':>9}")
            rows = [today(stage)]
            print(rows[0], flush=True)
            for ordered, warm in ((False, 0), (True, 0), (False, 1), (False, 2), (True, 1), (True, 2)):
                rows.append(queued(stage, ordered=ordered, warm=warm))
                print(rows[-1], flush=True)
            verdicts.append(_improved(name, cold_s, rows[0], rows[2]))
            if name == "flash crowd":
                through = rows[-1].worst >= playing.GOAL
                words = f"with two warm replicas {rows[-1].worst:.1%} in its worst ten minutes"
                verdicts.append((through, words))
    print("; ".join(words for _, words in verdicts))
    return 0 if all(holds for holds, _ in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
