"""The bytes that a client gets without an engine, read by an independent parser."""

from http.client import HTTPResponse
from io import BytesIO
from typing import Any, cast

import pytest

from fairlead.router.cache import replay
from fairlead.router.cache.answer_heads import AnswerHead
from fairlead.router.cache.entries import CacheEntry
from tests.router.cache.clients import ANSWER, HEAD, STREAM, STREAMED

WHOLE = b"".join(STREAM)
PLAIN = CacheEntry(lines=b"content-type: application/json\r\n", body=ANSWER, revision="r1", made_at=0.0, expires_at=9.0)
EVENTS = CacheEntry(
    lines=b"content-type: text/event-stream\r\n", body=WHOLE, revision="r1", made_at=0.0, expires_at=9.0
)


class Wire:
    """As much of a socket as the standard library's reader needs."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> BytesIO:
        assert mode == "rb"
        return BytesIO(self._data)


def read(data: bytes) -> tuple[int, dict[str, str], bytes]:
    response = HTTPResponse(cast("Any", Wire(data)))
    response.begin()
    return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()


def test_a_plain_hit_has_its_length_age_and_what_the_exchange_adds() -> None:
    assert read(replay.hit(PLAIN, 7, b"x-request-id: mine\r\n")) == (
        200,
        {
            "content-type": "application/json",
            "age": "7",
            "x-fairlead-cache": "hit",
            "x-request-id": "mine",
            "content-length": str(len(ANSWER)),
        },
        ANSWER,
    )


def test_a_streamed_hit_is_chunked_and_has_equal_events() -> None:
    status, lines, body = read(replay.hit(EVENTS, 0))
    assert (status, lines["transfer-encoding"], body) == (200, "chunked", WHOLE)


def test_an_old_client_gets_a_length_instead_of_chunks() -> None:
    _, lines, body = read(replay.hit(EVENTS, 0, http10=True))
    assert (lines["content-length"], body) == (str(len(WHOLE)), WHOLE)


@pytest.mark.parametrize("head", [STREAMED, HEAD, AnswerHead(status=400, lines=b"", length=2, revision="")])
def test_what_is_followed_reads_as_the_leaders_answer(head: AnswerHead) -> None:
    body = WHOLE if head is STREAMED else ANSWER[: head.length]
    pieces = [replay.piece(head, one) for one in (body[:1], body[1:]) if one]
    status, lines, got = read(replay.head(head, b"x-request-id: 2\r\n") + b"".join(pieces) + replay.last(head))
    assert (status, lines["x-fairlead-cache"], lines["x-request-id"], got) == (head.status, "joined", "2", body)
    assert "server" not in lines
    assert not replay.closes(head)


def test_one_from_another_routers_store_is_a_hit_with_its_age() -> None:
    head = AnswerHead(status=200, lines=EVENTS.lines, length=len(WHOLE), revision="r1", age=3)
    _, lines, got = read(replay.head(head) + replay.piece(head, WHOLE) + replay.last(head))
    assert (lines["x-fairlead-cache"], lines["age"], got) == ("hit", "3", WHOLE)


def test_an_old_client_who_follows_reads_until_the_end_of_the_connection() -> None:
    data = replay.head(STREAMED, http10=True) + replay.piece(STREAMED, WHOLE, http10=True)
    assert replay.last(STREAMED, http10=True) == b""
    assert replay.closes(STREAMED, http10=True)
    assert data.endswith(b"\r\n\r\n" + WHOLE)


def test_a_status_without_a_reason_phrase_is_sent_all_the_same() -> None:
    head = AnswerHead(status=499, lines=b"", length=0, revision="")
    assert replay.head(head).startswith(b"HTTP/1.1 499 \r\n")
