"""Scans server-sent events as they pass: the first token, the number of deltas, usage, and how the stream ended.

A model's text is in JSON strings, where a line break is an escape: so a raw blank line always ends an event, and a mark
with a raw line break is never text. An event with the same mark as the first delta is counted without parsing.
"""

from typing import Final

from fairlead.router.wire import event_parser, event_splitter
from fairlead.router.wire.event_shapes import AnswerSummary, EventChoice, ReplyEvent
from fairlead.router.wire.event_splitter import GAP
from fairlead.router.wire.surfaces import Surface
from fairlead.router.wire.usage_counts import added, counts_tokens, usage
from fairlead.routing.refusal import TokenUsage

UNFINISHED: Final = b'"finish_reason":null'
DONE: Final = b"[DONE]"
EMPTY: Final = b":\r\n"
"""First bytes of what brings nothing: comments and blank lines."""
LONGEST: Final = 2**20
"""A longer event is passed on without parsing, since each read searches everything that has arrived. The longest that
engines send hold a whole reply, and 1 MiB is about 250,000 tokens."""
OVER: Final = frozenset({"response.completed", "response.incomplete", "response.failed", "message_stop"})
STREAMS_DELTAS: Final = {Surface.RESPONSES: b".delta\ndata: ", Surface.MESSAGES: b"content_block_delta\ndata: "}
"""Bytes between an event's name and its data. They contain a raw line break, which a model's text cannot."""
NEVER: Final = b"\n\n\n"
"""A mark that no event contains, since blank lines end events."""


