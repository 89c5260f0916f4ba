"""Answers from an engine's bytes: followed to their exact end, passed on unchanged, and ended properly if cut."""

import pytest

from fairlead.router.wire import chunked_reply, heads, response_heads
from fairlead.router.wire.head_cache import HeadCache
from fairlead.router.wire.responses import ReplyFraming, ResponseReader
from tests.router.wire import cuts
from tests.router.wire.answers import CHUNKS, EVENTS, SIZED, STREAM, STREAM_HEAD, UNTIL_CLOSE, Answer


@pytest.mark.parametrize(
    ("sent", "raw", "payload"),
    [(STREAM, CHUNKS, EVENTS), (SIZED, b'{"a":1}', b'{"a":1}')],
    ids=["chunked", "sized"],
)
def test_an_answer_passes_as_it_came_wherever_it_is_cut(sent: bytes, raw: bytes, payload: bytes) -> None:
    for pieces in cuts.everywhere(sent):
        answer = Answer(pieces)
        assert (answer.passed, answer.payload) == (raw, payload)
        assert (answer.reader.done, answer.reader.keep_alive, answer.reader.bad) == (True, True, None)


def test_its_head_goes_on_without_what_speaks_of_the_connection() -> None:
    reader = Answer([STREAM]).reader
    assert reader.head is not None
    assert (reader.head.status, reader.head.streams) == (200, True)
    client = heads.client(reader.head, reader.framing, b"x-request-id: ours\r\n", close=True)
    assert client == (
        b"HTTP/1.1 200 OK\r\ndate: today\r\nserver: uvicorn\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
        b"transfer-encoding: chunked\r\nx-request-id: ours\r\nconnection: close\r\n\r\n"
    )


def test_an_http_1_0_client_gets_no_chunks() -> None:
    for pieces in cuts.everywhere(STREAM):
        answer = Answer(pieces, framing=ReplyFraming.PLAIN)
        assert (answer.passed, answer.reader.framing, answer.reader.done) == (EVENTS, b"", True)
    assert Answer([SIZED], framing=ReplyFraming.PLAIN).reader.framing == b"content-length: 7\r\n"


