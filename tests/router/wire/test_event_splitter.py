"""A stream has the same events however its bytes arrive and however it breaks lines."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from fairlead.router.wire import event_splitter

LINES = st.lists(st.sampled_from((b"data: {}", b"event: done", b": ping", b"")), max_size=12)


@given(LINES, st.sampled_from((b"\n", b"\r\n", b"\r")), st.lists(st.integers(0, 80), max_size=5))
def test_events_are_the_same_for_any_line_break_and_any_pieces(lines: list[bytes], end: bytes, cuts: list[int]) -> None:
    stream = b"".join(line + end for line in lines) + b"data: last"
    whole = event_splitter.split(b"", b"".join(line + b"\n" for line in lines) + b"data: last")
    found, rest, places = [], b"", [0, *sorted(cuts), len(stream)]
    for begin, stop in pairwise(places):
        *events, rest = event_splitter.split(rest, stream[begin:stop])
        found += events
    assert [*found, rest] == whole


def test_a_cr_at_the_end_waits_for_the_lf_that_may_follow() -> None:
    assert event_splitter.split(b"", b"data: 1\r\n\r") == [b"data: 1\n\r"]
    assert event_splitter.split(b"data: 1\n\r", b"\ndata: 2") == [b"data: 1", b"data: 2"]
