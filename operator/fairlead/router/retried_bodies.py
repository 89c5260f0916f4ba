"""A conversation extended by what was wrong with its last answer, in each API's format."""

from typing import Any, Final

import msgspec
from msgspec import Raw

from fairlead.router.wire.surfaces import Surface
from fairlead.routing.answers import check_results
from fairlead.routing.answers.answer import Answer
from fairlead.routing.answers.check_results import CheckResult

CONVERSATIONS: Final = {Surface.CHAT: "messages", Surface.MESSAGES: "messages", Surface.RESPONSES: "input"}
"""Surfaces whose requests are conversations, and the member that holds them."""
_MEMBERS: Final = msgspec.json.Decoder(dict[str, Raw])
_TURNS: Final = msgspec.json.Decoder(list[Raw])


def members(surface: Surface, body: bytes, answer: Answer | None, result: CheckResult) -> dict[str, bytes]:
    """Return the member with the extended conversation; empty if the body has no readable conversation."""
    name = CONVERSATIONS.get(surface, "")
    raw = bytes(_MEMBERS.decode(body).get(name, Raw()))
    if raw.startswith(b'"'):
        raw = msgspec.json.encode([{"role": "user", "content": Raw(raw)}])
    if not raw.startswith(b"["):
        return {}
    turns: list[Any] = [*_TURNS.decode(raw)]
    text = answer[0].text if answer else ""
    if text and answer is not None and not answer[0].calls:
        turns.append({"role": "assistant", "content": text})
    turns.append({"role": "user", "content": check_results.retry_message(result)})
    return {name: msgspec.json.encode(turns)}
