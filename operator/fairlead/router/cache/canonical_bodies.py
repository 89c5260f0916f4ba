"""Two requests are the same if tenant, surface and the whole body in a canonical encoding are equal.

The encoding normalises white space, escapes, the order of the body's own keys and of those inside OpenAI's messages and
input items, `1e2` to `100.0`, and `stream: false` to no `stream`. It preserves list order, every string, `1` versus
`1.0`, null versus an absent field, and the key order inside tools, schemas and tool inputs: chat templates and grammars
write those out in order, so another order is another prompt. When in doubt two requests differ: that costs a hit, while
the other mistake would serve one request's response to another.

Fields that neither affect the response nor are repeated in it are left out; a response repeats nearly all of its
request. Decoding and encoding take 15 us for 18 kB, SHA-256 11 us: with a faster hash one end user of a tenant could
craft a request that gets another's response (`python -m bench.router_cache`).
"""

from hashlib import sha256
from typing import Any, Final

import msgspec

from fairlead.router.cache.cacheability import Body

VERSION: Final = b"2"
"""Incremented when the encoding or the keys in Redis change: routers of two versions share one Redis."""
UNREAD: Final = frozenset(
    {"cache", "user", "metadata", "request_id", "priority", "safety_identifier", "prompt_cache_key"}
)
"""A request's user, priority, ids and what it requests of the cache, which never affect the response."""
LEFT_OUT: Final[dict[str, frozenset[str]]] = {
    "chat": UNREAD,
    "completions": UNREAD,
    "embeddings": UNREAD,
    "responses": frozenset({"cache", "request_id", "priority"}),
    "messages": frozenset({"cache", "metadata", "request_id", "priority"}),
}
UNORDERED: Final[dict[str, str]] = {"chat": "messages", "responses": "input"}
"""Fields where every object is OpenAI's own and read by name; tools' arguments are strings there, and so preserved.

Anthropic's messages are not listed: a tool's `input` is an object there, and its order reaches the prompt.
"""

_DECODER: Final = msgspec.json.Decoder()
_AS_IT_CAME: Final = msgspec.json.Encoder()
_SORTED: Final = msgspec.json.Encoder(order="deterministic")


def read(raw: bytes) -> Body | None:
    """Return the body, or None if it is not a JSON object or too deeply nested."""
    try:
        body: Any = _DECODER.decode(raw)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return body if type(body) is dict else None


def digest(surface: str, tenant: str, body: Body, extra: bytes = b"") -> bytes:
    """Return a 32-byte digest that identifies the request; `extra` is what the router adds to change it."""
    whole = sha256(_begin(surface, tenant, extra))
    whole.update(canonical(surface, body))
    return whole.digest()


def canonical(surface: str, body: Body) -> bytes:
    """Return the canonical encoding, equal for bodies with the same meaning."""
    left_out = LEFT_OUT[surface]
    spelt = {name: body[name] for name in sorted(body) if name not in left_out}
    if not spelt.get("stream", True):
        del spelt["stream"]
    unordered = UNORDERED.get(surface)
    if unordered not in spelt:
        return _AS_IT_CAME.encode(spelt)
    first = _SORTED.encode(spelt.pop(unordered))
    return b"%b %b" % (first, _AS_IT_CAME.encode(spelt))


def _begin(surface: str, tenant: str, extra: bytes) -> bytes:
    """Prefix names with their lengths, so that a name cannot imitate another name plus part of what follows."""
    whose = tenant.encode()
    return b"%b %b %d %b %d %b " % (VERSION, surface.encode(), len(whose), whose, len(extra), extra)
