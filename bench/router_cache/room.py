"""`python -m bench.router_cache.room`: microseconds of the cache's own steps, without a router around it.

The minimum of several rounds, since other programs on the machine only ever add.
"""

import json
from collections.abc import Callable
from timeit import repeat
from typing import Any, Final

from fairlead.fleet import gateways
from fairlead.router.cache import cacheability, canonical_bodies, completeness, replay
from fairlead.router.cache.answer_heads import AnswerHead
from fairlead.router.cache.cache import CacheHit, FlightLead, ResponseCache
from fairlead.router.cache.flights import CacheFlight
from fairlead.router.cache.lookup_keys import CacheLookup

WORDS: Final = " ".join(f"word{number % 977}" for number in range(2300))
TURNS: Final = [{"role": "user", "content": WORDS[at : at + 360]} for at in range(0, 18_000, 360)]
REQUESTS: Final = (
    ("700 B", [{"role": "user", "content": WORDS[:600]}]),
    ("18 kB, one message", [{"role": "user", "content": WORDS}]),
    ("20 kB, 50 messages", TURNS),
)
ANSWER: Final = json.dumps({"choices": [{"message": {"content": WORDS[:800]}, "finish_reason": "stop"}]}).encode()
EVENT: Final = b'data: {"id":"c","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}\n\n'
STREAM: Final = EVENT * 1000 + EVENT.replace(b"null", b'"stop"') + b"data: [DONE]\n\n"
HEAD: Final = AnswerHead(status=200, lines=b"content-type: application/json\r\n", length=len(ANSWER), revision="r1")


class SilentClient:
    """A client that never gets an answer here."""

    def flight_head(self, head: AnswerHead) -> None: ...
    def flight_body(self, data: bytes) -> None: ...
    def flight_end(self) -> None: ...
    def flight_cut(self) -> None: ...
    def flight_lead(self, flight: CacheFlight) -> None: ...
    def flight_alone(self) -> None: ...
    def flight_followed(self) -> None: ...
    def flight_unfollowed(self) -> None: ...
    def flight_deserted(self) -> None: ...


def microseconds(step: Callable[[], object], times: int = 2000) -> float:
    """Microseconds of one step."""
    return min(repeat(step, number=times, repeat=7)) / times * 1e6


def rows(messages: list[dict[str, str]]) -> dict[str, float]:
    """Each step for this request."""
    document: dict[str, Any] = {"model": "m", "messages": messages, "temperature": 0, "max_tokens": 100}
    raw, kept, client = (
        json.dumps(document).encode(),
        ResponseCache(gateways.ResponseCacheSettings(enabled=True)),
        SilentClient(),
    )
    body = canonical_bodies.read(raw)
    assert body is not None
    fresh = iter(range(10**9))

    def enquiry(temperature: float = 0) -> CacheLookup:
        copied = bytes(bytearray(raw))
        return CacheLookup(surface="chat", body=copied, tenant="t", revisions=("r1",), temperature=temperature)

    def unseen() -> None:
        another = b"%b%b" % (raw, b" " * (next(fresh) % 4096))
        kept.lookup(
            CacheLookup(surface="chat", body=another, tenant="t", revisions=("r1",), temperature=0), client, 1.0
        )

    led = kept.lookup(enquiry(), client, 0.0)
    assert isinstance(led, FlightLead)
    led.flight.began(HEAD)
    led.flight.more(ANSWER)
    led.flight.completed(0.0)
    found = kept.lookup(enquiry(), client, 1.0)
    assert isinstance(found, CacheHit)
    return {
        "passes by, sampled": microseconds(lambda: kept.lookup(enquiry(0.7), client, 1.0)),
        "read": microseconds(lambda: canonical_bodies.read(raw)),
        "one answer only?": microseconds(lambda: cacheability.objection("chat", body)),
        "spelt in one way": microseconds(lambda: canonical_bodies.canonical("chat", body)),
        "spelt and hashed": microseconds(lambda: canonical_bodies.digest("chat", "t", body)),
        "hit, a body seen lately": microseconds(lambda: kept.lookup(enquiry(), client, 1.0)),
        "a body never seen": microseconds(unseen),
        "the answer's bytes": microseconds(lambda: replay.hit(found.entry, found.age, b"x-request-id: a\r\n")),
    }


def main() -> None:
    """Print the table."""
    columns = [(name, rows(messages)) for name, messages in REQUESTS]
    print(f"{'us':<28}" + "".join(f"{name:>22}" for name, _ in columns))
    for step in columns[0][1]:
        print(f"{step:<28}" + "".join(f"{found[step]:>22.1f}" for _, found in columns))
    lines = b"content-type: text/event-stream\r\n"
    judged = microseconds(lambda: completeness.objection("chat", 200, lines, STREAM), 100)
    print(f"is a stream of {len(STREAM):,} bytes whole? {judged:.0f}; a plain answer of {len(ANSWER):,}? ", end="")
    print(f"{microseconds(lambda: completeness.objection('chat', 200, HEAD.lines, ANSWER)):.1f}")


if __name__ == "__main__":
    main()
