"""Size and speed: the note on size has a row for each package, and a missed limit is shown."""

from pathlib import Path

import pytest

from prove import programs
from prove.claimed import size_and_pace
from prove.programs import Ended


def test_the_note_has_a_row_for_each_room() -> None:
    figure = size_and_pace.smaller_or_explained()
    assert figure.holds
    assert "has a row for each of" in figure.text


def test_a_room_that_the_note_leaves_out_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    note = tmp_path / "note.md"
    text = size_and_pace.NOTE.read_text(encoding="utf-8")
    note.write_text(
        "\n".join(line for line in text.splitlines() if not line.startswith("| `review`")), encoding="utf-8"
    )
    monkeypatch.setattr(size_and_pace, "NOTE", note)
    figure = size_and_pace.smaller_or_explained()
    assert not figure.holds
    assert figure.text.endswith("no row for ['review']")


@pytest.mark.parametrize(("seconds", "code", "holds"), [(20.0, 0, True), (20.0, 1, False), (1000.0, 0, False)])
def test_a_check_that_fails_or_takes_too_long_does_not_hold(
    monkeypatch: pytest.MonkeyPatch, seconds: float, code: int, holds: bool
) -> None:
    output = "".join(f"{name}: as it was when it last held; not run again\n" for name in ("scaling", "house", "faults"))

    def ended(*words: str, **_: object) -> Ended:
        return Ended(command=" ".join(words), code=code, seconds=seconds, output=output)

    monkeypatch.setattr(programs, "run", ended)
    monkeypatch.setattr(programs, "make", ended)
    figure = size_and_pace.quick_enough()
    assert figure.holds is holds
    assert f".ci/run: {seconds:.0f} s (at most 900" in figure.text
    assert "2 of its lanes had passed before on the same files" in figure.text, "scaling is a part of the pure tests"