class EventScan:
    """The scan of one stream."""

    __slots__ = (
        *("_breaks", "_by_prompt", "_infix", "_rest", "_skipped", "_skipping", "_tail"),
        *("deltas", "done", "error", "error_event", "finish_reason", "first", "others", "usage"),
    )

    def __init__(self, surface: Surface, *, by_prompt: bool = False) -> None:
        self._infix = STREAMS_DELTAS.get(surface, NEVER)
        """The bytes inside each delta, if its API names events."""
        self._tail = NEVER
        """How an unfinished delta ends in the other APIs, learnt from the first."""
        self._breaks = 2 if self._infix is NEVER else 3
        """Line breaks in such an event, including its end."""
        self._by_prompt = by_prompt and surface is Surface.COMPLETIONS
        """Whether each prompt has a usage event of its own, after its last token."""
        self._rest = b""
        """The beginning of an incomplete event."""
        self._skipping = False
        self._skipped = 0
        """Bytes of events that are too long to hold."""
        self.first = False
        """Whether a token was seen: content, reasoning, a refusal, or a piece of a tool call."""
        self.deltas = 0
        """Events with content; about one per token."""
        self.others = 0
        """Events with any other data."""
        self.usage: TokenUsage | None = None
        self.finish_reason: str | None = None
        self.done = False
        """Whether the last event was seen: the client needs no more."""
        self.error = False
        """Whether the engine sent an error in the stream."""
        self.error_event = b""
        """The first such event."""

    @property
    def progress(self) -> int:
        """A number that changes with whatever the engine sends, but not with comments: a server writes these to keep
        connections open, also while its engine hangs."""
        return self.deltas + self.others + self._skipped + (0 if self._rest[:1] in EMPTY else len(self._rest))

    @property
    def inside(self) -> bool:
        """Whether an event has begun but not ended."""
        return bool(self._rest) or self._skipping

    def take(self, payload: bytes) -> None:
        """Scan the next bytes, split anywhere; nearly always one event like the first delta."""
        if self._is_next_delta(payload):
            self.deltas += 1
        elif not (self.first and self._ordinary(payload)):
            self._read(payload)
            if self._skipping:
                self._let_go()

    def edited(self, payload: bytes) -> bytes:
        """Like `take`, but return what goes to the client: all but the usage event that it did not request. A partial
        event is held back until it is complete, since a client can do nothing with it."""
        if self._is_next_delta(payload):
            self.deltas += 1
            return payload
        if self.first and self._ordinary(payload):
            return payload
        kept = self._read(payload)
        return b"".join([one + GAP for one in kept]) + (self._let_go() if self._skipping else b"")

    def _is_next_delta(self, payload: bytes) -> bool:
        """Whether it is one whole event like the first delta, as nearly always: cheaper to see than by `_ordinary`."""
        return self.first and not self._rest and payload.endswith(self._tail) and payload.count(b"\n") == self._breaks

    def _ordinary(self, payload: bytes) -> bool:
        """Count whole events if all are like the first delta and contain nothing else; return whether they are."""
        mark = self._infix if self._tail is NEVER else self._tail
        count = payload.count(mark)
        if self._rest or not count or payload.count(b"\n") != count * self._breaks or not payload.endswith(GAP):
            return False
        self.deltas += count
        return True

    def rest(self) -> bytes:
        """Return the bytes held back, when the stream is over."""
        rest, self._rest = self._rest, b""
        return rest

    def has_end(self) -> bool:
        """Whether the stream, which is over, says how it ended; some engines leave out `[DONE]` after the reason.

        The last event may lack the blank line after it: most clients take it as complete.
        """
        if self._rest and not self._skipping:
            self._event(self._rest)
        return self.done or self.error or self.finish_reason is not None

    def _read(self, payload: bytes) -> list[bytes]:
        """Read event by event; return those for a client that did not request usage."""
        *events, rest = event_splitter.split(self._rest, payload)
        kept = []
        for one in events:
            if self._skipping:
                self._skipping = False
                self.others += 1
                kept.append(one)
            elif self.first and (one.endswith(self._tail[:-2]) or self._infix in one):
                self.deltas += 1
                kept.append(one)
            elif self._event(one):
                kept.append(one)
        self._skipping = self._skipping or len(rest) > LONGEST
        self._rest = rest
        return kept

    def _let_go(self) -> bytes:
        """Release most of an event that is too long to hold; its last bytes stay, since its end may be split."""
        rest = self._rest
        self._rest = rest[-3:]
        self._skipped += len(rest) - len(self._rest)
        return rest[:-3]

    def _event(self, one: bytes) -> bool:
        """Read one whole event; return whether a client that did not request usage gets it."""
        at = one.find(b"data:")
        if at < 0 or (at and one[at - 1] != 10):
            return True
        self.others += 1
        data = one[at + 5 :].strip()
        if data == DONE:
            self.done = True
            return True
        event = event_parser.event(data)
        if not self.error and (one.startswith(b"event: error") or (event is not None and event_parser.fails(event))):
            self.error, self.error_event = True, one
        if event is None:
            return True
        if event.usage is not None and self._by_prompt:
            self.usage = self.usage if event.choices else added(self.usage, usage(event.usage))
        elif event.usage is not None:
            self.usage = usage(event.usage, self.usage)
        if event.choices:
            self._choices(event, one)
        elif event.type:
            self._typed(event)
        else:
            return event.usage is None or event_parser.fails(event)
        return True

    def _choices(self, event: ReplyEvent, one: bytes) -> None:
        """Read an event of chat or completions."""
        brought = False
        finished = None
        for choice in event.choices:
            finished = choice.finish_reason or finished
            brought = brought or _brings(choice)
        self.finish_reason = finished or self.finish_reason
        if not (brought or (self.first and finished is None)):  # an empty delta is a token with an incomplete character
            return
        self.deltas += 1
        self.first = True
        if finished is None and event.usage is None:
            end = one.rfind(UNFINISHED)
            self._tail = one[end:] + GAP if end >= 0 else NEVER
            self._breaks = one.count(b"\n") + 2

    def _typed(self, event: ReplyEvent) -> None:
        """Read an event of Responses or Messages."""
        kind = event.type
        if kind.endswith(".delta") or kind == "content_block_delta":
            self.deltas += 1
            self.first = True
        elif kind in OVER:
            self.done = True
        inner = event_parser.inner(event)
        if inner is not None:
            if inner.usage is not None:
                self.usage = usage(inner.usage, self.usage)
            if self.done:
                self.finish_reason = inner.status
        if kind == "message_delta":
            self.finish_reason = event_parser.stop_reason(event) or self.finish_reason


def _brings(choice: EventChoice) -> bool:
    """Whether a choice contains anything that a model generated."""
    delta = choice.delta
    if delta is None:
        return choice.text is not None
    return bool(
        delta.content
        or delta.reasoning
        or delta.reasoning_content
        or delta.tool_calls
        or delta.refusal
        or delta.function_call
        or delta.audio
    )


def answer_summary(surface: Surface, body: bytes) -> AnswerSummary:
    """Summarize a response that is not a stream; empty for one of another shape."""
    answer = event_parser.event(body)
    if answer is None:
        return AnswerSummary(None, None, error=False)
    finished = answer.choices[0].finish_reason if answer.choices else None
    if surface is Surface.RESPONSES:
        finished = answer.status
    elif surface is Surface.MESSAGES:
        finished = answer.stop_reason
    used = None if answer.usage is None or not counts_tokens(answer.usage) else usage(answer.usage)
    return AnswerSummary(used, finished, error=event_parser.fails(answer))
