"""The access log: one JSON object a request, written once, when the request ended.

A field that is unknown or empty is left out. Prompts are included only where the configuration says so.
"""

import json
from datetime import UTC, datetime
from typing import Final

import msgspec

from fairlead.router.observability import traces
from fairlead.router.observability.request_record import RequestRecord

LONGEST_PROMPT: Final = 32 * 2**10
"""Characters of a prompt that are logged: collectors cut or drop lines of more than some 100 kB."""
LONGEST_WORD: Final = 256
"""Characters that are kept of a string from a client or an engine, such as a model's name or a request id, when it
makes a line unusually long."""
LONGEST_USUAL: Final = 2048
"""Bytes; twice the size of a line whose fields all have ordinary lengths."""


DECIMALS: Final = 9
"""Of a cost: a token costs a millionth and less."""
UNKNOWN: Final = -1.0
"""A duration that was not measured; left out of the line, for which it must be this very object."""


class AccessLogEntry(msgspec.Struct, omit_defaults=True, gc=False):
    """The fields in their order; C code writes them, in 0.7 of the time of a template with escapes in Python."""

    time: str
    """When the request came, UTC."""
    request_id: str
    """The client's `X-Request-ID`, or the one made for it."""
    status: int
    """Status of the reply; 499: the client disconnected before it ended."""
    surface: str
    """Kind of route: chat, completions, responses, embeddings, messages, tokenize, models or other."""
    stream: bool
    """Whether the client asked for a stream."""
    e2e_ms: float
    """Milliseconds from the request's arrival to the last byte of the reply."""
    bytes_in: int
    """Bytes of the request's body."""
    bytes_out: int
    """Bytes of the reply's body."""
    client: str = ""
    """Address of the client; behind a load balancer, the balancer's."""
    tenant: str = ""
    """Tenant of the key; absent where no tenants are configured."""
    model: str = ""
    """Model that the request named."""
    revision: str = ""
    """Revision of the replica that replied."""
    replica: str = ""
    """Pod that replied, or that got the last attempt."""
    lane: str = ""
    """Queue of the request: interactive, long or batch."""
    reason: str = ""
    """Why the router refused the request or ended its reply early."""
    left: str = ""
    """Stage that the request was in when its client disconnected."""
    cut: bool = False
    """Whether the reply broke off after it had begun."""
    shadow: str = ""
    """Limit that the request exceeded, where limits are in shadow mode: reported and not enforced."""
    prompt_tokens: int = -1
    """Tokens of the prompt, by the engine's count, as in the next two fields."""
    output_tokens: int = -1
    """Tokens of the reply."""
    cached_tokens: int = -1
    """Tokens of the prompt that were in the KV cache."""
    prompt_tokens_estimated: int = -1
    """The router's estimate of the prompt's tokens, made before the first attempt."""
    queue_ms: float = UNKNOWN
    """Milliseconds in the router's queue, until the first attempt."""
    ttft_ms: float = UNKNOWN
    """Of streams: milliseconds from the request's arrival to the first token."""
    tpot_ms: float = UNKNOWN
    """Of streams: mean milliseconds between tokens after the first."""
    attempts: int = 0
    """Attempts made one after the other, a hedge not counted."""
    hedged: str = ""
    """Result of a second attempt beside a slow first one: won or lost."""
    cache: str = ""
    """Result in the response cache: hit, miss, joined (an equal request was in flight) or passed (not cacheable)."""
    pick: str = ""
    """Which rule chose the replica."""
    blocks: int = 0
    """Prefix blocks of the prompt that were looked up."""
    blocks_held: int = 0
    """Of these, blocks that the replica was believed to have cached."""
    finish_reason: str = ""
    """Why the engine ended the reply, in the engine's words."""
    structured: bool = False
    """Whether the request demanded JSON, a schema or another grammar."""
    trace_id: str = ""
    """Trace of the `traceparent` header, the client's or one that the router made."""
    target: str = ""
    """Of a gateway: deployment or outside API that got the request last; `model` is the route."""
    rule: str = ""
    """Of a gateway: the rule of the route that held."""
    fallback: str = ""
    """Of a gateway: why the request left a target, and which that was; the last one, if it left several."""
    check: str = ""
    """Of a gateway: whether the answer had the form that the request wants: valid, or what is wrong with it."""
    escalated: str = ""
    """Of a gateway: why an answer was held back and another one asked for, and whose that was."""
    cost: float = UNKNOWN
    """What all its attempts cost, in the currency of the prices; absent where nothing of it has a price."""
    copy: str = ""
    """Of a route with a shadow: original, if a copy of the request was sent, or copy, whose reply went to nobody."""
    prompt: str = ""
    """The prompt, only with `accessLog.prompts`; at most 32,768 characters."""
    answer: str = ""
    """The answer, only with `accessLog.prompts`, of requests with a copy and of copies; at most 32,768 characters."""


_LEFT_OUT: Final[dict[str, object]] = dict(
    zip(reversed(AccessLogEntry.__struct_fields__), reversed(AccessLogEntry.__struct_defaults__), strict=False)
)
_TEXTS: Final = frozenset(("prompt", "answer"))
_encode: Final = msgspec.json.Encoder().encode


class TimestampFormatter:
    """Formats times of the loop's clock as UTC; each millisecond is formatted once, the date once a second."""

    __slots__ = ("_date", "_millisecond", "_second", "_text", "offset")

    def __init__(self, offset: float) -> None:
        self.offset = offset
        """What the wall clock is ahead of the loop's."""
        self._millisecond = self._second = -1
        self._date = self._text = ""

    def written(self, moment: float) -> str:
        """UTC, to the millisecond."""
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
    """The line without its end. Passes fields by position: setting them one by one costs three times as much."""
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
        _ms(record.waited_from, record.first_sent_at) if record.attempts else UNKNOWN,
        _ms(arrived, record.first_token_at) if record.first_token_at >= 0 else UNKNOWN,
        _per_token(record) if record.first_token_at >= 0 else UNKNOWN,
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
        UNKNOWN if record.paid is None else round(record.paid.total, DECIMALS) or UNKNOWN,
        record.copied.value,
        "" if record.prompt is None else record.prompt[:LONGEST_PROMPT],
        record.answer[:LONGEST_PROMPT],
    )
    return written(entry)


def written(entry: AccessLogEntry) -> bytes:
    """ASCII only: clients can send direction marks, line separators and the like, which terminals interpret."""
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


def _per_token(record: RequestRecord) -> float:
    tokens = record.output_tokens if record.output_tokens >= 0 else record.deltas
    if tokens < 2:
        return UNKNOWN
    return int((record.ended_at - record.first_token_at) * 1e6 / (tokens - 1) + 0.5) / 1e3


def _hedged(record: RequestRecord) -> str:
    return "won" if record.hedge_won else "lost"


def _trace_id(record: RequestRecord) -> str:
    return record.trace.trace_id if record.trace is not None else traces.trace_id(record.traceparent)
