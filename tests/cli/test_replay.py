"""`fairlead replay`: every decision comes out the same, or the first that differ are shown field by field."""

import gzip
import io
import json
import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import fairlead
from bench.random_histories import records
from fairlead.cli import replay_records
from fairlead.scaling.explain import record_codec
from fairlead.scaling.explain.decision_record import DecisionRecord
from tests.cli.conftest import Run
from tests.cli.decisions import decided


def _lines(*decision_records: DecisionRecord) -> bytes:
    return b"".join(record_codec.encode(one) + b"\n" for one in decision_records)


def _file(folder: Path, content: bytes, name: str = "decisions.jsonl") -> str:
    path = folder / name
    path.write_bytes(content)
    return str(path)


def _otherwise(record: DecisionRecord) -> DecisionRecord:
    return replace(record, recommendation=replace(record.recommendation, replicas=99))


def test_a_history_comes_out_the_same(run: Run, tmp_path: Path) -> None:
    history = [replace(one, version=fairlead.__version__) for one in records(random.Random(3))]  # noqa: S311
    code, out, err = run("replay", _file(tmp_path, _lines(*history)))
    count = len(history)
    assert (code, out, err) == (0, f"{count} of {count} decisions come out the same\n", "")


def test_a_decision_that_comes_out_differently_is_shown_field_by_field(run: Run, tmp_path: Path) -> None:
    good, bad = decided(), _otherwise(decided(name="other"))
    code, out, _ = run("replay", _file(tmp_path, _lines(good, bad)))
    assert code == 1
    assert "decisions.jsonl:2: infd/other in team at 2026-09-21T" in out
    assert "replicas: was 99, is now 1" in out
    assert out.endswith("1 of 2 decisions come out the same\n")


def test_only_the_first_disagreements_are_shown(run: Run, tmp_path: Path) -> None:
    _, out, _ = run("replay", "--show", "2", _file(tmp_path, _lines(*[_otherwise(decided())] * 5)))
    assert out.count("replicas: was 99") == 2
    assert out.endswith("0 of 5 decisions come out the same\n")


def test_lines_of_another_version_are_reported_with_that_version(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("replay", _file(tmp_path, _lines(decided(), decided(version="0.0.1"))))
    assert code == 0
    assert "1 by 0.0.1" in out
    assert f"this is {fairlead.__version__}" in out


def test_a_broken_line_is_reported_by_its_number_and_a_cut_one_at_the_end_is_skipped(run: Run, tmp_path: Path) -> None:
    whole = _lines(decided())
    code, out, _ = run("replay", _file(tmp_path, whole + b"what is this?\n" + whole + whole[:100]))
    assert code == 1
    assert "decisions.jsonl:2: not a record: JSON is malformed" in out
    assert "decisions.jsonl:4: the last line has no end" in out
    assert out.endswith("2 of 2 decisions come out the same, 1 line is not a record\n")


def test_a_file_that_is_being_written_is_no_failure(run: Run, tmp_path: Path) -> None:
    whole = _lines(decided())
    code, _, _ = run("replay", _file(tmp_path, whole + whole[:100]))
    assert code == 0


def test_a_folder_is_read_oldest_file_first_packed_ones_too(run: Run, tmp_path: Path) -> None:
    _file(tmp_path, gzip.compress(_lines(decided(), decided())), "decisions.jsonl.1.gz")
    _file(tmp_path, _lines(decided()))
    _file(tmp_path, b"nothing to do with it\n", "notes.txt")
    code, out, _ = run("replay", str(tmp_path))
    assert (code, out) == (0, "3 of 3 decisions come out the same\n")


def test_standard_input_will_do(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(_lines(decided()))))
    code, out, _ = run("replay", "-")
    assert (code, out) == (0, "1 of 1 decision comes out the same\n")


