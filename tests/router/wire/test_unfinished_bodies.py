"""What has arrived of bodies is counted across connections, from the first piece to the last or to the client's end."""

import pytest

from fairlead.router.wire import problems, unfinished_bodies
from fairlead.router.wire.head_cache import HeadCache
from fairlead.router.wire.limits import RequestLimits
from fairlead.router.wire.request_heads import MalformedRequest, RequestHead
from fairlead.router.wire.requests import ClientRequest, RequestReader
from fairlead.router.wire.unfinished_bodies import UnfinishedBodies

LIMITS = RequestLimits(body_bytes=1000)
HEADS = "POST /v1/{} HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n"
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
    monkeypatch.setattr(unfinished_bodies, "MAX_BYTES", 1000)
    bodies = UnfinishedBodies()
    readers = [RequestReader(LIMITS, HeadCache(), bodies) for _ in range(6)]
    found = [reader.feed(SIZED + b"x" * 800) for reader in readers]
    assert [isinstance(one, ClientRequest) for one in found] == [True] * 5 + [False]
    assert isinstance(found[5], MalformedRequest)
    assert (found[5].status, found[5].code, found[5].head is not None) == (503, "too_many_bodies", True)
    assert problems.of_bad(found[5]).retry_after_seconds == 1.0


def sender(head: RequestHead) -> str:
    return head.path.decode()


class Senders:
    """Tenants whose bodies have 2,000 bytes together."""

    def __init__(self) -> None:
        self.bodies = UnfinishedBodies(sender)

    def send(self, tenant: str, size: int) -> tuple[RequestReader, ClientRequest | MalformedRequest | None]:
        """Send a head and so many bytes of its body over a connection of its own."""
        reader = RequestReader(LIMITS, HeadCache(), self.bodies)
        return reader, reader.feed(HEADS.format(tenant).encode() + b"x" * size)


@pytest.fixture
def senders(monkeypatch: pytest.MonkeyPatch) -> Senders:
    monkeypatch.setattr(unfinished_bodies, "MAX_BYTES", 2000)
    monkeypatch.setattr(unfinished_bodies, "LARGEST_BODIES", 1)
    return Senders()


def test_who_fills_the_room_gives_up_its_largest_body_for_another_tenants(senders: Senders) -> None:
    """One tenant's stalled bodies would keep all others' long prompts out."""
    small, large, middle = (senders.send("evil", size)[0] for size in (500, 800, 600))
    good, begun = senders.send("good", 400)
    assert isinstance(begun, ClientRequest)
    assert senders.bodies.bytes == 500 + 600 + 400
    answer = large.feed(b"x")
    assert isinstance(answer, MalformedRequest)
    assert (answer.status, answer.code) == (503, "too_many_bodies")
    assert small.feed(b"x" * 10) is None
    assert middle.feed(b"x" * 10) is None
    found = good.feed(b"x" * 500)
    assert isinstance(found, ClientRequest)
    assert found.body == b"x" * 900


def test_who_has_most_is_refused_itself_and_so_is_the_only_sender(senders: Senders) -> None:
    kept = [senders.send("evil", 700)[0] for _ in range(2)]
    senders.send("good", 500)
    late, refused = senders.send("evil", 200)
    assert isinstance(refused, MalformedRequest)
    late.drop()
    assert [reader.feed(b"x") for reader in kept] == [None, None]


def test_as_many_bodies_give_up_as_make_room(senders: Senders) -> None:
    readers = [senders.send("evil", 400)[0] for _ in range(5)]
    _, begun = senders.send("good", 700)
    assert isinstance(begun, ClientRequest)
    assert senders.bodies.bytes == 3 * 400 + 700
    for reader in readers:
        reader.drop()
    assert senders.bodies.bytes == 700


def test_a_chunked_body_gives_up_too(senders: Senders) -> None:
    evil = RequestReader(LIMITS, HeadCache(), senders.bodies)
    assert isinstance(evil.feed(CHUNKED + b"3e8\r\n" + b"x" * 1000 + b"\r\n"), ClientRequest)
    for tenant in ("good", "fair"):
        _, begun = senders.send(tenant, 600)
        assert isinstance(begun, ClientRequest)
    assert senders.bodies.bytes == 1200
    assert isinstance(evil.feed(b"0\r\n\r\n"), MalformedRequest)
