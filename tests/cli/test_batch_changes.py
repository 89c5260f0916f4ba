"""The input of `fairlead batch` that changes while it is read: the rest is not sent, and the end says so.

One that does not change may be read as often as its models need.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fairlead.batching import attempt_outcomes, model_rests
from tests.cli.conftest import Run
from tests.cli.test_batch import line
from tests.evaluator.pretended_endpoint import PretendedEndpoint

ROWS = [line(number) for number in range(400)]


@pytest.fixture
def endpoint() -> Iterator[PretendedEndpoint]:
    with PretendedEndpoint() as one:
        yield one


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_text("".join(ROWS))
    return path


@pytest.fixture
def words(tmp_path: Path, source: Path, endpoint: PretendedEndpoint) -> list[str]:
    return ["batch", str(source), "--to", endpoint.url, "--output", str(tmp_path / "out.jsonl"), "--concurrency", "4"]


def changes(endpoint: PretendedEndpoint, change: Callable[[], object]) -> None:
    """Change the input while its twentieth question is answered, before its last lines are read again."""

    def answer(question: str) -> str:
        if question == "q20":
            change()
        return question.upper()

    endpoint.answer = answer


@pytest.mark.parametrize("added", [line(1), line(900), "no request\n", "\n"])
def test_lines_that_are_added_during_a_run_are_not_sent(
    run: Run, words: list[str], source: Path, endpoint: PretendedEndpoint, added: str
) -> None:
    def append() -> None:
        with source.open("a") as more:
            more.write(added)

    changes(endpoint, append)
    code, out, _ = run(*words)
    assert (code, set(endpoint.seen)) == (2, {f"q{number}" for number in range(400)})
    assert out.splitlines()[-1] == (
        "InputChanged: the input changed while it was read; run the same command again when it is complete: "
        "line 401: it was added"
    )
    assert re.search(r"^left +0$", out, re.MULTILINE)


def test_a_file_that_is_cut_short_during_a_run_is_not_complete(
    run: Run, words: list[str], source: Path, endpoint: PretendedEndpoint
) -> None:
    changes(endpoint, lambda: os.truncate(source, len("".join(ROWS[:300]))))
    code, out, _ = run(*words)
    assert code == 2
    assert out.splitlines()[-1].endswith(": it ends after line 300 of 400")
    assert re.search(r"^left +100$", out, re.MULTILINE)
    changes(endpoint, lambda: None)
    source.write_text("".join(ROWS))
    assert run(*words)[0] == 0


@pytest.mark.parametrize(
    ("other", "because"),
    [
        (line(900), "line 400: custom_id: r-900: it is new"),
        (line(399).replace("q399", "q999"), "line 400: custom_id: r-399: its request was changed"),
        (line(398), "some of 400 lines are others than those that were checked"),
    ],
)
def test_a_line_that_is_replaced_during_a_run_is_noticed(
    run: Run, words: list[str], endpoint: PretendedEndpoint, other: str, because: str
) -> None:
    def replace() -> None:
        with Path(words[1]).open("r+b") as file:
            file.seek(len("".join(ROWS[:399])))
            file.write(other.encode())

    changes(endpoint, replace)
    code, out, _ = run(*words)
    assert code == 2
    assert out.splitlines()[-1].endswith(f": {because}")
    assert set(endpoint.seen) <= {f"q{number}" for number in range(400)}  # nothing that was not checked


def test_what_memory_had_no_room_for_while_no_replica_served_is_read_again_and_sent(
    run: Run, words: list[str], endpoint: PretendedEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt_outcomes, "FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(model_rests, "MAX_BYTES", 20 * 1024)
    endpoint.refusals, endpoint.code = [(503, "")] * 8, "no_replica_routable"
    code, out, _ = run(*words)
    assert code == 0
    assert out.splitlines()[-1] == "Complete: all requests have ended"
    assert endpoint.seen == {f"q{number}": 1 for number in range(400)}
