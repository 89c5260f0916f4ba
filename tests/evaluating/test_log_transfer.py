"""A file passes through a log whole, or not at all."""

import random

import pytest

from fairlead.evaluating import handed_lines
from fairlead.evaluating.handed_lines import MAX_BYTES, NotHandedOver

TEXT = b'{"input": "2 + 2?", "target": "4"}\n' * 3000


def test_a_file_comes_back_unchanged_in_lines_that_no_container_runtime_splits() -> None:
    lines = list(handed_lines.written(TEXT))
    assert handed_lines.read(lines) == TEXT
    assert max(len(line) for line in lines) < 16 * 1024


def test_other_output_of_the_program_is_skipped() -> None:
    lines = list(handed_lines.written(TEXT))
    assert handed_lines.read(["a warning", *lines[:1], "another", *lines[1:], ""]) == TEXT


def test_an_empty_file_passes_as_a_file() -> None:
    assert handed_lines.read(handed_lines.written(b"")) == b""


@pytest.mark.parametrize("lost", [0, -1])
def test_a_log_that_lost_a_line_yields_no_file(lost: int) -> None:
    lines = list(handed_lines.written(random.Random(1).randbytes(20_000)))  # noqa: S311  # no secret
    del lines[lost]
    with pytest.raises(NotHandedOver, match="does not hold the whole file; delete the pod"):
        handed_lines.read(lines)


def test_a_line_that_was_changed_yields_no_file() -> None:
    first, *rest = handed_lines.written(TEXT)
    for changed in (first[:-3] + "!!!", first[:20] + first[24:]):
        with pytest.raises(NotHandedOver):
            handed_lines.read([changed, *rest])


def test_a_file_that_is_too_large_is_refused_with_its_size() -> None:
    with pytest.raises(NotHandedOver, match="16,777,217 bytes, and at most 16,777,216 are read; split the file"):
        list(handed_lines.written(b"x" * (MAX_BYTES + 1)))
    noise = random.Random(1).randbytes(7 * 2**20)  # noqa: S311  # no secret
    with pytest.raises(NotHandedOver, match="bytes when packed, and at most 6,291,456 are handed over; split the file"):
        list(handed_lines.written(noise))


def test_the_digest_of_the_files_in_the_same_folder_has_a_line_of_its_own() -> None:
    assert handed_lines.beside(["a warning", f"{handed_lines.BESIDE}abc ", *handed_lines.written(TEXT)]) == "abc"
    assert handed_lines.beside([]) == ""
