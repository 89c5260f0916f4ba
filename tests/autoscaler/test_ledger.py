"""Decisions on disk: whole, bounded, and never delaying the next decision."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from fairlead.autoscaler import ledger
from fairlead.autoscaler.ledger import Ledger
from fairlead.scaling.explain import record_codec
from fairlead.scaling.explain.decision_record import DecisionRecord
from tests.cli.decisions import decided


def kept(path: Path) -> list[object]:
    return [record_codec.decode(line) for line in path.read_bytes().splitlines()]


def later(seconds: float) -> DecisionRecord:
    """The same decision, this many seconds later."""
    return replace(decided(), now=decided().now + seconds)


def test_every_decision_is_a_line_of_its_own_in_a_folder_or_a_file(tmp_path: Path) -> None:
    for place, path in ((tmp_path / "folder", tmp_path / "folder" / ledger.NAME), (tmp_path / "one.jsonl",) * 2):
        if not place.suffix:
            place.mkdir()
        writing = Ledger(place)
        writing.note("uid", decided())
        writing.note("uid", later(1.0))
        writing.close()
        assert kept(path) == [decided(), later(1.0)]


def test_a_full_file_makes_room_and_the_oldest_goes(tmp_path: Path) -> None:
    for number in range(1, ledger.MAX_FILES):
        (tmp_path / f"{ledger.NAME}.{number}").write_text(f"{number}", encoding="utf-8")
    with (tmp_path / ledger.NAME).open("wb") as file:
        file.truncate(ledger.LARGEST_FILE)
    writing = Ledger(tmp_path)
    writing.note("uid", decided())
    writing.close()
    names = {one.name for one in tmp_path.iterdir()}
    assert names == {ledger.NAME, *(f"{ledger.NAME}.{number}" for number in range(1, ledger.MAX_FILES))}
    assert kept(tmp_path / ledger.NAME) == [decided()]
    assert (tmp_path / f"{ledger.NAME}.1").stat().st_size == ledger.LARGEST_FILE
    assert (tmp_path / f"{ledger.NAME}.2").read_text(encoding="utf-8") == "1"


def test_a_disk_that_refuses_writes_is_logged_once_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "taken.jsonl"
    path.mkdir()
    writing = Ledger(path)
    (path / ledger.NAME).mkdir()
    for second in range(3):
        writing.note("uid", later(second))
    writing.close()
    assert [one.message.partition(":")[0] for one in caplog.records if one.levelno == logging.WARNING] == [
        f"records cannot be written to {path / ledger.NAME}"
    ]


def test_the_log_has_a_line_for_each_change_and_one_a_minute_while_nothing_changes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="fairlead.decisions")
    run = Ledger(None)
    changed = replace(later(2.0), recommendation=replace(decided().recommendation, replicas=9))
    for record in (decided(), later(1.0), changed, replace(changed, now=changed.now + 61.0)):
        run.note("uid", record)
    assert [one.getMessage().split(":")[0].split(", ")[1] for one in caplog.records] == [
        f"{decided().recommendation.replicas} recommended",
        "9 recommended",
        "9 recommended",
    ]
    run.keep(frozenset())
    run.note("uid", later(70.0))
    assert len(caplog.records) == 4


def test_the_log_goes_on_once_a_minute_after_the_clock_was_set_back(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="fairlead.decisions")
    run = Ledger(None)
    for seconds in (0.0, -3600.0, -3599.0, -3539.0):
        run.note("uid", later(seconds))
    assert len(caplog.records) == 3


def test_a_place_where_no_folder_can_be_made_is_named_with_its_option(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ledger.LedgerPlaceError) as raised:
        Ledger(tmp_path / "file" / "kept")
    assert str(raised.value) == f"--decisions {tmp_path}/file/kept: Not a directory; name a writable folder"
