"""Inputs of `fairlead simulate`: candidates from files, a trace, and the number of runs."""

import argparse
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from fairlead.backtest import comparison_rows
from fairlead.backtest.candidate import Candidate, Unplayable
from fairlead.backtest.comparison import Comparison, Repeat
from fairlead.backtest.play import PlayedTraffic, PlaySettings, cold_starts_of
from fairlead.cli import argument_values, simulate_candidates
from fairlead.cli.simulate_traffic import ReadTrace
from fairlead.cli.traffic_source import TrafficSource
from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.fleet.plurals import count
from fairlead.fleet.randomness import RandomSource
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.traffic.joined_logs import FIRST_SECONDS
from fairlead.simulator.virtual_fleet.cold_starts import (
    ColdStartDistribution,
    FixedColdStarts,
    LogNormalColdStarts,
)

MEASURED_SECONDS: Final = 1200.0
"""Length of one measured interval of a sample."""
WARM_UP_SECONDS: Final = 600.0
"""Played before it, so that the fleet reaches its steady size."""
MAX_REPEATS: Final = 100
MAX_STARTED: Final = 10_000
NO_INTERVAL: Final = "no intervals, which take two or more"
QUEUED_WORDS: Final = "; the routers' queue is played too"
UNQUEUED_WORDS: Final = "; without the routers' queue, which refuses requests that a batch runner would hold back"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulateInputs:
    """Everything to play."""

    unplayable: tuple[Unplayable, ...]
    comparison: Comparison
    words: str
    """A line that describes the traffic and how it is played."""
    jobs: int


def read(chosen: argparse.Namespace, source: TrafficSource) -> SimulateInputs:
    """Read all inputs; raises `ValueError` or `OSError`, in plain words, for unreadable or contradictory ones."""
    for word, number in (("--seeds", chosen.seeds), ("--sample", chosen.sample), ("--jobs", chosen.jobs)):
        if number is not None and not 1 <= number <= MAX_REPEATS:
            raise argument_values.ArgumentValueError(f"{word} {number}: a number between 1 and {MAX_REPEATS}")
    if chosen.sample is not None and chosen.seeds > 1:
        raise argument_values.ArgumentValueError(
            "--sample with --seeds: give one of them; a sample's interval has both"
        )
    if chosen.html is not None:
        argument_values.check_writable("--html", chosen.html)
    trace = source.trace
    settings = play_settings(chosen, source, None if chosen.sample else trace.began)
    queued = chosen.queue or source.recording is not None
    settings = replace(settings, queued=queued and not trace.at_once)
    found = tuple(simulate_candidates.candidates(chosen, source.recording))
    playable = tuple(one for one in found if isinstance(one, Candidate))
    unplayable = tuple(one for one in found if isinstance(one, Unplayable))
    against = () if unplayable else chosen.against
    if trace.at_once:
        _refuse_at_once(chosen)
    whole = PlayedTraffic(arrivals=trace.arrivals, seconds=trace.seconds, at_once=trace.at_once, began=trace.began)
    if chosen.sample is None:
        repeats, note = _seeded(chosen, playable, Repeat(whole, settings))
    else:
        repeats, note = _sampled(chosen.sample, trace, Repeat(whole, settings))
    queue_words = QUEUED_WORDS if settings.queued else UNQUEUED_WORDS if queued else ""
    return SimulateInputs(
        unplayable=unplayable,
        comparison=Comparison(
            rows=tuple(comparison_rows.of(playable, against)),
            repeats=repeats,
            whole=whole,
            budget=None if chosen.budget is None else argument_values.number("--budget", chosen.budget, 0.0, 1e9),
        ),
        words="".join((trace.words, note, start_words(settings), queue_words)),
        jobs=chosen.jobs or cores(),
    )


def _refuse_at_once(chosen: argparse.Namespace) -> None:
    """Refuse what shows or cuts traffic over time, which all at once has not."""
    for word, value in (("--html", chosen.html), ("--publish", chosen.publish), ("--sample", chosen.sample)):
        if value is not None:
            raise argument_values.ArgumentValueError(
                f"{word}: all requests of {Path(chosen.traffic).name} come at once, so arrivals have no order in time; "
                "spread them with --window 1h"
            )


