"""Whatever follows an early head, its client gets one well-framed stream: comments, then events, then an end."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.router.observability.request_record import RequestRecord
from fairlead.router.reply import Reply
from fairlead.router.reply_clients import MAX_HELD
from fairlead.router.request import Request
from fairlead.router.wire import frames, problems
from fairlead.router.wire.chunked_reply import ChunkedReply
from fairlead.router.wire.header_lines import HeaderBlock
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.request_heads import RequestHead
from fairlead.router.wire.requests import ClientRequest
from fairlead.router.wire.surfaces import Surface
from tests.router.test_cache_bridge import Connection

COMMENT = b": waiting\n\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


def waiting(
    client: Connection, surface: Surface = Surface.CHAT, *, http10: bool = False, streams: bool = True
) -> Reply:
    """The reply to a request that arrived at 0 s and waits."""
    head = RequestHead(b"POST", b"/v1/chat/completions", HeaderBlock(), http10=http10)
    request = Request(ClientRequest(head), RequestRecord(0.0, 0.0))
    request.surface, request.streams = surface, streams
    request.reply_headers.add(b"x-request-id: 1\r\n")
    return Reply(client, request)


def content(client: Connection) -> bytes:
    """What the client reads, from the chunks of one response with a proper end."""
    head, _, rest = client.got.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"HTTP/1.1" not in head[8:], "it has one head"
    chunks = ChunkedReply({})
    assert chunks.feed(rest) == rest
    assert (chunks.done, chunks.surplus, chunks.bad) == (True, False, None)
    return chunks.payload


def test_comments_begin_after_the_time_and_repeat_after_each_such_time() -> None:
    client = Connection()
    reply = waiting(client)
    for now, comments in ((14.9, 0), (15.0, 1), (29.9, 1), (30.0, 2), (44.0, 2), (46.0, 3)):
        reply.send_keep_alive(now, 15.0)
        assert client.got.count(COMMENT) == comments
    assert b"x-request-id: 1\r\n" in client.got
    client.paused = True
    reply.send_keep_alive(100.0, 15.0)
    assert client.got.count(COMMENT) == 3, "a client that reads nothing gets no more"
    assert (reply.paused, reply.begun) == (True, False)


@pytest.mark.parametrize("surface", [Surface.EMBEDDINGS, Surface.OTHER])
def test_answers_that_are_no_events_wait_in_silence(surface: Surface) -> None:
    client = Connection()
    waiting(client, surface).send_keep_alive(99.0, 15.0)
    waiting(client, http10=True).send_keep_alive(99.0, 15.0)
    waiting(client, streams=False).send_keep_alive(99.0, 15.0)
    assert client.got == b""


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.booleans(), st.integers(0, 3))
def test_events_follow_byte_for_byte_however_the_engine_frames_them(
    pieces: list[bytes], chunked: bool, comments: int
) -> None:
    client = Connection()
    reply = waiting(client)
    for number in range(comments + 1):
        reply.send_keep_alive(15.0 * (number + 1), 15.0)
    first, *others = [b"", *pieces]
    if chunked:
        reply.write(OK + b"transfer-encoding: chunked\r\n\r\n" + frames.chunk(first))
        for one in others:
            reply.write(frames.chunk(one))
        reply.write(frames.LAST)
    else:
        reply.write(OK + b"content-length: %d\r\n\r\n" % sum(map(len, pieces)) + first)
        for one in others:
            reply.write(one)
    reply.finish(keep=True)
    assert content(client) == COMMENT * (comments + 1) + b"".join(pieces)
    assert client.ended == "kept"


@given(st.binary(max_size=200), st.integers(0, 200), st.integers(400, 599), st.booleans())
def test_an_error_of_any_form_is_one_last_event(body: bytes, at: int, status: int, chunked: bool) -> None:
    client = Connection()
    reply = waiting(client)
    reply.send_keep_alive(15.0, 15.0)
    first, second = body[:at], body[at:]
    head = b"HTTP/1.1 %d Bad\r\ncontent-type: application/json\r\n" % status
    if chunked:
        reply.write(head + b"transfer-encoding: chunked\r\n\r\n" + frames.chunk(first))
        reply.write(frames.chunk(second) + frames.LAST)
    else:
        reply.write(head + b"content-length: %d\r\n\r\n" % len(body) + first)
        reply.write(second)
    reply.finish(keep=False)
    _, frame, done, end = content(client).replace(COMMENT, COMMENT[:-2]).split(b"\n\n")
    assert isinstance(json.loads(frame.removeprefix(b"data: "))["error"]["message"], str)
    assert (done, end, client.ended) == (b"data: [DONE]", b"", "closed")


@pytest.mark.parametrize("surface", [Surface.CHAT, Surface.COMPLETIONS, Surface.MESSAGES, Surface.RESPONSES])
def test_the_routers_own_error_has_the_form_of_its_surface(surface: Surface) -> None:
    client = Connection()
    reply = waiting(client, surface)
    reply.send_keep_alive(15.0, 15.0)
    problem = Problem(status=503, code="queue_full", message="1000 requests wait.", retry_after_seconds=3)
    reply.refuse(problem, keep=True)
    reply.finish(keep=True)
    assert content(client) == COMMENT + problems.frame(problem, surface)


def test_an_endless_error_takes_bounded_memory() -> None:
    client = Connection()
    reply = waiting(client)
    reply.send_keep_alive(15.0, 15.0)
    reply.write(b"HTTP/1.1 500 Bad\r\ncontent-length: 99999999\r\n\r\n")
    for _ in range(20):
        reply.write(b"x" * (MAX_HELD // 8))
    reply.finish(keep=False)
    assert len(content(client)) < 2000


def test_a_broken_answer_breaks_the_connection() -> None:
    client = Connection()
    reply = waiting(client)
    reply.send_keep_alive(15.0, 15.0)
    reply.break_off()
    assert client.ended == "broken off"
    with pytest.raises(AssertionError, match="knows how it ends"):
        reply.abort()


def test_nothing_is_written_to_a_client_that_left_while_its_answer_goes_on_for_others() -> None:
    client = Connection()
    reply = waiting(client)
    reply.send_keep_alive(15.0, 15.0)
    got = client.got
    reply.detach()
    reply.send_keep_alive(30.0, 15.0)
    reply.write(OK + b"transfer-encoding: chunked\r\n\r\n" + frames.chunk(b"data: 1\n\n") + frames.LAST)
    reply.finish(keep=True)
    assert (client.got, client.ended) == (got, "")
