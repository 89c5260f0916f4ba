"""Chunks followed wherever reads end, and answers that break off: ended so that a client can tell."""

from hypothesis import given
from hypothesis import strategies as st

from fairlead.router.wire import chunked_reply, frames
from fairlead.router.wire.head_cache import HeadCache
from fairlead.router.wire.responses import ReplyFraming, ResponseReader
from tests.router.wire import cuts
from tests.router.wire.answers import EVENTS, SIZED, STREAM, STREAM_HEAD, UNTIL_CLOSE, Answer, dechunked

LAST_WORDS = b"\n\ndata: cut\n\n"


def test_a_stream_that_breaks_off_anywhere_ends_properly_with_the_final_message_in_it() -> None:
    trailed = STREAM[:-2] + b"x-sum: 1\r\n\r\n"
    for size in range(len(STREAM_HEAD), len(trailed)):
        for out in (ReplyFraming.AS_IT_CAME, ReplyFraming.EDITED):
            answer = Answer([trailed[:size]], framing=out)
            last = answer.reader.cut(LAST_WORDS)
            assert last is not None
            before = frames.chunk(answer.payload) if out is ReplyFraming.EDITED else answer.passed
            body = dechunked(before + last)
            assert body.startswith(answer.payload)
            over = out is ReplyFraming.AS_IT_CAME and answer.payload == EVENTS and b"\r\n0\r\n" in answer.passed
            assert body.removeprefix(answer.payload).rstrip(b"\n") == (b"" if over else LAST_WORDS.rstrip(b"\n"))


def test_garbage_in_the_middle_of_a_stream_ends_it_with_the_final_message_too() -> None:
    answer = Answer([STREAM_HEAD + b"2\r\nhi\r\n", b"zz\r\n"])
    assert answer.reader.bad
    last = answer.reader.cut(LAST_WORDS)
    assert last is not None
    assert dechunked(answer.passed + last) == b"hi" + LAST_WORDS


def test_where_there_is_no_room_for_a_final_message_none_is_written() -> None:
    assert Answer([SIZED[:-3]]).reader.cut(LAST_WORDS) is None
    assert Answer([SIZED[:9]]).reader.cut(LAST_WORDS) is None
    assert Answer([STREAM]).reader.cut(LAST_WORDS) is None
    assert Answer([STREAM_HEAD + b"7fffffff\r\nhello"]).reader.cut(LAST_WORDS) is None
    assert Answer([STREAM_HEAD], framing=ReplyFraming.PLAIN).reader.cut(LAST_WORDS) == LAST_WORDS
    until_close = Answer([UNTIL_CLOSE])
    last = until_close.reader.cut(LAST_WORDS)
    assert last is not None
    assert dechunked(until_close.passed + last) == b"hello" + LAST_WORDS


def test_chunks_of_sizes_seen_before_pass_alone_and_in_bursts_and_half() -> None:
    one = b"3\r\nabc\r\n"
    reads = [STREAM_HEAD + one, one, one * 3, one + one[:4], one[4:], one, frames.LAST]
    answer = Answer(reads)
    assert answer.passed == b"".join(reads).removeprefix(STREAM_HEAD)
    assert answer.payload == b"abc" * 8
    assert answer.reader.done


def test_a_size_line_that_is_cut_before_its_line_feed_is_not_taken_for_whole() -> None:
    heads = HeadCache()
    one = b"f\r\nabcdefghijklm\r\n\r\n"
    for tail in (b"f", b"f\r", b"f;", b""):
        reader = ResponseReader(heads)
        reader.begin()
        reader.feed(STREAM_HEAD + one)
        assert reader.feed(one + tail) == one
        assert reader.payload == b"abcdefghijklm\r\n"
        reader.feed(one[len(tail) :] if tail in (b"f", b"f\r") else b"")
        assert reader.bad is None


def test_sizes_that_are_remembered_are_bounded() -> None:
    heads = HeadCache()
    reader = ResponseReader(heads)
    reader.begin()
    reader.feed(STREAM_HEAD)
    for number in range(1, 6000):
        reader.feed(b"%x\r\n" % number + b"x" * number + b"\r\n")
    assert reader.bad is None
    assert len(heads.sizes) == chunked_reply.SIZES


@given(parts=st.lists(st.binary(min_size=1, max_size=40), max_size=8), places=cuts.places)
def test_no_byte_is_ever_lost_or_made(parts: list[bytes], places: list[int]) -> None:
    raw = b"".join(frames.chunk(part) for part in parts) + frames.LAST
    answer = Answer(cuts.at(STREAM_HEAD + raw, places))
    assert (answer.passed, answer.payload, answer.reader.done) == (raw, b"".join(parts), True)
    assert dechunked(answer.passed) == answer.payload


@given(data=st.binary(max_size=200), places=cuts.places, framing=st.sampled_from(ReplyFraming))
def test_no_bytes_ever_raise_and_cuts_change_nothing(data: bytes, places: list[int], framing: ReplyFraming) -> None:
    for sent in (data, b"HTTP/1.1 " + data, STREAM_HEAD + data, STREAM_HEAD + b"3\r\nabc\r\n" + data):
        whole, cut = Answer([sent], framing=framing), Answer(cuts.at(sent, places), framing=framing)
        assert (whole.payload, whole.reader.done) == (cut.payload, cut.reader.done)
        assert (whole.reader.bad is None) == (cut.reader.bad is None)
        if sent.startswith(STREAM_HEAD) and not whole.reader.done:
            last = whole.reader.cut(LAST_WORDS)
            if last is not None and framing is ReplyFraming.AS_IT_CAME:
                assert dechunked(whole.passed + last).startswith(whole.payload)
