"""Whether a response is complete: all of it arrived, nothing in it failed, and a repeated request would get the same.

A response may be broken although every byte arrived: engines send an error inside a stream and end it properly, and a
paused or sleeping engine aborts its requests with their output so far. Length is a valid reason to end, since it is
part of the request. One blind spot is vLLM's own: 0.32 calls an aborted response `completed` (serving.py of its
responses, "catch-all"), so drain an engine from the router before pausing it with `mode=abort`.

Patterns are safe: inside JSON strings quotes are escaped, so text cannot look like a key. And they are fast: 0.5 ms for
1,400 events of 190 bytes, where parsing each takes 0.75 to 1.1 ms and blocks all other requests meanwhile.
"""

import re
from typing import Final

import msgspec

from fairlead.router.cache.entries import STREAM, encoded, kept_lines
from fairlead.router.cache.reasons import NotStoredReason

FINISHED: Final = frozenset({b"stop", b"length", b"tool_calls", b"function_call"})
STOPPED: Final = frozenset({b"end_turn", b"max_tokens", b"stop_sequence", b"tool_use"})
DONE: Final = b"data: [DONE]"
FINISH: Final = re.compile(rb'"finish_reason":\s*"([^"]*)"')
STOP: Final = re.compile(rb'"stop_reason":\s*"([^"]*)"')
FAILURE: Final = rb'(?:data: ?\{\s*"error"|event: ?error|event: ?response\.failed)'
FIRST_FAILS: Final = re.compile(FAILURE)
LATER_FAILS: Final = re.compile(rb"\n" + FAILURE)
"""The literal first byte makes it fast: the same search with `^` takes five times as long."""


class IncompleteDetails(msgspec.Struct, gc=False):
    """Why a response is not complete."""

    reason: str | None = None


class ChoiceEnding(msgspec.Struct, gc=False):
    """One choice of a chat or completion."""

    finish_reason: str | None = None


class AnswerEnding(msgspec.Struct, gc=False):
    """The fields of all surfaces that show how a response ended."""

    error: msgspec.Raw | None = None
    choices: list[ChoiceEnding] = []
    status: str | None = None
    incomplete_details: IncompleteDetails | None = None
    stop_reason: str | None = None
    data: list[msgspec.Raw] = []


class EventEnding(msgspec.Struct, gc=False):
    """The last event of a response."""

    type: str = ""
    response: AnswerEnding | None = None


_ANSWER: Final = msgspec.json.Decoder(AnswerEnding)
_EVENT: Final = msgspec.json.Decoder(EventEnding)


def objection(surface: str, status: int, lines: bytes, body: bytes) -> NotStoredReason | None:
    """Return why the response may not be stored; None if it may."""
    if status != 200:
        return NotStoredReason.STATUS
    if encoded(lines):
        return NotStoredReason.ENCODED
    streams = STREAM in kept_lines(lines)
    whole = _stream_is_whole(surface, body) if streams else _plain_is_whole(surface, body)
    return None if whole else NotStoredReason.INCOMPLETE


def _plain_is_whole(surface: str, body: bytes) -> bool:
    try:
        answer = _ANSWER.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    return _has_no_error(answer) and _ended(surface, answer)


def _ended(surface: str, answer: AnswerEnding) -> bool:
    if surface == "embeddings":
        return bool(answer.data)
    if surface == "responses":
        return _responded(answer)
    if surface == "messages":
        return (answer.stop_reason or "").encode() in STOPPED
    return bool(answer.choices) and all((one.finish_reason or "").encode() in FINISHED for one in answer.choices)


def _has_no_error(answer: AnswerEnding) -> bool:
    return answer.error is None or bytes(answer.error) == b"null"


def _responded(answer: AnswerEnding) -> bool:
    if answer.status == "incomplete":
        return answer.incomplete_details is not None and answer.incomplete_details.reason == "max_output_tokens"
    return answer.status == "completed"


def _stream_is_whole(surface: str, body: bytes) -> bool:
    if _has_error_event(body):
        return False
    if surface == "responses":
        return _response_ended(_last_event(body))
    if surface == "messages":
        return b'"message_stop"' in _last_event(body) and _all_in(STOP.findall(body), STOPPED)
    return body.rstrip().endswith(DONE) and _all_in(FINISH.findall(body), FINISHED)


def _has_error_event(body: bytes) -> bool:
    return FIRST_FAILS.match(body) is not None or LATER_FAILS.search(body) is not None


def _all_in(found: list[bytes], allowed: frozenset[bytes]) -> bool:
    return bool(found) and allowed.issuperset(found)


def _response_ended(event: bytes) -> bool:
    try:
        last = _EVENT.decode(event)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    if last.type not in ("response.completed", "response.incomplete") or last.response is None:
        return False
    return _has_no_error(last.response) and _responded(last.response)


def _last_event(body: bytes) -> bytes:
    """Return the data of the last event other than `[DONE]`."""
    text = body.rstrip().removesuffix(DONE).rstrip()
    _, found, data = text.rpartition(b"\ndata:")
    return data.strip() if found else text.removeprefix(b"data:").strip()
