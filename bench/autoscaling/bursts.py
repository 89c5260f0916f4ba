"""`python -m bench.autoscaling.bursts`: the step and the flash crowd again, with the router's order and warm replicas.

Today's rows are those of the comparison: requests are sent at once and wait in engines. In all others the router's own
dispatcher queues them, and the autoscaler sees that queue: in order of arrival, with the objective's order, and with
one or two replicas more than are needed (`warmPool.ready`), at their full cost. Beside the router's order is what a
clairvoyant one keeps on the same replicas, which says what part of a miss is the order's.

Exits 0 if the order keeps at least five points more than today at no more GPU hours, the worst ten minutes are at least
twice as good, and with two warm replicas the objective holds through the flash crowd.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bench.autoscaling import clairvoyant, playing, queued, traffic
from bench.autoscaling.comparing import COLD_STARTS_S
from bench.autoscaling.contestants import ours
from bench.autoscaling.playing import Stage
from bench.autoscaling.queued import Queued
from bench.autoscaling.traffic import Traffic
from fairlead.fleet.policies import WarmPool

AT_FIRST: Final = 14
POINTS: Final = 0.05
TIMES: Final = 2.0
MADE: Final[dict[str, Callable[[], Traffic]]] = {"step": traffic.step, "flash crowd": traffic.flash_crowd}
BESIDES: Final = ((False, 0), (False, 1), (False, 2), (True, 1))
"""Rows that are shown and not judged: by the objective's order or not, and with how many warm replicas."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The result on one traffic, in the reported part."""

    words: str
    kept: float
    worst: float
    gpu_hours: float

    def __str__(self) -> str:
        return f"{self.words:<36} {self.kept:10.1%} {self.worst:12.1%} {self.gpu_hours:9.2f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """The router's order, and a clairvoyant one on the same replicas."""

    ours: Row
    best: Row

    def __str__(self) -> str:
        ours, best = self.ours, self.best
        return (
            f"{ours.kept / best.kept:.1%} of what a clairvoyant order keeps on these replicas, which is {best.kept:.1%}"
            f", and {ours.worst / best.worst:.1%} of its worst ten minutes, {best.worst:.1%}"
        )


def today(stage: Stage) -> Row:
    """As in the comparison."""
    run = playing.played(stage, "Fairlead", ours(stage.traffic))
    return Row(words="today", kept=run.attainment, worst=run.worst, gpu_hours=run.gpu_hours)


def waiting(stage: Stage, *, ordered: bool, warm: int) -> Row:
    """Requests wait in the dispatcher's queue."""
    run = queued.played(stage, ours(stage.traffic, warm=WarmPool(ready=warm)), ordered=ordered)
    return _row("the router's order" if ordered else "a queue in order of arrival", warm, run)


def beside(stage: Stage, warm: int = 0) -> Beside:
    """The router's order beside the clairvoyant one."""
    scaling = ours(stage.traffic, warm=WarmPool(ready=warm))
    run = queued.played(stage, scaling, ordered=True)
    best = clairvoyant.best(stage, scaling, run)
    return Beside(ours=_row("the router's order", warm, run), best=_row("a clairvoyant order", warm, best))


def improved(before: Row, pair: Beside) -> tuple[bool, str]:
    """Whether the order without warm replicas reaches the bar, and its figures."""
    after = pair.ours
    holds = (
        after.kept >= before.kept + POINTS
        and after.gpu_hours <= before.gpu_hours
        and after.worst >= TIMES * before.worst
    )
    words = (
        f"{after.kept - before.kept:+.1%}, worst ten minutes {before.worst:.1%} to {after.worst:.1%}, GPU hours "
        f"{before.gpu_hours:.2f} to {after.gpu_hours:.2f} ({pair})"
    )
    return holds, words


def through(pair: Beside) -> tuple[bool, str]:
    """Whether the objective holds with two warm replicas, and the figures."""
    worst = pair.ours.worst
    return worst >= playing.GOAL, f"with two warm replicas {worst:.1%} in its worst ten minutes ({pair})"


def _row(words: str, warm: int, run: Queued) -> Row:
    words += f", {warm} warm" if warm else ""
    return Row(words=words, kept=run.kept, worst=run.worst, gpu_hours=run.gpu_hours)


def _judged(name: str, stage: Stage) -> list[tuple[bool, str]]:
    """Print all rows of one traffic with one cold start."""
    cold = f"{stage.cold_s:.0f} s"
    print(f"{name}, cold start {cold} {'attainment':>21} {'worst 10 min':>12} {'GPU hours':>9}")
    before = today(stage)
    print(before, flush=True)
    for ordered, warm in BESIDES:
        print(waiting(stage, ordered=ordered, warm=warm), flush=True)
    pairs = [beside(stage, warm) for warm in (0, 2)]
    for pair in pairs:
        print(pair.ours, pair.best, sep="\n", flush=True)
    holds, words = improved(before, pairs[0])
    verdicts = [(holds, f"{name} with {cold}: {words}")]
    return [*verdicts, through(pairs[1])] if name == "flash crowd" else verdicts


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
            verdicts += _judged(name, stage)
    print("; ".join(words for _, words in verdicts))
    return 0 if all(holds for holds, _ in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
