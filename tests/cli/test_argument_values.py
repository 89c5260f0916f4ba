"""Durations and numbers as people write them, and files that are to be written."""

from pathlib import Path

import pytest

from fairlead.cli import argument_values
from fairlead.cli.argument_values import ArgumentValueError


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("800ms", 0.8), ("1.5s", 1.5), ("2m", 120.0), ("24h", 86400.0), ("14d", 1209600.0), ("0.5d", 43200.0)],
)
def test_a_duration_may_be_in_any_unit_up_to_days(written: str, seconds: float) -> None:
    assert argument_values.duration("--since", written) == pytest.approx(seconds)


@pytest.mark.parametrize("written", ["", "5", "0s", "0.0d", "2w", "-1s", "nan", "nans", f"{'9' * 400}s", "٣s"])
def test_what_is_no_duration_is_answered_with_the_units(written: str) -> None:
    with pytest.raises(ArgumentValueError) as refused:
        argument_values.duration("--since", written)
    assert str(refused.value) == (f"--since {written}: not a time; write it in ms, s, m, h or d, such as 1.5s or 14d")


@pytest.mark.parametrize("written", ["nan", "inf", "-inf", "x", "", "0.9", "2.1"])
def test_a_number_beyond_its_limits_is_refused(written: str) -> None:
    with pytest.raises(ArgumentValueError, match=f"--burst {written}: a number between 1 and 2"):
        argument_values.number("--burst", written, 1, 2)


def test_a_file_that_cannot_be_written_is_refused_beforehand(tmp_path: Path) -> None:
    argument_values.check_writable("--out", str(tmp_path / "new.json"))
    (tmp_path / "old.json").write_text("")
    argument_values.check_writable("--out", str(tmp_path / "old.json"))
    for written, because in (
        ("", "not a file"),
        (str(tmp_path), "not a file; write the path of one"),
        (str(tmp_path / "none" / "x"), "there is no such folder; create it first"),
    ):
        with pytest.raises(ArgumentValueError) as refused:
            argument_values.check_writable("--out", written)
        assert str(refused.value).startswith(f"--out {written}: {because}")
