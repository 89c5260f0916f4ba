"""Sets members of a body's top-level object without re-encoding the rest, which stays as the client wrote it.

A missing member is appended after the last one; an existing one is replaced in place or removed.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import UNSET, Raw

from fairlead.router.wire import forms
from fairlead.router.wire.body_facts import BodyFacts
from fairlead.router.wire.request_bodies import FileBody

MEMBERS: Final = msgspec.json.Decoder(dict[str, Raw])
SPACE: Final = b" \t\r\n"
FIRST: Final = (b'{"model": ', b'{"model":')
"""How bodies begin whose first member is the model, as most clients' encoders write them."""
MODEL: Final = b'"model"'
ESCAPED: Final = b"\\u006"
"""How each letter of that name begins if it is written as an escape."""
TAIL: Final = 1024
"""Bytes at a body's end in which members after a long prompt are looked for."""
INCLUDE_USAGE: Final = b'{"include_usage":true}'


def put(body: bytes, facts: BodyFacts, members: Mapping[str, bytes]) -> bytes:
    """Set members, a map of names to JSON; `facts` are this body's facts. A body that is no object stays unchanged."""
    parsed = facts.parsed
    if not members:
        return body
    if not facts.typed:
        return _replaced(body, members)
    for name in members:
        if getattr(parsed, name, None) is not UNSET:
            return _replaced(body, members)
    return _appended(body, members)


def _appended(body: bytes, members: Mapping[str, bytes]) -> bytes:
    """Append new members; the facts came from a body that ends with a brace."""
    inner = body.rstrip(SPACE)
    addition = b",".join([b'"%b":%b' % (name.encode(), value) for name, value in members.items()])
    before = inner[-16:-1].rstrip(SPACE) or inner[:-1].rstrip(SPACE)
    comma = b"" if before.endswith(b"{") else b","  # an empty object needs no comma
    return b"".join((memoryview(inner)[:-1], comma, addition, b"}"))


def _replaced(body: bytes, members: Mapping[str, bytes]) -> bytes:
    """Replace members that may exist; only the top level is decoded. A body nested too deeply was refused before."""
    try:
        there = MEMBERS.decode(body)
    except ValueError:
        return body
    there.update({name: Raw(value) for name, value in members.items()})
    return msgspec.json.encode(there)


def without(body: bytes, *names: str) -> bytes:
    """Return the body without these members; only the top level is decoded."""
    there = MEMBERS.decode(body)
    for name in names:
        there.pop(name, None)
    return msgspec.json.encode(there)


def with_model(body: bytes, facts: BodyFacts, member: bytes) -> bytes:
    """Return the body with another model, given as JSON; `facts` are this body's facts.

    If it is the first member, its value is cut out, at a quarter of the cost of decoding the top level; but not if a
    second one may follow, which engines would obey.
    """
    if isinstance(facts.parsed, FileBody):
        return forms.with_model(body, facts.parsed, msgspec.json.decode(member, type=str).encode())
    for start in FIRST:
        if body.startswith(start):
            value = b'"%b"' % (facts.model or "").encode()
            if facts.typed and body.startswith(value, len(start)) and _is_sole(body):
                return b"".join((start, member, body[len(start) + len(value) :]))
    changed = _with_model_at_end(body, member) if facts.typed else None
    return put(body, facts, {"model": member}) if changed is None else changed


def _with_model_at_end(body: bytes, member: bytes) -> bytes | None:
    """Return the body with another model if that is one of its last members; None if this cannot be told.

    A valid body's end that makes an object with an opening brace before it is made of top-level members. Engines obey
    the last member of a name, and this is it.
    """
    at = body.rfind(MODEL, max(0, len(body) - TAIL))
    if at < 0 or not body[max(0, at - 8) : at].rstrip(SPACE).endswith(b","):
        return None
    try:
        members = MEMBERS.decode(b"{" + body[at:])
    except ValueError:
        return None
    members["model"] = Raw(member)
    return b"".join((memoryview(body)[:at], memoryview(msgspec.json.encode(members))[1:]))


def _is_sole(body: bytes) -> bool:
    """Whether no member but the first is the model, in whatever spelling."""
    return body.find(MODEL, 2) < 0 and ESCAPED not in body


def requesting_usage(body: bytes, facts: BodyFacts) -> bytes:
    """Return the body with usage requested at the end of its stream; the other options stay."""
    options = facts.parsed.stream_options
    if not isinstance(options, dict) or not options:
        return put(body, facts, {"stream_options": INCLUDE_USAGE})
    inner = msgspec.json.decode(MEMBERS.decode(body)["stream_options"], type=dict[str, Raw])
    inner["include_usage"] = Raw(b"true")
    return put(body, facts, {"stream_options": msgspec.json.encode(inner)})
