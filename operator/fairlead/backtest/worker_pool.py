"""Plays the rows of a comparison in parallel, each run in a worker process.

An interrupt ends the running ones; finished ones are kept. Worker processes inherit the inputs from this process by
fork, so that only a run's number goes there and only its figures come back.
"""

import gc
import signal
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.sharedctypes import Synchronized, SynchronizedArray
from typing import Final

from fairlead.backtest.comparison import Comparison, Outcome
from fairlead.backtest.play import PlayedCandidate

REFRESH_SECONDS: Final = 0.5
YOUNG_OBJECTS: Final = 200_000
"""More allocated than freed since the last garbage collection; a few tens of MB."""

Progress = Callable[[float, int], None]
"""Called with the share that is played, and the number of runs that have ended."""


class WorkerLost(ValueError):
    """A worker process was ended from outside, and what it played is lost."""


class _Stopped(Exception):
    """The user interrupted."""


@dataclass(frozen=True, slots=True)
class SharedState:
    """State that this process and the workers share."""

    comparison: Comparison
    done: "SynchronizedArray[float]"
    """By run: the share that is played."""
    stop: "Synchronized[int]"

    def play(self, number: int) -> PlayedCandidate | None:
        """Play one run in a worker; None once the user has interrupted."""
        who, turn = self.comparison.runs[number]
        repeat = self.comparison.repeats[turn]
        ends = repeat.traffic.seconds

        def progress(seconds: float) -> None:
            self.done[number] = min(seconds / ends, 1.0) if ends else 1.0
            if self.stop.value:
                raise _Stopped

        try:
            found = self.comparison.rows[who].played(repeat.traffic, replace(repeat.settings, progress=progress))
        except _Stopped:
            return None
        self.done[number] = 1.0
        return found


class _Worker:
    """State of a worker process."""

    shared: SharedState | None = None


def become_worker(shared: SharedState) -> None:
    """Initialize this process as a worker: freeze the heap and collect rarely, since a play makes few reference cycles.

    Collection took a fifth of a play's time (bench.backtest_speed).
    """
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 100)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _Worker.shared = shared


def play_run(number: int) -> PlayedCandidate | None:
    """Play one run in this worker; None once the user has interrupted."""
    assert _Worker.shared is not None
    return _Worker.shared.play(number)


def played(comparison: Comparison, jobs: int, progress: Progress, *, bounded: bool = True) -> Outcome:
    """Play everything, or what there is time for; if `bounded`, compute the lower bound first."""
    outcome = Outcome()
    try:
        if bounded:
            outcome.least = comparison.least()
        _play_all(comparison, jobs, outcome, progress)
    except KeyboardInterrupt:
        outcome.interrupted = True
    return outcome


def _play_all(comparison: Comparison, jobs: int, outcome: Outcome, progress: Progress) -> None:
    context, runs = get_context("fork"), comparison.runs
    shared = SharedState(comparison, context.Array("d", len(runs)), context.Value("i", 0))
    pool = ProcessPoolExecutor(min(jobs, len(runs)), context, become_worker, (shared,))
    futures = {pool.submit(play_run, number): number for number in range(len(runs))}
    try:
        _watch(shared, futures, outcome, progress)
    except BrokenProcessPool:
        raise WorkerLost(
            "a process of the simulation was killed by the system, most often since memory ran out; "
            "simulate fewer at once (--jobs 1), or a shorter trace"
        ) from None
    except KeyboardInterrupt:
        shared.stop.value = 1
        pool.shutdown(cancel_futures=True)
        _collect({one for one in futures if one.done() and not one.cancelled()}, futures, outcome, comparison)
        raise
    pool.shutdown()


def _watch(
    shared: SharedState, futures: dict[Future[PlayedCandidate | None], int], outcome: Outcome, progress: Progress
) -> None:
    left = set(futures)
    while left:
        ended, left = wait(left, timeout=REFRESH_SECONDS, return_when=FIRST_COMPLETED)
        _collect(ended, futures, outcome, shared.comparison)
        progress(sum(shared.done[:]) / len(futures), len(futures) - len(left))


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