def test_an_edited_answer_is_framed_by_the_code_that_edits_it() -> None:
    for sent, payload in ((STREAM, EVENTS), (SIZED, b'{"a":1}'), (UNTIL_CLOSE, b"hello")):
        for pieces in cuts.everywhere(sent):
            answer = Answer(pieces, framing=ReplyFraming.EDITED)
            assert (answer.passed, answer.payload) == (b"", payload)
            assert answer.reader.framing == b"transfer-encoding: chunked\r\n"
    empty = Answer([b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"], framing=ReplyFraming.EDITED)
    assert empty.reader.framing == b"content-length: 0\r\n"


@pytest.mark.parametrize(
    ("framing", "raw"), [(ReplyFraming.AS_IT_CAME, b"5\r\nhello\r\n0\r\n\r\n"), (ReplyFraming.PLAIN, b"hello")]
)
def test_an_answer_that_ends_with_its_connection_gets_an_end_of_ours(framing: ReplyFraming, raw: bytes) -> None:
    answer = Answer([UNTIL_CLOSE], framing=framing)
    assert not answer.reader.done
    owed = answer.reader.eof()
    assert owed is not None
    assert answer.passed + owed == raw
    assert (answer.reader.done, answer.reader.keep_alive) == (True, False)
    assert Answer([UNTIL_CLOSE], framing=ReplyFraming.EDITED).reader.eof() == b""


@pytest.mark.parametrize(
    ("sent", "head_only"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", False),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n", True),
        (STREAM_HEAD, True),
    ],
)
def test_some_answers_have_no_body(sent: bytes, head_only: bool) -> None:
    for pieces in cuts.everywhere(sent):
        answer = Answer(pieces, head_only=head_only)
        assert (answer.passed, answer.reader.done, answer.reader.keep_alive) == (b"", True, True)
    if b" 200 " not in sent:
        assert Answer([sent]).reader.framing == b""


def test_interim_answers_are_passed_over_however_many() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n"
    for pieces in cuts.everywhere(interim + SIZED):
        assert Answer(pieces).passed == b'{"a":1}'
    assert Answer([interim * 2000 + SIZED]).passed == b'{"a":1}'
    reader = Answer([interim]).reader
    assert (reader.began, reader.done, reader.bad) == (False, False, None)


@pytest.mark.parametrize("sent", [STREAM, SIZED], ids=["chunked", "sized"])
def test_bytes_behind_an_answer_are_dropped_and_its_connection_is_not_used_again(sent: bytes) -> None:
    whole = Answer([sent])
    for pieces in ([sent + b"x"], [sent, b"x"], [sent[:-1], sent[-1:] + b"HTTP/1.1 200 OK\r\n"]):
        answer = Answer(pieces)
        assert (answer.passed, answer.payload) == (whole.passed, whole.payload)
        assert (answer.reader.done, answer.reader.keep_alive) == (True, False)
    after_empty = Answer([b"HTTP/1.1 204 No Content\r\n\r\nx"])
    assert (after_empty.reader.done, after_empty.reader.keep_alive) == (True, False)


def test_answers_follow_one_another_on_a_connection() -> None:
    heads = HeadCache()
    reader = ResponseReader(heads)
    for length in (3, 7, 0, 5):
        for _ in range(2):
            reader.begin()
            sent = reader.feed(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % length + b"x" * length)
            assert (sent, reader.done, reader.length) == (b"x" * length, True, length)
            reader.begin()
            assert reader.feed(STREAM) == CHUNKS
    assert len(heads.responses.kept) == 2


@pytest.mark.parametrize("name", [b"Content-Length: ", b"CONTENT-LENGTH: ", b"content-length:", b"content-length:  "])
def test_a_length_is_read_each_time_however_it_is_written(name: bytes) -> None:
    reader = ResponseReader(HeadCache())
    for body in (b"hello", b"hello", b"hi"):
        reader.begin()
        assert reader.feed(b"HTTP/1.1 200 OK\r\n" + name + b"%d\r\n\r\n" % len(body) + body) == body
        assert (reader.done, reader.length, reader.keep_alive) == (True, len(body), True)


@pytest.mark.parametrize(
    ("sent", "reusable"),
    [
        (b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", True),
    ],
)
def test_engines_may_close_after_an_answer(sent: bytes, reusable: bool) -> None:
    assert Answer([sent]).reader.keep_alive is reusable


@pytest.mark.parametrize(
    "sent",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 099 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 200 O\x00K\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na : b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: b\x00\r\n\r\n",
        b"HTTP/1.1 200 OK\na: b\n\n" + b"x" * 20 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: five\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: " + b"b" * response_heads.MAX_BYTES,
        b"HTTP/1.1 200 OK\r\na: " + b"b" * response_heads.MAX_BYTES + b"\r\n\r\n",
        STREAM_HEAD + b"x\r\n",
        STREAM_HEAD + b"-1\r\n",
        STREAM_HEAD + b"\r\n",
        STREAM_HEAD + b"5;\x00\r\nhello\r\n",
        STREAM_HEAD + b"ffffffff\r\n",
        STREAM_HEAD + b"11111111111111111\r\n",
        STREAM_HEAD + b"5\r\nhello!\r\n",
        STREAM_HEAD + b"5\r\nhello\rx",
        STREAM_HEAD + b"5" * (chunked_reply.SIZE_LINE + 1),
        STREAM_HEAD + b"5;" + b"a" * chunked_reply.SIZE_LINE + b"\r\n",
        STREAM_HEAD + b"0\r\nno colon\r\n\r\n",
        STREAM_HEAD + b"0\r\n: no name\r\n\r\n",
        STREAM_HEAD + b"0\r\nTransfer-Encoding: chunked\r\n\r\n",
        STREAM_HEAD + b"0\r\na: \x00\r\n\r\n",
        STREAM_HEAD + b"0\r\n" + b"a: b\r\n" * chunked_reply.TRAILER_BYTES,
    ],
    ids=lambda sent: repr(sent[-24:]),
)
def test_garbage_is_called_so_and_nothing_of_it_goes_on(sent: bytes) -> None:
    for pieces in [[sent]] if len(sent) > 1000 else cuts.everywhere(sent):
        answer = Answer(pieces)
        if answer.reader.bad is None:
            assert answer.reader.eof() is None
        assert answer.reader.bad
        assert not answer.reader.done
        assert not answer.reader.keep_alive
        before = answer.passed
        answer.feed(b"5\r\nhello\r\n0\r\n\r\n")
        assert (answer.passed, answer.reader.done) == (before, False)


def test_a_response_that_ends_by_its_framing_without_its_last_event_is_a_break() -> None:
    reader = Answer([b"HTTP/1.1 200 OK\r\n\r\ndata: {}\n\n"]).reader
    assert reader.eof() is not None, "without a length, the end of the connection is its end"
    reader.truncated()
    assert reader.bad == "closed before the last event"


@pytest.mark.parametrize("sent", [STREAM, SIZED], ids=["chunked", "sized"])
def test_an_end_before_the_end_is_a_break(sent: bytes) -> None:
    for size in range(len(sent)):
        reader = Answer([sent[:size]] if size else []).reader
        assert reader.eof() is None
        assert reader.bad in ("closed before it answered", "closed in the middle of the answer")
    whole = Answer([sent]).reader
    assert whole.eof() == b""
    assert not whole.keep_alive
