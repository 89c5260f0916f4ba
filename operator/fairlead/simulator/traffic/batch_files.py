"""OpenAI batch files as requests: `custom_id`, `method`, `url` and `body` a line, at once or spread over a window.

Tokens are assumed, not counted: a prompt has one for each four bytes, as the router estimates, and a reply is as long
as its request allows. Of a prompt's text only the chained hashes of its pages are kept.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

from fairlead.simulator.traffic.arrivals import RequestArrival, UnreadableTraffic
from fairlead.sizing import measured_rows
from fairlead.sizing.measured_rows import BadMeasurement, MeasuredFields

TOKEN_BYTES: Final = 4
ASSUMED_REPLY_TOKENS: Final = 256
"""For a request that sets no limit."""
LIMITS: Final = ("max_completion_tokens", "max_tokens", "max_output_tokens")
PROMPTS: Final = {"/v1/chat/completions": "messages", "/v1/completions": "prompt", "/v1/responses": "input"}
"""The field of a body with its prompt, by URL."""
TEXTS: Final = frozenset({"text", "input_text", "output_text"})
HASH_BYTES: Final = 8
EXPECTED: Final = "expected custom_id, method, url and body"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSchedule:
    """When a file's requests arrive."""

    requests: int
    """Lines of the file."""
    window_s: float = 0.0
    """Spread evenly over this many seconds; 0: all at once."""

    def time(self, place: int) -> float:
        """Return the time of the request at this position, from 0 seconds on."""
        return self.window_s * place / self.requests


@dataclass(slots=True)
class BatchNotes:
    """What had to be assumed about the requests read so far."""

    unlimited: int = 0
    """Requests that set no limit for their reply."""


def arrivals(
    lines: Iterable[str], page_tokens: int, schedule: BatchSchedule, notes: BatchNotes
) -> Iterator[RequestArrival]:
    """Yield requests in the file's order; an invalid line is raised as `UnreadableTraffic` with its number."""
    seen: set[str] = set()
    try:
        for place, row in enumerate(measured_rows.json_rows(lines)):
            name = row.text("custom_id")
            if name in seen:
                raise row.bad(f"custom_id {measured_rows.shown(name)} is also in a line above")
            seen.add(name)
            yield _arrival(row, page_tokens, schedule.time(place), notes)
    except BadMeasurement as problem:
        raise UnreadableTraffic(f"{problem}; {EXPECTED}") from problem


def _arrival(row: MeasuredFields, page_tokens: int, time: float, notes: BatchNotes) -> RequestArrival:
    body = _body(row)
    text = _prompt(body, row.text("url")).encode(errors="replace")
    limits = [body.count(one, least=1) for one in LIMITS if body.has(one)]
    notes.unlimited += not limits
    user = body.fields.get("user")
    return RequestArrival(
        time=time,
        prompt_tokens=len(text) // TOKEN_BYTES + 1,
        output_tokens=min(limits, default=ASSUMED_REPLY_TOKENS),
        prefix=_page_names(text, page_tokens * TOKEN_BYTES),
        client=user if isinstance(user, str) else None,
    )


def _body(row: MeasuredFields) -> MeasuredFields:
    method, url = row.text("method"), row.text("url")
    if method != "POST":
        raise row.bad(f"method is {measured_rows.shown(method)}, and must be POST")
    if url not in PROMPTS:
        raise row.bad(f"url is {measured_rows.shown(url)}, and one of {', '.join(PROMPTS)} can be simulated")
    body = row.value("body")
    if not isinstance(body, dict):
        raise row.bad(f"body is {measured_rows.shown(body)}, and must be an object")
    found = measured_rows.json_fields(body, row.line)
    if found.count_or("n", 1) != 1:
        raise row.bad(f"body.n is {found.fields['n']}, and one reply a request is simulated")
    return found


def _prompt(body: MeasuredFields, url: str) -> str:
    """Return nearly what an engine would read: tools and instructions first, then each message's role and text."""
    parts = [json.dumps(body.fields[one]) for one in ("tools", "instructions") if body.has(one)]
    return "\n".join((*parts, *_texts(body.value(PROMPTS[url]), body)))


def _texts(given: object, body: MeasuredFields) -> Iterator[str]:
    """Yield the texts of a string, or of messages and their parts."""
    if isinstance(given, str):
        yield given
    elif isinstance(given, list) and given:
        for one in given:
            yield from _message(one, body) if isinstance(one, dict) else _texts(one, body)
    else:
        raise body.bad(f"its prompt is {measured_rows.shown(given)}, and must be text or messages")


def _message(given: Mapping[str, Any], body: MeasuredFields) -> Iterator[str]:
    if "role" in given:
        yield str(given["role"])
        if given.get("content") is not None:
            yield from _texts(given["content"], body)
        if given.get("tool_calls"):
            yield json.dumps(given["tool_calls"])
    elif given.get("type") in TEXTS:
        yield from _texts(given.get("text"), body)
    else:
        raise body.bad(f"a part of type {measured_rows.shown(given.get('type'))} is not simulated; only text is")


def _page_names(text: bytes, page_bytes: int) -> tuple[int, ...]:
    """Hash the pages, chained: equal names mean equal text up to there."""
    names, before = list[int](), b""
    for start in range(0, len(text) - page_bytes + 1, page_bytes):
        before = blake2b(before + text[start : start + page_bytes], digest_size=HASH_BYTES).digest()
        names.append(int.from_bytes(before))
    return tuple(names)
