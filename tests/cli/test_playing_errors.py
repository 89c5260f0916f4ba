"""What ends a command that plays traffic, and with which code."""

import errno

import pytest

from fairlead.cli import playing_errors
from fairlead.cli.argument_values import ArgumentValueError
from fairlead.cli.cluster_client import ClusterUnavailable


def test_a_reader_that_closes_the_output_is_no_error_of_an_argument() -> None:
    def closed() -> int:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        playing_errors.reported("simulate", closed)


def test_an_output_that_is_full_is_no_error_of_an_argument_and_a_report_that_is_full_is() -> None:
    """It ended with 2 and `fairlead simulate: None: No space left on device`; elsewhere it is 74, with what to do."""

    def full(*place: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", *place)

    with pytest.raises(OSError, match="No space left"):
        playing_errors.reported("simulate", full)
    assert playing_errors.reported("simulate", lambda: full("report.html")) == 2


def test_an_invalid_argument_and_a_missing_file_end_with_their_reason(capsys: pytest.CaptureFixture[str]) -> None:
    def invalid() -> int:
        raise ArgumentValueError("--start -1: a number between 0 and 10000")

    def missing() -> int:
        raise FileNotFoundError(2, "No such file or directory", "a.csv")

    assert (playing_errors.reported("tune", invalid), playing_errors.reported("tune", missing)) == (2, 2)
    assert capsys.readouterr().err == (
        "fairlead tune: --start -1: a number between 0 and 10000\n"
        "fairlead tune: a.csv: No such file or directory; correct the path\n"
    )


def test_a_cluster_without_the_data_is_no_answer_about_the_candidates(capsys: pytest.CaptureFixture[str]) -> None:
    """It ended with 1, by which a check of a change request says that no candidate keeps its objectives."""

    def unavailable() -> int:
        raise ClusterUnavailable("infd/chat has no router")

    assert playing_errors.reported("simulate", unavailable) == 2
    assert capsys.readouterr().err == "fairlead simulate: infd/chat has no router\n"
