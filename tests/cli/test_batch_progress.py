"""The line that shows how far `fairlead batch` is."""

import argparse
import io
import json
import signal
from pathlib import Path
from typing import Final

import pytest

from fairlead.batching.reply_facts import TokenUsage
from fairlead.batching.run_tally import RunEnd, RunTally
from fairlead.cli import batch, batch_inputs, batch_run, batch_text, main
from fairlead.cli.batch_text import ShownBatch
from tests.batching.batch_lines import LINE
from tests.evaluator.pretended_endpoint import PretendedEndpoint


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
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    terminal, source = Terminal(), tmp_path / "in.jsonl"
    monkeypatch.setattr("sys.stderr", terminal)
    source.write_text(json.dumps(LINE))
    with PretendedEndpoint(takes_s=lambda _: 0.8, list_text="") as endpoint:
        code = main.main(["batch", str(source), "--to", endpoint.url, "--output", str(tmp_path / "out.jsonl")])
    _, first, *_ = terminal.getvalue().split("\r\x1b[K")
    assert (code, first) == (0, "0 of 1 answered, 0 failed"[:19])


ENDS: Final = {
    RunEnd.COMPLETE: 0,
    RunEnd.INTERRUPTED: 128 + signal.SIGTERM,
    RunEnd.TIME_OVER: 3,
    RunEnd.NO_ANSWERS: 4,
    RunEnd.UNUSABLE: 4,
    RunEnd.INPUT_CHANGED: 2,
}
"""Exit codes."""


@pytest.mark.parametrize("end", RunEnd)
def test_each_end_of_a_run_has_a_sentence_and_an_exit_code(end: RunEnd, tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    batch.arguments(parser)
    chosen = parser.parse_args([str(tmp_path / "in"), "--to", "http://chat", "--output", str(tmp_path / "out")])
    shown = ShownBatch(
        inputs=batch_inputs.read(chosen), tally=RunTally(requests=1), end=end, detail="in detail", seconds=1.0
    )
    sentence = batch_text.as_text(shown).splitlines()[-1]
    assert (sentence.startswith(f"{end}: "), sentence.endswith(": in detail")) == (True, True)
    assert batch_run.exit_code(shown, signal.SIGTERM) == ENDS[end]


class Terminal(io.StringIO):
    """Standard error as a terminal."""

    def isatty(self) -> bool:
        return True