def cores() -> int:
    """Return how many cores this process may use; macOS reports only those of the machine."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed is not None else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class SeededStreams:
    """Random streams by name, from a recorded seed."""

    seed: int

    def __call__(self, name: str) -> RandomSource:
        return random.Random(f"{self.seed}/{name}")  # noqa: S311  # a recorded seed, not a secret


def play_settings(chosen: argparse.Namespace, source: TrafficSource, began: float | None) -> PlaySettings:
    """The settings that all candidates share; recorded traffic begins with as many replicas as answered at first.

    `began` is the date of the first request that is played; None: it is not available.
    """
    if chosen.start is not None and not 0 <= chosen.start <= MAX_STARTED:
        raise argument_values.ArgumentValueError(f"--start {chosen.start}: a number between 0 and {MAX_STARTED}")
    found = source.replicas_at(began)
    return PlaySettings(
        streams=SeededStreams(chosen.seed),
        objectives=LatencyObjectives(
            ttft_p95_s=_duration("--ttft-p95", chosen.ttft_p95), tpot_p95_s=_duration("--tpot-p95", chosen.tpot_p95)
        ),
        cold_starts=None if chosen.cold_start is None else _cold_starts(chosen.cold_start),
        start=found if chosen.start is None else chosen.start,
        recorded=chosen.start is None and found is not None,
    )


def start_words(settings: PlaySettings) -> str:
    """State with how many replicas fleets start that may have several numbers of them, if the recording decides it."""
    if not settings.recorded or settings.start is None:
        return ""
    minutes = FIRST_SECONDS / 60
    return (
        f"; fleets that scale start with {count(settings.start, 'replica')}, as many as answered in the first "
        f"{minutes:g} min, or the nearest number that they may have"
    )


def _seeded(
    chosen: argparse.Namespace, playable: tuple[Candidate, ...], once: Repeat
) -> tuple[tuple[Repeat, ...], str]:
    """The whole traffic, once for each seed."""
    if chosen.seeds == 1:
        return (once,), ""
    starts = [cold_starts_of(one, once.settings) for one in playable]
    draws = any(isinstance(one, LogNormalColdStarts) for one in starts)
    if not draws and not any(one.settings.speculation or one.answered_elsewhere for one in playable):
        return (once,), "; played once: nothing is left to chance (give --cold-start 110s..250s)"
    seeds = range(chosen.seed, chosen.seed + chosen.seeds)
    repeats = tuple(Repeat(once.traffic, replace(once.settings, streams=SeededStreams(one))) for one in seeds)
    return repeats, f"; by {chosen.seeds} seeds, 95 % intervals of their mean"


def _sampled(number: int, trace: ReadTrace, once: Repeat) -> tuple[tuple[Repeat, ...], str]:
    """One interval at a random place in each of `number` equal parts of the traffic."""
    part = once.traffic.seconds / number
    needed = WARM_UP_SECONDS + MEASURED_SECONDS
    if part < needed:
        raise argument_values.ArgumentValueError(
            f"--sample {number}: a part of the traffic has {part / 60:.0f} min, and a stretch takes {needed / 60:.0f}; "
            "give a smaller number, or leave it out"
        )
    randomness = once.settings.streams("sample")
    starts = [turn * part + randomness.random() * (part - needed) for turn in range(number)]
    repeats = tuple(Repeat(_stretch(trace, start), once.settings) for start in starts)
    share = number * MEASURED_SECONDS / once.traffic.seconds
    intervals = "95 % intervals, percentiles as means of the stretches'"
    return repeats, (
        f"; {share:.0%} of it played, {count(number, 'stretch')} of {MEASURED_SECONDS / 60:.0f} min after "
        f"{WARM_UP_SECONDS / 60:.0f} min of warm-up each: {intervals if number > 1 else NO_INTERVAL}"
    )


def _stretch(trace: ReadTrace, start: float) -> PlayedTraffic:
    ends = start + WARM_UP_SECONDS + MEASURED_SECONDS

    def arrivals(page_tokens: int) -> Iterator[RequestArrival]:
        for one in trace.arrivals(page_tokens):
            if one.time >= ends:
                return
            if one.time >= start:
                yield replace(one, time=one.time - start)

    began = None if trace.began is None else trace.began + start
    return PlayedTraffic(arrivals=arrivals, seconds=ends - start, since=WARM_UP_SECONDS, began=began)


def _cold_starts(written: str) -> ColdStartDistribution:
    median, ranged, late = written.partition("..")
    if not ranged:
        return FixedColdStarts(argument_values.duration("--cold-start", median))
    try:
        p50, p95 = (argument_values.duration("--cold-start", one) for one in (median, late))
    except argument_values.ArgumentValueError:
        raise argument_values.ArgumentValueError(
            f"--cold-start {written}: not two times; write the median and the 95th percentile, such as 110s..250s"
        ) from None
    if p95 < p50:
        raise argument_values.ArgumentValueError(
            f"--cold-start {written}: the median and the 95th percentile, which must not be less: 110s..250s"
        )
    return LogNormalColdStarts(p50=p50, p95=p95)


def _duration(word: str, written: str | None) -> float | None:
    return None if written is None else argument_values.duration(word, written)
