"""The access log: one JSON object per request, written once, when the request ended.

A field that is unknown or empty is left out. Prompts are included only if the configuration enables them.
"""

import json
from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec import UNSET

from fairlead.router.observability import traces
from fairlead.router.observability.access_log_entry import AccessLogEntry
from fairlead.router.observability.label_values import Copied
from fairlead.router.observability.request_record import RequestRecord

LONGEST_PROMPT: Final = 32 * 2**10
"""Characters of a prompt that are logged: collectors cut or drop lines of more than some 100 kB."""
LONGEST_CHARACTER: Final = 4
"""Bytes of one in UTF-8."""
LONGEST_WORD: Final = 256
"""Characters kept of a string from a client or an engine, such as a model's name or a request id, if it makes a line
unusually long."""
LONGEST_USUAL: Final = 2048
"""In bytes; twice the size of a line whose fields all have ordinary lengths."""
DECIMALS: Final = 9
"""Of a cost: a token costs a millionth or less."""
_LEFT_OUT: Final[dict[str, object]] = dict(
    zip(reversed(AccessLogEntry.__struct_fields__), reversed(AccessLogEntry.__struct_defaults__), strict=False)
)
NOT_COPIED: Final = Copied.NOT
_TEXTS: Final = frozenset(("prompt", "answer"))
_encode: Final = msgspec.json.Encoder().encode


class TimestampFormatter:
    """Formats times of the loop's clock as UTC; each millisecond is formatted once, the date once a second."""

    __slots__ = ("_date", "_millisecond", "_second", "_text", "offset")

    def __init__(self, offset: float) -> None:
        self.offset = offset
        """How far the wall clock is ahead of the loop's."""
        self._millisecond = self._second = -1
        self._date = self._text = ""

    def follow(self, offset: float) -> None:
        """Follow the wall clock, which is ahead by this much now."""
        self.offset = offset

    def written(self, moment: float) -> str:
        """Format as UTC, to the millisecond."""
        millisecond = int((moment + self.offset) * 1e3)
        if millisecond != self._millisecond:
            self._millisecond = millisecond
            second, rest = divmod(millisecond, 1000)
            if second != self._second:
                self._second = second
                self._date = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.")
            self._text = f"{self._date}{rest:03d}Z"
        return self._text


def line(record: RequestRecord, clock: TimestampFormatter) -> bytes:
    """Format the line without its end. Passes fields by position: setting them one by one takes three times as long."""
    arrived = record.arrived
    entry = AccessLogEntry(
        clock.written(arrived),
        record.request_id,
        record.status,
        record.surface,
        record.stream,
        _ms(arrived, record.ended_at),
        record.bytes_in,
        record.bytes_out,
        record.client,
        record.tenant,
        record.model,
        record.revision,
        record.replica,
        record.lane,
        record.reason,
        record.left or "",
        record.cut,
        record.shadow,
        record.prompt_tokens,
        record.output_tokens,
        record.cached_tokens,
        record.prompt_estimate,
        _ms(record.waited_from, record.first_sent_at) if record.attempts else UNSET,
        _ms(arrived, record.first_token_at) if record.first_token_at >= 0 else UNSET,
        _per_token(record) if record.first_token_at >= 0 and _tokens(record) > 1 else UNSET,
        record.attempts,
        _hedged(record) if record.hedged else "",
        record.cache,
        record.pick or "",
        record.blocks,
        record.held_blocks,
        record.finish_reason,
        record.structured,
        _trace_id(record) if record.traceparent is not None else "",
        record.target,
        record.rule,
        record.fallback,
        record.check,
        record.escalated,
        UNSET if record.paid is None else round(record.paid.total, DECIMALS) or UNSET,
        "" if record.copied is NOT_COPIED else record.copied,
        "" if record.prompt is None else record.prompt[:LONGEST_PROMPT],
        record.answer[:LONGEST_PROMPT],
    )
    return written(entry)


def prompt_text(prompt: bytes) -> str:
    """Return what is logged of a prompt; the rest would only fill the memory until the request ends."""
    return prompt[: LONGEST_PROMPT * LONGEST_CHARACTER].decode(errors="replace")[:LONGEST_PROMPT]


def written(entry: AccessLogEntry) -> bytes:
    """Encode as ASCII: clients can send direction marks, line separators and the like, which terminals interpret."""
    try:
        text = _encode(entry)
    except UnicodeEncodeError:  # half a surrogate pair, which only JSON's own escapes can write
        return _rewritten(entry)
    return text if text.isascii() and len(text) <= LONGEST_USUAL else _rewritten(entry)


def _rewritten(entry: AccessLogEntry) -> bytes:
    values = zip(AccessLogEntry.__struct_fields__, msgspec.structs.astuple(entry), strict=True)
    members = {
        name: value[:LONGEST_WORD] if isinstance(value, str) and name not in _TEXTS else value
        for name, value in values
        if name not in _LEFT_OUT or value != _LEFT_OUT[name]
    }
    return json.dumps(members, separators=(",", ":")).encode()


def _ms(since: float, until: float) -> float:
    """To the microsecond, which is the precision of the loop's clock."""
    return int((until - since) * 1e6 + 0.5) / 1e3


def _tokens(record: RequestRecord) -> int:
    return record.output_tokens if record.output_tokens >= 0 else record.deltas


def _per_token(record: RequestRecord) -> float:
    return int((record.ended_at - record.first_token_at) * 1e6 / (_tokens(record) - 1) + 0.5) / 1e3


def _hedged(record: RequestRecord) -> str:
    return "won" if record.hedge_won else "lost"


def _trace_id(record: RequestRecord) -> str:
    return record.trace.trace_id if record.trace is not None else traces.trace_id(record.traceparent)
