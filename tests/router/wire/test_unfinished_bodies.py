"""What has arrived of bodies is counted across connections, from the first piece to the last or to the client's end."""

import pytest

from fairlead.router.wire import problems, unfinished_bodies
from fairlead.router.wire.head_cache import HeadCache
from fairlead.router.wire.limits import RequestLimits
from fairlead.router.wire.request_heads import MalformedRequest
from fairlead.router.wire.requests import ClientRequest, RequestReader
from fairlead.router.wire.unfinished_bodies import UnfinishedBodies

LIMITS = RequestLimits(body_bytes=1000)
SIZED = b"POST /v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n"
CHUNKED = b"POST /v1/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("head", "piece", "end"),
    [(SIZED, b"x" * 300, b""), (CHUNKED, b"12c\r\n" + b"x" * 300 + b"\r\n", b"0\r\n\r\n")],
    ids=["sized", "chunked"],
)
def test_a_body_counts_from_its_first_piece_until_it_is_complete_or_dropped(
    head: bytes, piece: bytes, end: bytes
) -> None:
    bodies = UnfinishedBodies()
    whole, left = (RequestReader(LIMITS, HeadCache(), bodies) for _ in range(2))
    for reader in (whole, left):
        first = reader.feed(head + piece)
        assert isinstance(first, ClientRequest)
        assert (first.whole, first.keep_alive) == (False, False)
        assert reader.feed(piece) is None
    assert bodies.bytes == 4 * len(piece)
    found = whole.feed(piece + end)
    assert isinstance(found, ClientRequest)
    assert (found.body, found.keep_alive) == (b"x" * 900, True)
    assert bodies.bytes == 2 * len(piece)
    left.drop()
    assert bodies.bytes == 0


def test_four_of_the_largest_bodies_are_received_however_large_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unfinished_bodies, "MOST_BYTES", 1000)
    bodies = UnfinishedBodies()
    readers = [RequestReader(LIMITS, HeadCache(), bodies) for _ in range(6)]
    found = [reader.feed(SIZED + b"x" * 800) for reader in readers]
    assert [isinstance(one, ClientRequest) for one in found] == [True] * 5 + [False]
    assert isinstance(found[5], MalformedRequest)
    assert (found[5].status, found[5].code, found[5].head is not None) == (503, "too_many_bodies", True)
    assert problems.of_bad(found[5]).retry_after_seconds == 1.0
