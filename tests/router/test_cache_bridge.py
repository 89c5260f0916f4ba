"""What a follower's client gets in rare endings: too late, or cut in the middle of an answer of either form."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from fairlead.router.cache.answer_heads import AnswerHead
from fairlead.router.cache.flights import CacheFlight
from fairlead.router.cache_bridge import CacheBridge
from fairlead.router.observability.request_record import RequestRecord
from fairlead.router.reply import Reply
from fairlead.router.request import Request
from fairlead.router.wire.header_lines import HeaderBlock
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.request_heads import RequestHead
from fairlead.router.wire.requests import ClientRequest
from fairlead.router.wire.surfaces import Surface
from tests.router.cache.clients import HEAD, STREAM, STREAMED, cache, enquiry, led


@dataclass
class Connection:
    """A client's connection that records what was written."""

    paused: bool = False
    got: bytes = b""
    ended: str = ""

    def __post_init__(self) -> None:
        self.write: Callable[[bytes], None] = self._write

    def _write(self, data: bytes) -> None:
        self.got += data

    def answered(self, *, keep: bool) -> None:
        self.ended = "kept" if keep else "closed"

    def break_off(self) -> None:
        self.ended = "broken off"

    def abort(self) -> None:
        raise AssertionError("a follower's reply knows how it ends")


class FollowerExchange:
    """The part of an exchange that follows another's answer."""

    keeps_alive = True

    def __init__(self, client: Connection | None = None, *, http10: bool = False) -> None:
        head = RequestHead(b"POST", b"/v1/chat/completions", HeaderBlock(), http10=http10)
        self.client = client or Connection()
        self.record = RequestRecord(0.0, 0.0)
        self.request = Request(ClientRequest(head), self.record)
        self.request.surface = Surface.CHAT
        self.request.reply_headers.add(b"x-request-id: 1\r\n")
        self.reply = Reply(self.client, self.request)
        self.bridge = CacheBridge(self)
        self.status = 0
        self.refused = ""

    def begin(self, now: float) -> None:
        raise AssertionError(f"nothing asks an engine, not at {now} either")

    def pause_engine(self) -> None:
        raise AssertionError("it has none")

    def resume_engine(self) -> None:
        raise AssertionError("it has none")

    def client_disconnected(self, now: float) -> None:
        raise AssertionError(f"its client stays, at {now} too")

    def over(self, status: int, now: float) -> None:  # noqa: ARG002 - the exchange's
        self.status = status
        self.bridge.over()

    def refuse(self, problem: Problem, now: float) -> None:
        self.refused = problem.code
        self.over(problem.status, now)


def following(exchange: FollowerExchange) -> tuple[CacheBridge, CacheFlight]:
    """A follower of the flight's answer."""
    kept = cache()
    flight = led(kept)
    assert exchange.bridge.consult(kept, enquiry(), 100.0)
    exchange.bridge.follow()
    return exchange.bridge, flight


def test_a_follower_that_is_late_before_the_head_gets_504_and_leaves() -> None:
    exchange = FollowerExchange()
    bridge, flight = following(exchange)
    assert bridge.late(9.0, 1.0)
    assert (exchange.refused, exchange.status, flight.followed) == ("replica_timeout", 504, False)
    assert not bridge.late(9.0, 1.0)


def test_a_follower_that_is_late_in_the_middle_gets_a_final_message_and_the_others_continue() -> None:
    exchange = FollowerExchange()
    bridge, flight = following(exchange)
    flight.began(STREAMED)
    flight.more(STREAM[0])
    assert bridge.late(9.0, 1.0)
    assert b"stream_cut" in exchange.client.got
    assert exchange.client.got.endswith(b"0\r\n\r\n")
    assert (exchange.client.ended, exchange.status, flight.followed) == ("kept", 200, False)


@pytest.mark.parametrize(
    ("head", "exchange"),
    [
        (HEAD, FollowerExchange()),
        (STREAMED, FollowerExchange(http10=True)),
        (STREAMED, FollowerExchange(Connection(paused=True))),
    ],
)
def test_an_answer_without_room_for_a_final_message_ends_with_its_connection(
    head: AnswerHead, exchange: FollowerExchange
) -> None:
    _, flight = following(exchange)
    flight.began(head)
    flight.more(b"half")
    flight.failed()
    assert (exchange.client.ended, exchange.record.cut, exchange.record.reason) == ("broken off", True, "stream_cut")


def test_an_old_client_reads_until_the_connection_closes() -> None:
    exchange = FollowerExchange(http10=True)
    _, flight = following(exchange)
    flight.began(STREAMED)
    flight.more(STREAM[0])
    flight.completed(1.0)
    assert exchange.client.got.endswith(b"connection: close\r\n\r\n" + STREAM[0])
    assert exchange.client.ended == "closed"


def test_an_answer_that_another_router_kept_is_a_hit() -> None:
    exchange = FollowerExchange()
    bridge, _ = following(exchange)
    bridge.flight_head(AnswerHead(status=200, lines=HEAD.lines, length=2, revision="r1", age=4))
    bridge.flight_body(b"{}")
    bridge.flight_end()
    assert exchange.record.cache == "hit"
    assert b"\r\nage: 4\r\nx-fairlead-cache: hit\r\n" in exchange.client.got
    assert exchange.reply.bytes_out == len(exchange.client.got)
