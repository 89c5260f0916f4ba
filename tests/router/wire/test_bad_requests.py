"""Every bad request of the table gets its answer, cut anywhere; none of them is ever accepted."""

import pytest

from fairlead.router.wire import problems
from fairlead.router.wire.head_cache import HeadCache
from fairlead.router.wire.request_heads import MalformedRequest
from fairlead.router.wire.requests import ClientRequest, RequestReader
from fairlead.router.wire.surfaces import Surface
from tests.router.wire.bad_requests import BAD_REQUESTS, LIMITS, BadRequest


def read(*pieces: bytes) -> MalformedRequest | ClientRequest | None:
    """What a fresh connection makes of these bytes; feeding stops after an error."""
    reader = RequestReader(LIMITS, HeadCache())
    found: MalformedRequest | ClientRequest | None = None
    for piece in pieces:
        found = reader.feed(piece) or found
        if isinstance(found, MalformedRequest):
            return found
    return found


def by_name(row: BadRequest) -> str:
    return row.what


def test_there_are_at_least_sixty_and_no_two_are_the_same() -> None:
    assert len({row.sent for row in BAD_REQUESTS}) == len({row.what for row in BAD_REQUESTS}) == len(BAD_REQUESTS) >= 60


@pytest.mark.parametrize("row", BAD_REQUESTS, ids=by_name)
def test_a_bad_request_gets_its_status_and_a_reason(row: BadRequest) -> None:
    found = read(row.sent)
    assert isinstance(found, MalformedRequest)
    assert (found.status, found.code) == (row.status, row.code)
    assert found.message
    assert found.message.isprintable()


@pytest.mark.parametrize("row", BAD_REQUESTS, ids=by_name)
def test_it_gets_the_same_wherever_it_is_cut(row: BadRequest) -> None:
    size = len(row.sent)
    for at in range(1, size, 1 if size < 300 else 97):
        found = read(row.sent[:at], row.sent[at:])
        assert isinstance(found, MalformedRequest), at
        assert found.status == row.status, at


@pytest.mark.parametrize("row", BAD_REQUESTS, ids=by_name)
def test_a_good_request_before_it_does_not_make_it_good(row: BadRequest) -> None:
    heads = HeadCache()
    reader = RequestReader(LIMITS, heads)
    good = b"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
    assert isinstance(reader.feed(good), ClientRequest)
    reader.reset()
    found = [reader.feed(row.sent[at : at + 4096]) for at in range(0, len(row.sent), 4096)]
    assert any(isinstance(one, MalformedRequest) and one.status == row.status for one in found)


def test_the_answer_to_a_bad_request_closes_the_connection() -> None:
    found = read(BAD_REQUESTS[0].sent)
    assert isinstance(found, MalformedRequest)
    answer = problems.answer(problems.of_bad(found), Surface.OTHER, close=True)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"connection: close\r\n" in answer
    assert b'"code": "length_and_chunked"' in answer
