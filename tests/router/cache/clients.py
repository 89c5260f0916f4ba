"""Clients of a cache that record what they received, and the requests they send."""

import json
from dataclasses import dataclass, field
from typing import Any, TypedDict, Unpack

from fairlead.fleet import gateways
from fairlead.router.cache.answer_heads import AnswerHead
from fairlead.router.cache.cache import CacheHit, CacheLookupResult, FlightJoin, FlightLead, ResponseCache
from fairlead.router.cache.flights import CacheFlight, FlightFollower
from fairlead.router.cache.lookup_keys import CacheLookup

JSON = b"Content-Type: application/json\r\nserver: uvicorn\r\n"
EVENTS = b"content-type: text/event-stream; charset=utf-8\r\n"
CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Why?"}], "temperature": 0}
ANSWER = b'{"id":"chatcmpl-1","choices":[{"index":0,"message":{"content":"So."},"finish_reason":"stop"}]}'
STREAM = (
    b'data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n',
    b'data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"reasoning":"Hm"}}]}\n\n',
    b'data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"So."},"finish_reason":"stop"}]}\n\n',
    b'data: {"id":"chatcmpl-1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\n',
    b"data: [DONE]\n\n",
)
HEAD = AnswerHead(status=200, lines=JSON, length=len(ANSWER), revision="r1")
STREAMED = AnswerHead(status=200, lines=EVENTS, length=None, revision="r1")


@dataclass(eq=False)
class Client:
    """One exchange, as the cache sees it."""

    head: AnswerHead | None = None
    body: bytes = b""
    received: list[str] = field(default_factory=list)
    flight: CacheFlight | None = None
    follower: FlightFollower | None = None
    leaves_at: str = ""
    pauses_at: str = ""

    def flight_head(self, head: AnswerHead) -> None:
        self.head = head
        self._record("head")

    def flight_body(self, data: bytes) -> None:
        self.body += data
        self._record("body")

    def flight_end(self) -> None:
        self._record("end")

    def flight_cut(self) -> None:
        self._record("cut")

    def flight_lead(self, flight: CacheFlight) -> None:
        self.flight = flight
        self._record("lead")

    def flight_alone(self) -> None:
        self._record("alone")

    def flight_followed(self) -> None:
        self._record("followed")

    def flight_unfollowed(self) -> None:
        self._record("unfollowed")

    def flight_deserted(self) -> None:
        self._record("deserted")

    def _record(self, word: str) -> None:
        self.received.append(word)
        if self.follower is not None and word == self.leaves_at:
            self.follower.leave()
        if self.follower is not None and word == self.pauses_at:
            self.follower.pause()


class Settings(TypedDict, total=False):
    enabled: bool
    ttl_seconds: float
    max_bytes: int
    max_entry_bytes: int
    by_tenant: bool
    generation: int


class Ends(TypedDict, total=False):
    surface: str
    tenant: str
    revisions: tuple[str, ...]
    temperature: float | None
    seed: int | None
    cache_control: bytes | None
    word: bytes | None
    ttl: bytes | None
    extra: bytes
    queue: tuple[str, int]


def settings(**given: Unpack[Settings]) -> gateways.ResponseCacheSettings:
    given.setdefault("enabled", True)
    return gateways.ResponseCacheSettings(**given)


def cache(**given: Unpack[Settings]) -> ResponseCache:
    return ResponseCache(settings(**given))


def enquiry(body: dict[str, Any] = CHAT, **more: Unpack[Ends]) -> CacheLookup:
    usual: Ends = {
        "surface": "chat",
        "tenant": "shop",
        "revisions": ("r1",),
        "temperature": body.get("temperature"),
        "seed": body.get("seed"),
    }
    usual.update(more)
    return CacheLookup(body=json.dumps(body).encode(), **usual)


def find_reply(
    kept: ResponseCache, lookup: CacheLookup | None = None, client: Client | None = None, now: float = 100.0
) -> CacheLookupResult:
    return kept.lookup(lookup or enquiry(), client or Client(), now)


def led(
    kept: ResponseCache, lookup: CacheLookup | None = None, client: Client | None = None, now: float = 100.0
) -> CacheFlight:
    found = find_reply(kept, lookup, client, now)
    assert isinstance(found, FlightLead)
    return found.flight


def followed(kept: ResponseCache, client: Client, lookup: CacheLookup | None = None) -> Client:
    found = find_reply(kept, lookup, client)
    assert isinstance(found, FlightJoin)
    client.follower = found.follower
    found.follower.start()
    return client


def answer(flight: CacheFlight, body: bytes = ANSWER, head: AnswerHead = HEAD, now: float = 100.0) -> None:
    flight.began(head)
    flight.more(body)
    flight.completed(now)


def hit(kept: ResponseCache, lookup: CacheLookup | None = None, now: float = 100.0) -> CacheHit | None:
    found = find_reply(kept, lookup, now=now)
    return found if isinstance(found, CacheHit) else None
