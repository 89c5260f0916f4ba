"""The line that shows how far `fairlead batch` is."""

import asyncio
import io
import random
from pathlib import Path
from typing import cast

import pytest

from fairlead.batcher.batch_endpoint import BatchEndpoint
from fairlead.batcher.output_file import FailureFile, OutputFile
from fairlead.batcher.run import BatchRun, RunLimits
from fairlead.batching.reply_facts import TokenUsage
from fairlead.batching.run_tally import RunEnd, RunTally
from fairlead.cli import batch_run, batch_text


def test_progress_keeps_its_columns_while_its_numbers_grow() -> None:
    tally = RunTally(requests=12_000, before=1000)
    first = batch_text.progress(tally, 4, 0.0)
    assert first == " 1,000 of 12,000 answered, 0 failed, 4 in flight,      0 tokens/s, - left"
    for _ in range(5000):
        tally.add_answer(TokenUsage(prompt=100, output=20))
    later = batch_text.progress(tally, 64, 100.0)
    assert later == " 6,000 of 12,000 answered, 0 failed, 64 in flight,  1,000 tokens/s, 2 min left"


def test_progress_takes_one_line_of_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A longer one would wrap, and only its last row would be overwritten."""
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(batch_run, "_ON_TERMINAL_S", 0.001)
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)

    async def story() -> None:
        made = BatchRun(
            read=lambda: iter(()),
            endpoint=cast("BatchEndpoint", None),
            output=OutputFile(tmp_path / "out"),
            failures=FailureFile(tmp_path / "errors"),
            limits=RunLimits(concurrency=1, give_up_after_s=1.0),
            tally=RunTally(requests=50_000),
            random=random.Random(7),  # noqa: S311 -- spreads retries
            warn=print,
        )
        shows = asyncio.create_task(batch_run._show(made, 0.0))
        while not terminal.getvalue():
            await asyncio.sleep(0.001)
        shows.cancel()
        await asyncio.gather(shows, return_exceptions=True)

    asyncio.run(story())
    first = terminal.getvalue().split("\r\x1b[K")[1]
    assert first == "     0 of 50,000 answered, 0 failed, 0 i"[:39]


def test_each_end_of_a_run_has_a_sentence_and_an_exit_code() -> None:
    assert set(batch_text._ENDS) == set(RunEnd)
    assert {RunEnd.COMPLETE, RunEnd.INTERRUPTED, *batch_run._EXIT_CODES} == set(RunEnd)


class Terminal(io.StringIO):
    """Standard error as a terminal."""

    def isatty(self) -> bool:
        return True
