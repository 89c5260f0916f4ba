"""What is fed, and what must hold for every input. Each target returns a label of the outcome.

Third-party parsers check the results: h11 for framing, Python's json for bodies.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

import h11
import xxhash

from fairlead.router.wire import body_facts, events, prefix_blocks, splices
from fairlead.router.wire.body_facts import BodyFacts
from fairlead.router.wire.events import EventScan
from fairlead.router.wire.head_cache import HeadCache
from fairlead.router.wire.limits import RequestLimits
from fairlead.router.wire.protocol_faults import ProtocolFault
from fairlead.router.wire.request_heads import MalformedRequest
from fairlead.router.wire.requests import ClientRequest, RequestReader
from fairlead.router.wire.responses import ReplyFraming, ResponseReader
from fairlead.router.wire.surfaces import Surface

LIMITS: Final = RequestLimits(head_bytes=4096, head_lines=40, target_bytes=512, body_bytes=2048)
LAST_WORDS: Final = b"\n\ndata: cut\n\n"
FAULTS: Final = frozenset(fault.code for fault in ProtocolFault)
SURFACES: Final = tuple(Surface)
OUTS: Final = tuple(ReplyFraming)


def pieces(data: bytes) -> list[bytes]:
    """Split at places that depend on the input alone, so that a failure is reproducible."""
    places = xxhash.xxh3_128_digest(data)[: 1 + len(data) % 7]
    ends = sorted({place * len(data) // 256 for place in places} | {len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False) if end > start]


def requests(memory: HeadCache) -> Callable[[bytes], str]:
    """Check that whole and split inputs, with an empty and a full memory, give the same result."""

    def target(data: bytes) -> str:
        whole = _request([data], HeadCache())
        assert _request([data], memory) == whole, "memory changes the answer"
        cut = _request(pieces(data), memory)
        if whole[0] in FAULTS:
            assert cut[0] in FAULTS, "a cut makes it good"  # of two faults, either may be seen first
            return whole[0]
        assert cut == whole, "a cut changes the answer"
        if whole[0] != "whole":
            return whole[0]
        assert len(whole[-1]) <= LIMITS.body_bytes, "over the limit"
        theirs = _h11_request(data)
        assert theirs is None or theirs == whole[1:], f"read in two ways: {whole[1:]} and {theirs}"
        return "whole" if theirs is not None else "whole, not for h11"

    return target


def _request(read: Sequence[bytes], memory: HeadCache) -> tuple[str, bytes, bytes, bytes]:
    client = RequestReader(LIMITS, memory)
    found: ClientRequest | MalformedRequest | None = None
    for piece in read:
        found = client.feed(piece) or found
        if isinstance(found, MalformedRequest):
            return found.code, b"", b"", b""
    if not isinstance(found, ClientRequest):
        return "nothing yet", b"", b"", b""
    return "whole" if found.whole else "head", found.head.method, found.head.target, found.body


def _h11_request(data: bytes) -> tuple[bytes, bytes, bytes] | None:
    server = h11.Connection(h11.SERVER)
    try:
        server.receive_data(data)
        request = server.next_event()
        if not isinstance(request, h11.Request):
            return None
        body = b""
        while isinstance(event := server.next_event(), h11.Data):
            body += bytes(event.data)
    except h11.RemoteProtocolError:
        return None
    return (request.method, request.target, body) if isinstance(event, h11.EndOfMessage) else None


def responses(memory: HeadCache) -> Callable[[bytes], str]:
    """Check that nothing is lost or added, and that broken chunks can be ended; the first byte sets the framing."""

    def target(data: bytes) -> str:
        out, data = OUTS[data[0] % len(OUTS) if data else 0], data[1:]
        label, passed, payload, last = _answered([data], HeadCache(), out)
        again = _answered(pieces(data), memory, out)
        assert (again[0], again[2]) == (label, payload), "a cut or the memory changes the answer"
        if out is ReplyFraming.PLAIN:
            assert passed == payload
        if out is ReplyFraming.AS_IT_CAME and last is not None:
            theirs = _h11_body(passed + last)
            assert theirs is not None, "what went on is not properly ended"
            assert theirs.startswith(payload), "what went on is not what came"
        return label

    return target


def _answered(read: Sequence[bytes], memory: HeadCache, out: ReplyFraming) -> tuple[str, bytes, bytes, bytes | None]:
    """A label, the output, its payload, and the bytes that end it as chunks: None if it is not chunked."""
    engine = ResponseReader(memory)
    engine.begin(framing=out)
    passed = payload = b""
    for piece in read:
        passed += engine.feed(piece)
        payload += engine.payload
        if engine.bad is not None:
            break
    assert not (engine.bad and engine.done)
    head = engine.head
    kind = "no head" if head is None else f"{head.status} {'chunked' if head.chunked else 'plain'}"
    label = f"{kind} {'done' if engine.done else 'bad' if engine.bad else 'open'} {engine.keep_alive}"
    chunked = head is not None and engine.framing == b"transfer-encoding: chunked\r\n" and not head.bodiless
    if not chunked:
        return label, passed, payload, None
    return label, passed, payload, b"" if engine.done else engine.cut(LAST_WORDS)


def _h11_body(raw: bytes) -> bytes | None:
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("host", "a")]))
    client.send(h11.EndOfMessage())
    client.receive_data(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + raw)
    body = b""
    while True:
        try:
            event = client.next_event()
        except h11.RemoteProtocolError:
            return None
        if isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            return body
        elif event is h11.NEED_DATA:
            return None


def bodies(data: bytes) -> str:
    """Check that reads and changes agree with json; the first byte selects the API."""
    surface, body = SURFACES[data[0] % len(SURFACES) if data else 0], data[1:]
    found = body_facts.read(surface, body)
    if not isinstance(found, BodyFacts):
        return f"{surface.name} unreadable"
    for name in ("max_tokens", "n", "temperature", "seed", "structured", "include_usage"):
        getattr(found, name)
    assert len(prefix_blocks.of(found.prompt)) == len(found.prompt) // prefix_blocks.BYTES
    theirs = _json(body)
    if not isinstance(theirs, dict):
        return f"{surface.name} not for json"
    model = theirs.get("model")
    assert found.model == (model if isinstance(model, str) else None), "the model is read in two ways"
    for change in ({"model": "x", "zzz": [1]}, {"priority": 5}):
        members = {name: json.dumps(value).encode() for name, value in change.items()}
        set_anew = {name: _json(value) for name, value in members.items()}
        assert _json(splices.put(body, found, members)) == theirs | set_anew, "a splice changed something else"
    return f"{surface.name} {found.typed} {found.stream} {len(theirs)}"


def _json(body: bytes) -> Any:  # noqa: ANN401  whatever it holds
    """Parse with numbers as text, since NaN never equals itself."""
    try:
        return json.loads(body, parse_float=_as_written, parse_int=_as_written, parse_constant=_as_written)
    except (ValueError, RecursionError):
        return None


def _as_written(number: str) -> tuple[str, str]:
    return "number", number


def streams(data: bytes) -> str:
    """Check that splits change nothing, and edits lose only events with usage; the first byte selects the API."""
    surface, stream = SURFACES[data[0] % len(SURFACES) if data else 0], data[1:]
    whole, cut = EventScan(surface), EventScan(surface)
    whole.take(stream)
    edited = b""
    for piece in pieces(stream):
        edited += cut.edited(piece)
    edited += cut.rest()
    if b"\r" not in stream or b"\n\n" not in stream:  # mixed line endings in one stream are counted wrongly
        assert _events(whole) == _events(cut), "a cut changes what is told"
    if whole.usage is None and b"\r" not in stream:
        assert edited == stream, "an edit lost something"
    events.answer_summary(surface, stream)
    return f"{surface.name} {whole.first} {min(whole.deltas, 3)} {whole.done} {whole.error} {whole.finish_reason}"


def _events(scan: EventScan) -> tuple[object, ...]:
    return scan.first, scan.deltas, scan.usage, scan.done, scan.error, scan.finish_reason


def all_of_them() -> dict[str, Callable[[bytes], str]]:
    """Targets by the name of their folder of seeds."""
    memory = HeadCache()
    return {"requests": requests(memory), "responses": responses(memory), "facts": bodies, "events": streams}
