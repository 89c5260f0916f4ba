"""Runs `fairlead batch` from its inputs to its exit code."""

import asyncio
import contextlib
import random
import shutil
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from types import FrameType
from typing import Final

from fairlead.batcher import batch_endpoint, batch_input
from fairlead.batcher.batch_endpoint import AddressUnusable, BatchEndpoint
from fairlead.batcher.batch_input import BatchInput, InputUnreadable
from fairlead.batcher.output_file import FailureFile, OutputFile
from fairlead.batcher.run import BatchRun
from fairlead.batching import batch_check, checked_lines
from fairlead.batching.batch_check import BatchContents
from fairlead.batching.batch_requests import BatchRequest
from fairlead.batching.checked_lines import InputChanged
from fairlead.batching.custom_ids import CustomIds
from fairlead.batching.run_tally import RunEnd, RunTally
from fairlead.cli import batch_text
from fairlead.cli.batch_inputs import BatchInputs
from fairlead.process import exit_signals

WRONG: Final = 2
UNUSABLE: Final = 4
_EXIT_CODES: Final = {
    RunEnd.TIME_OVER: 3,
    RunEnd.NO_ANSWERS: UNUSABLE,
    RunEnd.UNUSABLE: UNUSABLE,
    RunEnd.INPUT_CHANGED: WRONG,
}
_ON_TERMINAL_S: Final = 0.5
_IN_LOG_S: Final = 60.0
_BY_SIGNAL: Final = 128


def run(inputs: BatchInputs) -> int:
    """Check the input, send what has no answer yet, print the summary, and return the exit code."""
    ids = CustomIds()
    with _ended_by_sigterm(), batch_input.opened(inputs.input) as source, OutputFile(inputs.output) as output:
        output.read_answers(ids)
        contents = batch_check.check(source.lines(), ids)
        if contents.faulty:
            _complain(batch_text.problems(source.name, contents))
            return WRONG
        if not contents.requests:
            _complain(batch_text.no_requests(source.name))
            return WRONG
        try:
            return asyncio.run(_Session(inputs, source, contents, ids).run(output))
        except AddressUnusable as problem:
            print(f"fairlead batch: {problem}", file=sys.stderr)
            return UNUSABLE


def exit_code(shown: batch_text.ShownBatch, signal_number: int) -> int:
    """Return the exit code of a run that ended so; the signal is that of an interrupted one."""
    if shown.end is RunEnd.COMPLETE:
        return 1 if shown.tally.failed else 0
    if shown.end is RunEnd.INTERRUPTED:
        return _BY_SIGNAL + signal_number
    return _EXIT_CODES[shown.end]


class _Session:
    """One run with its signals, its end time and its progress."""

    def __init__(self, inputs: BatchInputs, source: BatchInput, contents: BatchContents, ids: CustomIds) -> None:
        self._inputs, self._source, self._contents, self._ids = inputs, source, contents, ids
        self._signal = 0
        self._batch: BatchRun | None = None

    async def run(self, output: OutputFile) -> int:
        running = asyncio.current_task()
        assert running is not None, "a loop runs this"
        exit_signals.on_exit_signal(lambda number: self._interrupt(running, number))
        try:
            return await self._run(output)
        except asyncio.CancelledError:
            if not self._signal:
                raise
            self._warn(f"{signal.Signals(self._signal).name}: nothing was sent")
            return _BY_SIGNAL + self._signal

    async def _run(self, output: OutputFile) -> int:
        async with batch_endpoint.opened() as session:
            endpoint = BatchEndpoint(session, self._inputs.address, now=_now)
            if self._contents.models:
                served = await endpoint.models()
                missing = batch_check.unserved(self._contents.models, served) if served is not None else []
                if missing:
                    _complain(batch_text.unserved(self._source.name, missing))
                    return WRONG
            output.mend()
            with FailureFile(self._inputs.errors) as failures:
                self._batch = BatchRun(
                    read=self._unanswered,
                    endpoint=endpoint,
                    output=output,
                    failures=failures,
                    limits=self._inputs.limits,
                    tally=RunTally(requests=self._contents.requests, before=self._contents.answered),
                    random=random.Random(),  # noqa: S311 -- spreads retries
                    warn=self._warn,
                )
                return await self._sent(self._batch)

    async def _sent(self, batch: BatchRun) -> int:
        loop, began = asyncio.get_running_loop(), time.monotonic()
        if self._inputs.until is not None:
            left = (self._inputs.until - _now()).total_seconds()
            loop.call_later(max(left, 0.0), batch.stop, RunEnd.TIME_OVER)
        shows = asyncio.create_task(_show(batch, began))
        try:
            end = await batch.run()
        finally:
            shows.cancel()
            await asyncio.gather(shows, return_exceptions=True)
        shown = batch_text.ShownBatch(
            inputs=self._inputs,
            tally=batch.tally,
            end=batch.tally.end_of(end),
            detail=batch.detail,
            seconds=time.monotonic() - began,
        )
        print(batch_text.RENDER[self._inputs.format](shown))
        return exit_code(shown, self._signal)

    def _interrupt(self, running: asyncio.Task[int], number: int) -> None:
        is_first, self._signal = not self._signal, number
        batch = self._batch
        if batch is None:
            running.cancel()
            return
        batch.stop(RunEnd.INTERRUPTED)
        if batch.in_flight and is_first:
            self._warn(
                f"{signal.Signals(number).name}: waiting up to {self._inputs.limits.grace_s:g} s for "
                f"{batch.in_flight:,} in flight; once more ends this wait"
            )

    def _unanswered(self) -> Iterator[BatchRequest | None]:
        """Yield the requests that the output has no answer to, in the file's order, and None now and then."""
        try:
            yield from checked_lines.unanswered(self._source.lines(), self._contents, self._ids)
        except (InputChanged, InputUnreadable) as problem:
            assert self._batch is not None, "it reads this"
            self._batch.stop(RunEnd.INPUT_CHANGED, str(problem))

    @staticmethod
    def _warn(message: str) -> None:
        print(f"{_cleared()}fairlead batch: {message}", file=sys.stderr, flush=True)


async def _show(batch: BatchRun, began: float) -> None:
    """On a terminal, overwrite one line; in a log, write one a minute."""
    pause = _ON_TERMINAL_S if sys.stderr.isatty() else _IN_LOG_S
    end = "" if sys.stderr.isatty() else "\n"
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            await asyncio.sleep(pause)
            line = batch_text.progress(batch.tally, batch.in_flight, time.monotonic() - began)
            fits = shutil.get_terminal_size().columns - 1 if sys.stderr.isatty() else None
            print(f"{_cleared()}{line[:fits]}", end=end, file=sys.stderr, flush=True)
    print(_cleared(), end="", file=sys.stderr, flush=True)


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the check of a long input: a container's PID 1 has no default action for it."""

    def end(number: int, _: FrameType | None) -> None:
        sys.exit(_BY_SIGNAL + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _now() -> datetime:
    return datetime.now(UTC)


def _cleared() -> str:
    return "\r\x1b[K" if sys.stderr.isatty() else ""


def _complain(lines: Iterable[str]) -> None:
    for line in lines:
        print(line, file=sys.stderr)
