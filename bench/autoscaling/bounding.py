"""The least that any autoscaler could pay for in the reported part: a lower bound, not a plan."""

from collections.abc import Iterator
from dataclasses import replace

from bench.autoscaling.playing import GOAL, Played, Stage
from fairlead.backtest import lower_bound
from fairlead.backtest.lower_bound import BoundQuestion, LeastSeconds
from fairlead.simulator.traffic.arrivals import RequestArrival


def least_gpu_hours(stage: Stage) -> LeastSeconds:
    """From one cold start into the part on: what started earlier was paid for before it, and is free."""
    lived, part = stage.traffic.lived, stage.part
    since = part.since + stage.cold_s
    least = 0 if stage.traffic.to_zero else 1
    counted = sum(part.since <= one.time < part.until for one in stage.arrivals)
    left = sum(since <= one.time < part.until for one in stage.arrivals)
    found = lower_bound.least(
        BoundQuestion(
            settings=lived.settings(),
            times=lived.times(),
            ranks=lived.sizing.parallelism.data,
            objectives=lived.objectives,
            goal=1 - (1 - GOAL) * counted / max(left, 1),
            least=least,
            cold_s=stage.cold_s,
            arrivals=lambda: _shifted(stage, since),
            seconds=part.until - since,
        )
    )
    started, gpus = least * stage.cold_s, lived.sizing.parallelism.gpus
    return LeastSeconds(found.anyhow + started, found.answering + started).times(gpus / 3600)


def of(least: LeastSeconds, run: Played) -> float:
    """The bound on a run: the higher one if it answers every request."""
    return least.answering if run.answers_all else least.anyhow


def _shifted(stage: Stage, since: float) -> Iterator[RequestArrival]:
    return (replace(one, time=one.time - since) for one in stage.arrivals if one.time < stage.part.until)
