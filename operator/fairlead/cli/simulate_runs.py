"""Plays the rows of a comparison in parallel, each run in a worker process, and shows the progress.

An interrupt ends the running ones; finished ones are kept. Worker processes inherit the inputs from this process by
fork, so that only a run's number goes there and only its figures come back.
"""

import gc
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from multiprocessing.sharedctypes import Synchronized, SynchronizedArray
from typing import Final, NamedTuple

from fairlead.backtest import reference_fleets
from fairlead.backtest.comparison_rows import ComparisonRow
from fairlead.backtest.lower_bound import LeastSeconds
from fairlead.backtest.play import PlayedCandidate, PlayedTraffic, PlaySettings
from fairlead.backtest.repeats import Repeated

BAR: Final = 30
REFRESH_SECONDS: Final = 0.5
YOUNG_OBJECTS: Final = 200_000
"""More allocated than freed since the last garbage collection; a few tens of MB."""


class Repeat(NamedTuple):
    """One repeat of all rows: its traffic, and its settings with the random streams."""

    traffic: PlayedTraffic
    settings: PlaySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The rows and their repeats."""

    rows: tuple[ComparisonRow, ...]
    repeats: tuple[Repeat, ...]
    whole: PlayedTraffic
    """The traffic for which the lower bound is computed."""
    budget: float | None = None
    """USD an hour that it may cost on average; None: any."""

    @property
    def runs(self) -> list[tuple[int, int]]:
        """Indexes of rows and of repeats; all rows once, then again."""
        return [(who, turn) for turn in range(len(self.repeats)) for who in range(len(self.rows))]


@dataclass(slots=True)
class Outcome:
    """The results."""

    runs: dict[tuple[int, int], PlayedCandidate] = field(default_factory=dict)
    least: dict[int, LeastSeconds] = field(default_factory=dict)
    """Lower bounds in GPU seconds by row."""
    interrupted: bool = False

    def rows(self, comparison: Comparison) -> Iterator[Repeated]:
        """Yield the rows that were played at least once."""
        first = comparison.repeats[0].traffic
        part = first.seconds - first.since
        for who, one in enumerate(comparison.rows):
            runs = tuple(self.runs[who, turn] for turn in range(len(comparison.repeats)) if (who, turn) in self.runs)
            if runs:
                yield Repeated(
                    name=one.name,
                    runs=runs,
                    compared=one.compared,
                    least=self.least.get(who),
                    times=comparison.whole.seconds / part if part else 1.0,
                    budget=comparison.budget,
                )

    def missing(self, comparison: Comparison) -> list[str]:
        """Names of rows with a missing run."""
        return [
            one.name
            for who, one in enumerate(comparison.rows)
            if any((who, turn) not in self.runs for turn in range(len(comparison.repeats)))
        ]


class WorkerLost(ValueError):
    """A worker process was ended from outside, and what it played is lost."""


class _Stopped(Exception):
    """The user interrupted."""


@dataclass(frozen=True, slots=True)
class _Shared:
    """State that this process and the workers share."""

    comparison: Comparison
    done: "SynchronizedArray[float]"
    """By run: the share that is played."""
    stop: "Synchronized[int]"


class _Worker:
    """State of a worker process."""

    shared: _Shared | None = None


def _adopt(shared: _Shared) -> None:
    """Initialize a worker: freeze the heap and collect rarely, since a play makes few reference cycles.

    Collection took a fifth of a play's time (bench.backtest_speed).
    """
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 100)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _Worker.shared = shared


def _play(number: int) -> PlayedCandidate | None:
    shared = _Worker.shared
    assert shared is not None
    who, turn = shared.comparison.runs[number]
    repeat = shared.comparison.repeats[turn]
    ends = repeat.traffic.seconds

    def progress(seconds: float) -> None:
        shared.done[number] = min(seconds / ends, 1.0) if ends else 1.0
        if shared.stop.value:
            raise _Stopped

    try:
        found = shared.comparison.rows[who].played(repeat.traffic, replace(repeat.settings, progress=progress))
    except _Stopped:
        return None
    shared.done[number] = 1.0
    return found


def played(comparison: Comparison, jobs: int, *, bounded: bool = True) -> Outcome:
    """Play everything, or what there is time for; if `bounded`, compute the lower bound first."""
    outcome = Outcome()
    try:
        if bounded:
            _reckon(comparison, outcome)
        _play_all(comparison, jobs, outcome)
    except KeyboardInterrupt:
        outcome.interrupted = True
    return outcome


def _reckon(comparison: Comparison, outcome: Outcome) -> None:
    """Compute the lower bounds once for all rows with the same replicas and objectives."""
    found: dict[tuple[object, ...], LeastSeconds] = {}
    settings = comparison.repeats[0].settings
    for who, one in enumerate(comparison.rows):
        made = one.candidate
        terms = reference_fleets.terms_of(made, settings)
        same = (id(made.times), made.settings, made.ranks, made.gpus, made.answered_elsewhere, terms)
        if same not in found:
            found[same] = reference_fleets.bound(made, comparison.whole, settings)
        outcome.least[who] = found[same]


def _play_all(comparison: Comparison, jobs: int, outcome: Outcome) -> None:
    context, runs = get_context("fork"), comparison.runs
    shared = _Shared(comparison, context.Array("d", len(runs)), context.Value("i", 0))
    pool = ProcessPoolExecutor(min(jobs, len(runs)), context, _adopt, (shared,))
    futures = {pool.submit(_play, number): number for number in range(len(runs))}
    try:
        _watch(shared, futures, outcome)
    except BrokenProcessPool:
        raise WorkerLost(
            "a process of the simulation was killed by the system, most often since memory ran out; "
            "simulate fewer at once "
            "(--jobs 1), or a shorter trace"
        ) from None
    except KeyboardInterrupt:
        shared.stop.value = 1
        pool.shutdown(cancel_futures=True)
        _collect({one for one in futures if one.done() and not one.cancelled()}, futures, outcome, comparison)
        raise
    pool.shutdown()


def _watch(shared: _Shared, futures: dict[Future[PlayedCandidate | None], int], outcome: Outcome) -> None:
    left = set(futures)
    while left:
        ended, left = wait(left, timeout=REFRESH_SECONDS, return_when=FIRST_COMPLETED)
        _collect(ended, futures, outcome, shared.comparison)
        if sys.stderr.isatty():
            print(_bar(shared, len(futures) - len(left)), end="" if left else "\n", file=sys.stderr, flush=True)


def _collect(
    ended: set[Future[PlayedCandidate | None]],
    futures: dict[Future[PlayedCandidate | None], int],
    outcome: Outcome,
    comparison: Comparison,
) -> None:
    for one in ended:
        found = one.result()
        if found is not None:
            outcome.runs[comparison.runs[futures[one]]] = found


def _bar(shared: _Shared, ended: int) -> str:
    total = len(shared.comparison.runs)
    share = sum(shared.done[:]) / total
    filled = int(share * BAR)
    return f"\r[{'#' * filled}{'.' * (BAR - filled)}] {share:4.0%} simulated, {ended} of {total} runs"
