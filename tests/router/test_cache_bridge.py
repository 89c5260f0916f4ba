"""What a follower's client gets in the rare endings: too late, or cut in the middle of an answer of either form."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from fairlead.router.cache.answer_heads import AnswerHead
from fairlead.router.cache_bridge import CacheBridge
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.surfaces import Surface
from tests.router.cache.clients import STREAM, STREAMED, TOLD, cache, enquiry, led

if TYPE_CHECKING:
    from fairlead.router.exchange import Exchange


@dataclass
class Connection:
    """A client's connection that remembers what was written."""

    paused: bool = False
    got: bytes = b""
    ended: str = ""

    def write(self, data: bytes) -> None:
        self.got += data

    def answered(self, *, keep: bool) -> None:
        self.ended = "kept" if keep else "closed"

    def abort(self) -> None:
        self.ended = "aborted"


@dataclass
class Asking:
    """As much of an exchange as follows another's answer."""

    client: Connection = field(default_factory=Connection)
    http10: bool = False
    status: int = 0
    refused: str = ""
    stage: int = 0
    started: bool = False
    extra: bytes = b"x-request-id: 1\r\n"
    surface: Surface = Surface.CHAT
    recall: CacheBridge | None = None
    upstream: None = None

    def __post_init__(self) -> None:
        self.record = SimpleNamespace(bytes_out=0, cut=False, reason="", first_token_at=-1.0, cache="")
        self.request = SimpleNamespace(keep_alive=True, head=SimpleNamespace(http10=self.http10))
        self.router = SimpleNamespace(draining=False, timeouts=SimpleNamespace(total_seconds=9.0))

    def over(self, status: int, now: float) -> None:  # noqa: ARG002 - the exchange's
        self.status = status
        assert self.recall is not None
        self.recall.over()

    def refuse(self, problem: Problem, now: float) -> None:
        self.refused = problem.code
        self.over(problem.status, now)


def following(asking: Asking) -> tuple[CacheBridge, Any]:
    """One who follows the answer that the flight is told."""
    kept = cache()
    flight = led(kept)
    recall = asking.recall = CacheBridge(cast("Exchange", asking))
    found = kept.lookup(enquiry(), recall, 100.0)
    recall.follower = found.follower  # type: ignore[union-attr]
    recall.follower.start()
    return recall, flight


def test_who_is_too_late_before_the_head_is_told_so_and_leaves() -> None:
    asking = Asking()
    recall, flight = following(asking)
    assert recall.late(1.0)
    assert (asking.refused, asking.status, flight.followed) == ("replica_timeout", 504, False)
    assert not recall.late(1.0)


def test_who_is_too_late_in_the_middle_gets_last_words_and_the_others_go_on() -> None:
    asking = Asking()
    recall, flight = following(asking)
    flight.began(STREAMED)
    flight.more(STREAM[0])
    assert recall.late(1.0)
    assert b"stream_cut" in asking.client.got
    assert asking.client.got.endswith(b"0\r\n\r\n")
    assert (asking.client.ended, asking.status, flight.followed) == ("kept", 200, False)


@pytest.mark.parametrize(
    ("head", "asking"),
    [
        (TOLD, Asking()),
        (STREAMED, Asking(http10=True)),
        (STREAMED, Asking(client=Connection(paused=True))),
    ],
)
def test_an_answer_without_room_for_last_words_ends_with_its_connection(head: AnswerHead, asking: Asking) -> None:
    _, flight = following(asking)
    flight.began(head)
    flight.more(b"half")
    flight.failed()
    assert (asking.client.ended, asking.record.cut, asking.record.reason) == ("aborted", True, "stream_cut")


def test_an_old_client_reads_until_the_connection_closes() -> None:
    asking = Asking(http10=True)
    _, flight = following(asking)
    flight.began(STREAMED)
    flight.more(STREAM[0])
    flight.completed(1.0)
    assert asking.client.got.endswith(b"connection: close\r\n\r\n" + STREAM[0])
    assert asking.client.ended == "closed"


def test_an_answer_that_another_router_kept_is_a_hit() -> None:
    asking = Asking()
    recall, _ = following(asking)
    recall.flight_head(AnswerHead(status=200, lines=TOLD.lines, length=2, revision="r1", age=4))
    recall.flight_body(b"{}")
    recall.flight_end()
    assert asking.record.cache == "hit"
    assert b"\r\nage: 4\r\nx-fairlead-cache: hit\r\n" in asking.client.got
    assert asking.record.bytes_out == len(asking.client.got)
