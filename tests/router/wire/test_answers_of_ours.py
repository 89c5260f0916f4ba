"""Heads and answers that the router writes itself: read by h11, an independent parser."""

import json
from dataclasses import replace

import h11
import pytest

from fairlead.router.wire import frames, heads, problems, surfaces
from fairlead.router.wire.head_cache import HeadCache
from fairlead.router.wire.limits import RequestLimits
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.requests import RequestReader
from fairlead.router.wire.responses import ResponseReader
from fairlead.router.wire.surfaces import Surface
from tests.router.wire import cuts

BUSY = Problem(status=429, code="queue_full", message="too many wait", param="model", retry_after_seconds=1.2)


def answered(sent: bytes) -> tuple[h11.Response, bytes, bool]:
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("host", "a")]))
    client.send(h11.EndOfMessage())
    client.receive_data(sent)
    response, body = client.next_event(), b""
    assert isinstance(response, h11.Response)
    while isinstance(event := client.next_event(), h11.Data):
        body += event.data
    assert isinstance(event, h11.EndOfMessage)
    return response, body, client.their_state is not h11.MUST_CLOSE


def test_an_engine_gets_the_request_with_its_new_length() -> None:
    request = cuts.request([b"POST /v1/x?y HTTP/1.0\r\nAccept: a\r\nContent-Length: 2\r\n\r\n{}"])
    upstream = heads.upstream(request.head, b"10.0.0.1:8000", 9, b"x-request-id: r\r\n")
    server = h11.Connection(h11.SERVER)
    server.receive_data(upstream + b"123456789")
    event = server.next_event()
    assert isinstance(event, h11.Request)
    assert (event.method, event.target, event.http_version) == (b"POST", b"/v1/x?y", b"1.1")
    assert list(event.headers) == [
        (b"host", b"10.0.0.1:8000"),
        (b"accept", b"a"),
        (b"x-request-id", b"r"),
        (b"content-length", b"9"),
    ]
    data = server.next_event()
    assert isinstance(data, h11.Data)
    assert data.data == b"123456789"


@pytest.mark.parametrize("close", [False, True])
def test_a_problem_is_a_whole_answer_with_its_time_to_come_again(close: bool) -> None:
    response, body, kept = answered(problems.answer(BUSY, Surface.CHAT, b"x-request-id: r\r\n", close=close))
    assert (response.status_code, response.reason, kept) == (429, b"Too Many Requests", not close)
    settings = dict(response.headers)
    assert (settings[b"retry-after"], settings[b"x-request-id"], settings[b"content-type"]) == (
        b"2",
        b"r",
        b"application/json",
    )
    error = {"message": "too many wait", "type": "rate_limit_error", "param": "model", "code": "queue_full"}
    assert json.loads(body) == {"error": error}


@pytest.mark.parametrize(
    ("status", "openai", "anthropic"),
    [
        (400, "invalid_request_error", "invalid_request_error"),
        (401, "authentication_error", "authentication_error"),
        (404, "invalid_request_error", "not_found_error"),
        (418, "invalid_request_error", "invalid_request_error"),
        (502, "server_error", "api_error"),
        (503, "server_error", "overloaded_error"),
    ],
)
def test_each_library_finds_its_own_type(status: int, openai: str, anthropic: str) -> None:
    problem = Problem(status=status, code="c", message="m")
    assert problems.error_object(problem, Surface.CHAT)["error"]["type"] == openai
    error_object = problems.error_object(problem, Surface.MESSAGES)
    assert error_object == {"type": "error", "error": {"type": anthropic, "message": "m", "code": "c"}}
    assert b"retry-after" not in problems.answer(problem, Surface.CHAT)


@pytest.mark.parametrize(
    ("surface", "beginning", "end"),
    [
        (Surface.CHAT, b'\n\ndata: {"error": {', b"\n\ndata: [DONE]\n\n"),
        (Surface.COMPLETIONS, b'\n\ndata: {"error": {', b"\n\ndata: [DONE]\n\n"),
        (Surface.MESSAGES, b'\n\nevent: error\ndata: {"type": "error", "error": {', b"}}\n\n"),
        (Surface.RESPONSES, b'\n\nevent: error\ndata: {"type": "error", "code": "queue_full"', b"}\n\n"),
    ],
)
def test_a_stream_ends_with_an_error_of_its_api(surface: Surface, beginning: bytes, end: bytes) -> None:
    frame = problems.frame(BUSY, surface)
    assert frame.startswith(beginning)
    assert frame.endswith(end)


def test_every_status_has_a_line() -> None:
    for status in range(200, 600):
        response, body, _ = answered(heads.answer(status, b"text/plain", b""))
        assert (response.status_code, body) == (status, b"")
    assert heads.CONTINUE == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_an_empty_chunk_is_none() -> None:
    assert frames.chunk(b"") == b""
    assert frames.chunk(b"a" * 17) == b"11\r\n" + b"a" * 17 + b"\r\n"


def test_what_goes_through_both_readers_comes_out_whole() -> None:
    head_cache = HeadCache()
    client, engine = RequestReader(RequestLimits(), head_cache), ResponseReader(head_cache)
    for body in (b"", b"a", b"b" * 70_000):
        request = client.feed(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        assert request is not None
        client.reset()
        engine.begin()
        assert engine.feed(heads.answer(200, b"text/plain", body)) == body
        assert engine.done


def test_a_wrong_method_is_answered_with_those_that_are_right() -> None:
    wrong = replace(BUSY, status=405, allow="POST")
    response, _, _ = answered(problems.answer(wrong, Surface.CHAT))
    assert dict(response.headers)[b"allow"] == b"POST"


def test_errors_below_the_messages_route_have_its_shape_whether_it_is_known_or_not() -> None:
    shapes = {path: surfaces.shape(path) for path in (b"/v1/messages", b"/v1/messages/batches", b"/v1/messagesx")}
    assert shapes == {
        b"/v1/messages": Surface.MESSAGES,
        b"/v1/messages/batches": Surface.MESSAGES,
        b"/v1/messagesx": Surface.OTHER,
    }
