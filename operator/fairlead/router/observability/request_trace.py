"""A request's part of a recorded trace: its own span, and one for each attempt at an engine."""

from dataclasses import dataclass
from typing import Final

from fairlead.router.observability import traces
from fairlead.router.observability.traces import RandomBits
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.refusal import TokenUsage

NEVER: Final = -1.0
"""A time that has not been reached."""


@dataclass(slots=True, eq=False)
class TracedAttempt:
    """One attempt at an engine."""

    span_id: str
    pod: str
    address: str
    began: float
    ended: float = NEVER
    ending: AttemptEnding | None = None
    aside: bool = False
    """Its answer was set aside; the fields below are that answer's."""
    revision: str = ""
    usage: TokenUsage | None = None
    finish_reason: str = ""

    def end(self, ending: AttemptEnding, now: float) -> None:
        """End the attempt."""
        self.ended = now
        self.ending = ending

    def set_aside(self, revision: str, usage: TokenUsage | None, finish_reason: str) -> None:
        """Keep the figures of its answer, which is not given."""
        self.aside = True
        self.revision = revision
        self.usage = usage
        self.finish_reason = finish_reason


class RequestTrace:
    """The spans of one request; only requests whose trace is recorded have one."""

    __slots__ = ("_bits", "attempts", "parent_id", "span_id", "trace_id")

    def __init__(self, trace_id: str, parent_id: str, bits: RandomBits) -> None:
        self.trace_id = trace_id
        self.parent_id = parent_id
        """Empty if the trace begins here."""
        self.attempts: list[TracedAttempt] = []
        self._bits = bits
        self.span_id = self._fresh_span()

    @property
    def upstream_traceparent(self) -> bytes | None:
        """The header that the latest attempt's engine gets, if there is one."""
        return traces.written(self.trace_id, self.attempts[-1].span_id) if self.attempts else None

    def begin(self, endpoint: Endpoint, now: float) -> None:
        """Begin an attempt's span."""
        self.attempts.append(TracedAttempt(self._fresh_span(), endpoint.pod, endpoint.address, now))

    def end(self, pod: str, ending: AttemptEnding, now: float) -> TracedAttempt | None:
        """End the attempt at this replica, and return it; of a hedged pair only that one."""
        for one in reversed(self.attempts):
            if one.ending is None and one.pod == pod:
                one.end(ending, now)
                return one
        return None

    def close(self, pod: str, ending: AttemptEnding, now: float) -> None:
        """End the attempt at this replica, and any other one as outrun by it."""
        self.end(pod, ending, now)
        for one in self.attempts:
            if one.ending is None:
                one.end(AttemptEnding.OUTRUN, now)

    def _fresh_span(self) -> str:
        return f"{self._bits(64) | 1:016x}"
