"""Checked lines that are read again to be sent: each is still the one that was checked, or reading ends."""

import pytest

from fairlead.batching import batch_check, checked_lines
from fairlead.batching.batch_check import BatchContents
from fairlead.batching.checked_lines import InputChanged
from fairlead.batching.custom_ids import CustomIds
from tests.batching.batch_lines import request, text

FIRST, SECOND, THIRD = text(), text(custom_id="r-2"), text(custom_id="r-3")


def checked(*lines: bytes) -> tuple[BatchContents, CustomIds]:
    """A file that was found to be without faults; its first request has an answer."""
    ids = CustomIds()
    ids.add_answer("r-1", request().digest)
    contents = batch_check.check(enumerate(lines, start=1), ids)
    assert contents.faulty == 0
    return contents, ids


def read_again(before: tuple[bytes, ...], now: tuple[bytes, ...]) -> list[str | None]:
    """The names of what is sent of the file as it is now."""
    found = checked_lines.unanswered(enumerate(now, start=1), *checked(*before))
    return [one.custom_id if one else None for one in found]


def test_what_has_no_answer_is_sent_in_the_order_of_the_file() -> None:
    assert read_again((FIRST, b"\n", SECOND, THIRD), (FIRST, b"\n", SECOND, THIRD)) == ["r-2", "r-3"]
    assert read_again((), ()) == []


def test_others_get_a_turn_while_many_lines_are_skipped() -> None:
    lines = (FIRST, *[b"\n"] * 2500, SECOND)
    assert read_again(lines, lines) == [None, None, "r-2"]


@pytest.mark.parametrize(
    ("now", "because"),
    [
        ((FIRST, SECOND, THIRD, b"\n"), "line 4: it was added"),
        ((FIRST, SECOND), "it ends after line 2 of 3"),
        ((FIRST, SECOND, text(custom_id="r-9")), "line 3: custom_id: r-9: it is new"),
        ((FIRST, SECOND, text(custom_id="r-3", url="/v1/responses")), "r-3: its request was changed"),
        ((FIRST, SECOND, SECOND), "some of 3 lines are others than those that were checked"),
        ((FIRST, SECOND, b"{"), "line 3: "),
    ],
)
def test_a_line_that_was_not_checked_ends_the_reading(now: tuple[bytes, ...], because: str) -> None:
    with pytest.raises(InputChanged) as changed:
        read_again((FIRST, SECOND, THIRD), now)
    assert because in str(changed.value)
