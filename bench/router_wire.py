"""What the wire room costs a request, part by part: `python -m bench.router_wire`.

CPU time of this process alone, the minimum of many short rounds, so that a busy machine disturbs little. The first line
is a calibration: ratios to it carry over between machines, microseconds do not.
"""

import json
import time
from collections.abc import Callable, Iterator
from typing import Final

from fairlead.router.wire import body_facts, events, heads, prefix_blocks, splices
from fairlead.router.wire.body_facts import BodyFacts
from fairlead.router.wire.events import EventScan
from fairlead.router.wire.head_cache import HeadCache
from fairlead.router.wire.limits import RequestLimits
from fairlead.router.wire.requests import ClientRequest, RequestReader
from fairlead.router.wire.responses import ResponseReader
from fairlead.router.wire.surfaces import Surface

ROUNDS: Final = 60
CALLS: Final = 500
HEAD: Final = b"".join(
    line + b"\r\n"
    for line in (
        *(b"POST /v1/chat/completions HTTP/1.1", b"Host: models.example:8080", b"Accept-Encoding: gzip, deflate"),
        *(b"Connection: keep-alive", b"Accept: application/json", b"Content-Type: application/json"),
        *(b"User-Agent: OpenAI/Python 2.3.0", b"X-Stainless-Lang: python", b"X-Stainless-Package-Version: 2.3.0"),
        *(b"X-Stainless-OS: Linux", b"X-Stainless-Arch: x64", b"X-Stainless-Runtime: CPython"),
        *(b"X-Stainless-Runtime-Version: 3.11.9", b"Authorization: Bearer abc-0123456789", b"X-Stainless-Async: false"),
        *(b"x-stainless-retry-count: 0", b"x-stainless-read-timeout: 600"),
    )
)
"""What the official Python client sends."""
DELTA: Final = (
    b'data: {"id":"chatcmpl-5d4a3f0b","object":"chat.completion.chunk","created":1763600000,"model":"m","choices":'
    b'[{"index":0,"delta":{"content":" fox"},"logprobs":null,"finish_reason":null,"token_ids":null}]}\n\n'
)
STREAM_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\ndate: Thu, 20 Nov 2026 10:00:00 GMT\r\nserver: uvicorn\r\n"
    b"content-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
)
SIZED: Final = (
    b"HTTP/1.1 200 OK\r\ndate: Thu, 20 Nov 2026 10:00:00 GMT\r\nserver: uvicorn\r\n"
    b"content-type: application/json\r\ncontent-length: 400\r\n\r\n" + b"x" * 400
)
WORDS: Final = "The quick brown fox jumps over lazy dogs while quoting things again "


def body(size: int, turns: int) -> bytes:
    """A conversation of about `size` bytes."""
    turn = WORDS * (size // len(WORDS) // turns or 1)
    texts = [{"role": "assistant" if at % 2 else "user", "content": turn} for at in range(turns)]
    messages = [{"role": "system", "content": "You are helpful."}, *texts]
    return json.dumps({"model": "m", "messages": messages, "stream": True, "max_tokens": 64, "temperature": 0}).encode()


def microseconds(call: Callable[[], object], calls: int = CALLS) -> float:
    """CPU time of one call."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(calls):
            call()
        best = min(best, time.process_time() - began)
    return best / calls * 1e6


def _requests() -> Iterator[tuple[str, Callable[[], object]]]:
    reader, sent = RequestReader(RequestLimits(), HeadCache()), body(600, 1)

    def read(head: bytes) -> Callable[[], object]:
        whole = head + b"Content-Length: %d\r\n\r\n" % len(sent) + sent

        def one() -> None:
            reader.feed(whole)
            reader.reset()

        return one

    yield "request, its head seen before", read(HEAD)
    yield "the same with an id and a trace of its own", read(HEAD + b"X-Request-Id: 1\r\nTraceparent: 00-1-2-01\r\n")
    request = RequestReader(RequestLimits(), HeadCache()).feed(HEAD + b"\r\n")
    assert isinstance(request, ClientRequest)
    head = request.head
    yield "head for the engine", lambda: heads.upstream(head, b"10.0.0.1:8000", 800, b"x-request-id: abc\r\n")


def _answers() -> Iterator[tuple[str, Callable[[], object]]]:
    reader = ResponseReader(HeadCache())

    def sized() -> None:
        reader.begin()
        reader.feed(SIZED)

    yield "whole answer with a length", sized
    stream = ResponseReader(HeadCache())
    stream.begin()
    stream.feed(STREAM_HEAD)
    chunk = b"%x\r\n%b\r\n" % (len(DELTA), DELTA)
    burst = chunk * 64
    yield "one chunk passed on", lambda: stream.feed(chunk)
    yield "64 chunks of one read passed on", lambda: stream.feed(burst)
    scan = EventScan(Surface.CHAT)
    scan.take(DELTA)
    deltas = DELTA * 64
    yield "one event watched", lambda: scan.take(DELTA)
    yield "64 events of one read watched", lambda: scan.take(deltas)
    last = DELTA.replace(b'reason":null', b'reason":"stop"')
    yield "one event read", lambda: scan.take(last)
    head = stream.head
    assert head is not None
    yield "head for the client", lambda: heads.client(head, stream.framing, b"x-request-id: abc\r\n")
    whole = b'{"choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":4}}'
    yield "usage of a whole answer", lambda: events.answer_summary(Surface.CHAT, whole)


def _bodies() -> Iterator[tuple[str, Callable[[], object]]]:
    for name, sent in (
        ("0.7 kB", body(600, 1)),
        ("18 kB, one turn", body(18_000, 1)),
        ("18 kB, 8 turns", body(18_000, 8)),
    ):
        facts = body_facts.read(Surface.CHAT, sent)
        assert isinstance(facts, BodyFacts)
        yield f"facts of {name}", lambda sent=sent: body_facts.read(Surface.CHAT, sent)  # type: ignore[misc]
        yield f"blocks of {name}", lambda found=facts: prefix_blocks.of(found.prompt)  # type: ignore[misc]
        yield (
            f"a member put into {name}",
            lambda sent=sent, found=facts: splices.put(sent, found, {"priority": b"5"}),  # type: ignore[misc]
        )


def main() -> int:
    """Print one line each."""
    data = b"x" * 20_000
    print(f"{microseconds(lambda: data.find(b'yz')):8.2f} µs  calibration: 20,000 bytes searched in vain")
    for name, call in (*_requests(), *_answers(), *_bodies()):
        print(f"{microseconds(call):8.2f} µs  {name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
