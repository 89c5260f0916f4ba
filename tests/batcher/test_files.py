"""The files of a batch: inputs that are read twice, and outputs that one run at a time continues."""

import contextlib
import errno
import fcntl
import gzip
import io
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fairlead.batcher import batch_input
from fairlead.batcher.batch_input import InputUnreadable
from fairlead.batcher.output_file import FailureFile, OutputFile, OutputUnusable
from fairlead.batching.custom_ids import CustomIds

LINES = [(1, b"a\n"), (2, b"\n"), (3, b"b")]


def test_a_file_is_read_as_often_as_needed_and_without_a_spreadsheets_mark(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(b"\xef\xbb\xbfa\n\nb")
    with batch_input.opened(str(tmp_path / "in.jsonl")) as source:
        assert list(source.lines()) == list(source.lines()) == LINES


def test_a_file_needs_no_place_for_temporary_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's root may be read-only."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    (tmp_path / "in.jsonl").write_bytes(b"a\n\nb")
    with batch_input.opened(str(tmp_path / "in.jsonl")) as source:
        assert list(source.lines()) == LINES


def test_a_compressed_file_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "in.gz").write_bytes(gzip.compress(b"a\n\nb"))
    with batch_input.opened(str(tmp_path / "in.gz")) as source:
        assert list(source.lines()) == list(source.lines()) == LINES


def test_half_a_compressed_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in.gz").write_bytes(gzip.compress(os.urandom(5000))[:-900])
    with (
        batch_input.opened(str(tmp_path / "in.gz")) as source,
        pytest.raises(InputUnreadable, match="not a complete gzip file"),
    ):
        list(source.lines())


def test_standard_input_and_pipes_are_copied_since_they_can_be_read_only_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a\n\nb")))
    with batch_input.opened("-") as source:
        assert list(source.lines()) == list(source.lines()) == LINES
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(b"a\n\nb",))
    writer.start()
    with batch_input.opened(str(tmp_path / "pipe")) as source:
        assert list(source.lines()) == list(source.lines()) == LINES
    writer.join()


def test_a_line_without_an_end_takes_no_memory_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_input, "LONGEST_LINE", 8)
    (tmp_path / "in.jsonl").write_bytes(b"1234567\n" + b"x" * 9)
    with (
        batch_input.opened(str(tmp_path / "in.jsonl")) as source,
        pytest.raises(InputUnreadable, match="line 2: it is longer than 64 MiB; write one request a line"),
    ):
        list(source.lines())


def test_two_runs_do_not_write_one_output(tmp_path: Path) -> None:
    with (
        OutputFile(tmp_path / "out.jsonl"),
        pytest.raises(OutputUnusable, match="another run writes it; wait for it, or choose another file"),
        OutputFile(tmp_path / "out.jsonl"),
    ):
        pass


def test_a_file_that_is_no_output_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    text = b'{"custom_id": "a", "response": {"status_code": 200}}\n\nnotes of mine\nwithout an end'
    (tmp_path / "out.jsonl").write_bytes(text)
    with OutputFile(tmp_path / "out.jsonl") as output, pytest.raises(OutputUnusable) as refused:
        output.read_answers(CustomIds())
    assert ": line 3: it is not a line of batch output: " in str(refused.value)
    assert (tmp_path / "out.jsonl").read_bytes() == text


ANSWER = b'{"custom_id": "a", "response": {"status_code": 200}, "error": null}'
FAILURE = b'{"custom_id": "a", "response": null, "error": {"code": "timed_out"}}'
OURS = b'{"id":"batch_req_0000000000000001","custom_id":"b","resp'


def mended(path: Path) -> int:
    """Continue an output; return the answers that it has."""
    with OutputFile(path) as output:
        found = output.read_answers(CustomIds())
        output.mend()
    return found