@pytest.mark.parametrize("words", [("replay", "-"), ("explain", "--record", "-")])
def test_standard_input_that_is_closed_is_reported_and_is_no_difference(
    run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """As schedulers may start a command; exit code 1 would say that a decision differs."""
    monkeypatch.setattr(sys, "stdin", None)
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert err == f"fairlead {words[0]}: stdin: standard input is closed; redirect a file to it, or name the file\n"


def test_json_is_for_programs(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("replay", "-o", "json", _file(tmp_path, _lines(_otherwise(decided())) + b"?\n"))
    document = json.loads(out)
    assert code == 1
    assert (document["decisions"], document["agree"], document["disagree"], document["broken"]) == (1, 0, 1, 1)
    assert document["firstDisagreements"][0]["differences"] == [{"place": "replicas", "was": "99", "is": "1"}]


@pytest.mark.parametrize(
    ("name", "content", "answer"),
    [
        ("missing.jsonl", None, "No such file or directory"),
        ("empty.jsonl", b"", "no line in it; nothing was decided yet"),
        ("torn.jsonl.gz", gzip.compress(b"x" * 5000, mtime=0)[:20], "the archive is broken"),
        ("no.jsonl.gz", b"plain", "the archive is broken"),
    ],
)
def test_a_file_that_cannot_be_read_is_reported(
    run: Run, tmp_path: Path, name: str, content: bytes | None, answer: str
) -> None:
    path = str(tmp_path / name) if content is None else _file(tmp_path, content, name)
    code, out, err = run("replay", path)
    assert (code, out) == (2, "")
    assert answer in err
    assert name in err


def test_progress_is_shown_periodically_and_erased_at_the_end(tmp_path: Path) -> None:
    lines: list[str] = []
    clock = iter(range(100))
    progress = replay_records.ReplayProgress(clock=lambda: float(next(clock)), wanted=True, show=lines.append)
    path = _file(tmp_path, _lines(decided(), decided()))
    replay_records.replay_all(replay_records.read([path]), progress, keep=1)
    assert lines == ["1 decisions", "2 decisions", " " * 40 + "\r"]


def test_a_record_that_no_autoscaler_can_have_written_is_reported_and_the_rest_repeated(
    run: Run, tmp_path: Path
) -> None:
    whole = _lines(decided())
    document = json.loads(whole)
    late = json.dumps(document | {"now": 1e300}).encode()
    signals = document["facts"]["policy"]["signals"] | {"queue_per_replica": 0}
    policy = document["facts"]["policy"] | {"signals": signals}
    nothing = json.dumps(document | {"facts": document["facts"] | {"policy": policy}}).encode()
    code, out, err = run("replay", _file(tmp_path, b"\n".join((late, nothing, whole))))
    assert (code, err) == (1, "")
    assert "decisions.jsonl:1: not a record: now is 1e+300, and must be seconds since 1970" in out
    assert "decisions.jsonl:2: not a record: its values cannot be decided on (" in out
    assert out.endswith("1 of 1 decision comes out the same, 2 lines are not a record\n")


def test_a_check_that_compared_nothing_does_not_pass(run: Run, tmp_path: Path) -> None:
    code, out, err = run("replay", _file(tmp_path, _lines(decided())[:100]))
    assert (code, out) == (2, "")
    assert "decisions.jsonl:1: its only line has no end" in err
    code, _, err = run("replay", "--show", "-1", _file(tmp_path, _lines(decided())))
    assert (code, err) == (2, "fairlead replay: --show -1: a whole number, 0 or more\n")


def test_a_byte_order_mark_is_skipped_and_a_line_without_end_is_not_read_into_memory(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _lines(decided())
    assert run("replay", _file(tmp_path, b"\xef\xbb\xbf" + whole))[0] == 0
    monkeypatch.setattr(replay_records, "LONGEST_LINE", len(whole) - 1)
    code, out, err = run("replay", _file(tmp_path, whole))
    assert (code, out) == (2, "")
    assert "decisions.jsonl: line 1 is longer than " in err
