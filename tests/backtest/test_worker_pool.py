"""The processes that play a comparison: what each does, and what comes of it in the end."""

import gc
import os
import signal
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from itertools import count
from multiprocessing import get_context
from typing import Any

import pytest

from fairlead.backtest import worker_pool
from fairlead.backtest.comparison import Comparison, Repeat
from fairlead.backtest.comparison_rows import ComparisonRow
from fairlead.backtest.play import PlayedCandidate, PlayedTraffic, PlaySettings
from fairlead.backtest.worker_pool import SharedState, WorkerLost
from tests.backtest.test_play import candidate, steady, streams


def comparison(traffic: PlayedTraffic) -> Comparison:
    """Two rows that are alike, each played once."""
    rows = tuple(ComparisonRow(name=name, candidate=candidate()) for name in ("one", "other"))
    return Comparison(rows=rows, repeats=(Repeat(traffic, PlaySettings(streams=streams)),), whole=traffic)


MINUTE = comparison(steady(2.0, 60))


def shared(compared: Comparison = MINUTE) -> SharedState:
    """What this process and its workers share."""
    context = get_context("fork")
    return SharedState(compared, context.Array("d", 2), context.Value("i", 0))


@contextmanager
def as_a_worker(state: SharedState) -> Iterator[None]:
    """Let this process be a worker while the block runs."""
    interrupt, thresholds = signal.getsignal(signal.SIGINT), gc.get_threshold()
    worker_pool.become_worker(state)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, interrupt)
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def test_a_worker_plays_a_run_and_leaves_an_interrupt_to_its_parent() -> None:
    state = shared()
    with as_a_worker(state):
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        found = worker_pool.play_run(1)
    assert found == MINUTE.rows[1].played(MINUTE.whole, MINUTE.repeats[0].settings)
    assert state.done[:] == [0.0, 1.0]


def test_a_run_ends_soon_after_an_interrupt_with_no_result() -> None:
    state = shared()
    state.stop.value = 1
    assert state.play(0) is None
    assert state.done[0] < 1.0


def test_traffic_of_a_single_moment_is_played_as_soon_as_it_begins() -> None:
    moment = PlayedTraffic(arrivals=steady(2.0, 0.6).arrivals, seconds=0.0)
    state = shared(comparison(moment))
    state.stop.value = 1
    assert (state.play(0), state.done[0]) == (None, 1.0)


def test_all_runs_are_played_with_their_bounds_and_progress_ends_at_all_of_them() -> None:
    seen: list[tuple[float, int]] = []
    outcome = worker_pool.played(MINUTE, 2, lambda share, ended: seen.append((share, ended)))
    assert (sorted(outcome.runs), sorted(outcome.least), outcome.interrupted) == ([(0, 0), (1, 0)], [0, 1], False)
    assert seen[-1] == (1.0, 2)
    assert worker_pool.played(MINUTE, 1, lambda *_: None, bounded=False).least == {}


def test_an_interrupt_keeps_what_was_played(monkeypatch: pytest.MonkeyPatch) -> None:
    played, calls = ComparisonRow.played, count()

    def second_lasts_for_ever(one: ComparisonRow, traffic: PlayedTraffic, settings: PlaySettings) -> PlayedCandidate:
        while one.name == "other":
            settings.progress(1.0)
        return played(one, traffic, settings)

    def interrupted(*words: Any, **more: Any) -> Any:  # noqa: ANN401  # as the library's
        if next(calls):
            raise KeyboardInterrupt
        return wait(*words, **more)

    monkeypatch.setattr(ComparisonRow, "played", second_lasts_for_ever)
    monkeypatch.setattr(worker_pool, "wait", interrupted)
    monkeypatch.setattr(worker_pool, "REFRESH_SECONDS", None)
    outcome = worker_pool.played(MINUTE, 1, lambda *_: None)
    assert (outcome.interrupted, list(outcome.runs), outcome.missing(MINUTE)) == (True, [(0, 0)], ["other"])


def test_a_worker_that_the_system_ends_is_reported_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(*_: object) -> PlayedCandidate:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("the process is gone")

    monkeypatch.setattr(ComparisonRow, "played", ended)
    with pytest.raises(WorkerLost, match="most often since memory ran out; simulate fewer at once"):
        worker_pool.played(MINUTE, 2, lambda *_: None)