def test_a_whole_last_answer_without_its_newline_counts_and_gets_one(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_bytes(ANSWER)
    assert mended(tmp_path / "out.jsonl") == 1
    assert (tmp_path / "out.jsonl").read_bytes() == ANSWER + b"\n"


def test_a_line_of_a_run_that_was_ended_is_cut_off(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_bytes(ANSWER + b"\n" + OURS)
    assert mended(tmp_path / "out.jsonl") == 1
    assert (tmp_path / "out.jsonl").read_bytes() == ANSWER + b"\n"


@pytest.mark.parametrize("text", [b'{"fleet": "chat"}', b"PK\x03\x04\x00", ANSWER[:40], b'{"custom_id": "a"}\n'])
def test_no_other_file_is_emptied_by_a_wrong_name(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "mine").write_bytes(text)
    with OutputFile(tmp_path / "mine") as output, pytest.raises(OutputUnusable, match="line 1: it is not a line of"):
        output.read_answers(CustomIds())
    with pytest.raises(OutputUnusable, match=r"--errors .*: line 1: it is not a line of .*; choose another file"):
        FailureFile(tmp_path / "mine").__enter__()
    assert (tmp_path / "mine").read_bytes() == text


@pytest.mark.parametrize("zeros", [b"\0" * 9, OURS + b"\0" * 9, OURS[:5] + b"\0" * 9])
def test_zero_bytes_that_a_power_cut_left_are_cut_off(tmp_path: Path, zeros: bytes) -> None:
    (tmp_path / "out.jsonl").write_bytes(ANSWER + b"\n" + zeros)
    assert mended(tmp_path / "out.jsonl") == 1
    assert (tmp_path / "out.jsonl").read_bytes() == ANSWER + b"\n"


def test_answers_of_another_run_are_not_deleted_by_the_wrong_one_of_two_names(tmp_path: Path) -> None:
    text = FAILURE + b"\n" + ANSWER + b"\n"
    (tmp_path / "out.jsonl").write_bytes(text)
    with pytest.raises(OutputUnusable, match=r"--errors .*: line 2: it holds an answer, which would be deleted; "):
        FailureFile(tmp_path / "out.jsonl").__enter__()
    assert (tmp_path / "out.jsonl").read_bytes() == text


@pytest.mark.parametrize("made", [OutputFile, FailureFile])
def test_what_cannot_be_read_again_is_no_place_for_answers(
    tmp_path: Path, made: type[OutputFile] | type[FailureFile]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path(os.devnull)):
        with pytest.raises(OutputUnusable, match=f"{path}: it is not a regular file, .*; choose one that is"):
            made(path).__enter__()


@contextlib.contextmanager
def redirected(stream: int, path: Path) -> Iterator[None]:
    """As a shell does by `> path`."""
    before, file = os.dup(stream), os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        os.dup2(file, stream)
        yield
    finally:
        os.dup2(before, stream)
        os.close(before)
        os.close(file)


@pytest.mark.parametrize(("stream", "name"), [(1, "output"), (2, "error")])
@pytest.mark.parametrize("made", [OutputFile, FailureFile])
def test_a_file_that_the_command_prints_to_is_no_place_for_answers(
    tmp_path: Path, made: type[OutputFile] | type[FailureFile], stream: int, name: str
) -> None:
    """The shell opened it: what is printed begins at its first byte, over the answers."""
    (tmp_path / "out.jsonl").write_bytes(FAILURE + b"\n")
    with redirected(stream, tmp_path / "out.jsonl"):
        for path in (tmp_path / "out.jsonl", Path(f"/dev/fd/{stream}")):
            with pytest.raises(
                OutputUnusable, match=f"{path}: standard {name} goes to it too, so .*; name another file"
            ):
                made(path).__enter__()
    assert (tmp_path / "out.jsonl").read_bytes() == FAILURE + b"\n"


def test_a_command_without_standard_streams_has_outputs_as_any_other(tmp_path: Path) -> None:
    """The output may get the number of one that is closed."""
    before = [(stream, os.dup(stream)) for stream in (1, 2)]
    try:
        for stream, _ in before:
            os.close(stream)
        with OutputFile(tmp_path / "out.jsonl") as output, FailureFile(tmp_path / "errors.jsonl"):
            output.add(ANSWER)
    finally:
        for stream, kept in before:
            os.dup2(kept, stream)
            os.close(kept)
    assert (tmp_path / "out.jsonl").read_bytes() == ANSWER


def test_a_volume_without_locks_is_not_taken_for_a_second_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refused)
    because = r"its volume cannot lock files \(No locks available\), so two runs could write it; choose another volume"
    with pytest.raises(OutputUnusable, match=because):
        OutputFile(tmp_path / "out.jsonl").__enter__()


@pytest.mark.parametrize("text", [b"", FAILURE + b"\nmore", OURS, OURS[:5] + b"\0" * 9])
def test_failures_of_the_last_run_are_removed_and_two_runs_do_not_share_a_file(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "errors.jsonl").write_bytes(text)
    with (
        FailureFile(tmp_path / "errors.jsonl") as failures,
        pytest.raises(OutputUnusable, match=r"--errors .*: another run writes it"),
        FailureFile(tmp_path / "errors.jsonl"),
    ):
        pass
    assert not (tmp_path / "errors.jsonl").exists()
    with FailureFile(tmp_path / "errors.jsonl") as failures:
        failures.add(FAILURE + b"\n")
    assert (tmp_path / "errors.jsonl").read_bytes() == FAILURE + b"\n"
