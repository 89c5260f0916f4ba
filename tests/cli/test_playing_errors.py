"""What ends a command that plays traffic, and with which code."""

import pytest

from fairlead.cli import playing_errors
from fairlead.cli.argument_values import ArgumentValueError


def test_a_reader_that_closes_the_output_is_no_error_of_an_argument() -> None:
    def closed() -> int:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        playing_errors.reported("simulate", closed)


def test_an_invalid_argument_and_a_missing_file_end_with_their_reason(capsys: pytest.CaptureFixture[str]) -> None:
    def invalid() -> int:
        raise ArgumentValueError("--start -1: a number between 0 and 10000")

    def missing() -> int:
        raise FileNotFoundError(2, "No such file or directory", "a.csv")

    assert (playing_errors.reported("tune", invalid), playing_errors.reported("tune", missing)) == (2, 2)
    assert capsys.readouterr().err == (
        "fairlead tune: --start -1: a number between 0 and 10000\nfairlead tune: a.csv: No such file or directory\n"
    )
