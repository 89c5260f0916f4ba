"""Injected faults: from the environment at the start, and over HTTP while the engine runs.

One fault at a time is in force. This module decides when a fault shows; its users decide what then breaks.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final


class EngineFault(StrEnum):
    """What goes wrong, as an operator of the engine observes it."""

    NONE = ""
    CRASH_AT_START = "crash-at-start"
    OUT_OF_MEMORY = "out-of-memory"
    GATED = "gated"
    """The hub refuses the model's files without a token."""
    NO_MODEL = "no-model"
    """The hub has no model of that name."""
    NO_TOKENS = "no-tokens"
    """Healthy to every probe; completions are accepted and get no token."""
    HANG = "hang"
    """Connections are accepted and no request gets a response, not even `/health`."""
    ERRORS = "errors"
    """Every completion gets a 500."""
    CUT_STREAM = "cut-stream"
    """The connection is dropped after some tokens."""
    SLOW_STEP = "slow-step"
    """Each step takes a multiple of the model's time."""
    ENGINE_DEATH = "engine-death"
    """After some tokens the engine process behind the API server dies: errors, 503 from `/health`, exit 0 a moment
    later."""
    CRASH = "crash"
    """After some tokens the process ends with SIGKILL."""
    METRICS_NAN = "metrics-nan"
    METRICS_MISSING = "metrics-missing"
    """The exposition lacks the engine's families."""
    METRICS_FROZEN = "metrics-frozen"
    METRICS_NEGATIVE = "metrics-negative"


AT_START: Final = frozenset(
    {EngineFault.CRASH_AT_START, EngineFault.OUT_OF_MEMORY, EngineFault.GATED, EngineFault.NO_MODEL}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultOrder:
    """A fault, and when and how strongly it shows."""

    fault: EngineFault = EngineFault.NONE
    after: int = 0
    """Completions that succeed before it shows."""
    tokens: int = 2
    """Tokens of one stream before it is cut; of all streams before the engine or the process dies."""
    factor: float = 10.0
    """Factor for the time of a slow step."""

    def __post_init__(self) -> None:
        """Reject values that are too small, infinite or not a number."""
        for name, least in (("after", 0), ("tokens", 0), ("factor", 1)):
            if not least <= getattr(self, name) < math.inf:
                raise ValueError(f"{name}: {getattr(self, name)}: must be {least} or more, and finite; leave it out")

    @property
    def json_object(self) -> dict[str, Any]:
        """The order as a JSON object for the HTTP response."""
        return {"fault": self.fault.value, "after": self.after, "tokens": self.tokens, "factor": self.factor}


def order_from_body(body: Mapping[str, Any], current: FaultOrder) -> FaultOrder:
    """Parse an order from a JSON body; `{"fault": ""}` ends the one in force. `ValueError` says what is wrong."""
    unknown = set(body) - {"fault", "after", "tokens", "factor"}
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))}: no such field; write fault, after, tokens or factor")
    values: dict[str, Any] = {name: _converted(name, body[name]) for name in _FIELDS if name in body}
    return replace(FaultOrder() if "fault" in body else current, **values)


def _converted(name: str, value: object) -> object:
    try:
        return _FIELDS[name](value)
    except (TypeError, OverflowError):  # null, a list, an object; or an infinite count
        raise ValueError(f"{name}: must be a finite number; leave it out") from None


def fault_named(word: str) -> EngineFault:
    """Return the fault of that name."""
    try:
        return EngineFault(word)
    except ValueError:
        names = ", ".join(fault for fault in EngineFault if fault)
        raise ValueError(f"{word}: no such fault; write one of {names}, or leave it out") from None


_FIELDS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "fault": fault_named,
    "after": int,
    "tokens": int,
    "factor": float,
}


class FaultState:
    """The order in force, and how many completions succeeded under it."""

    def __init__(self, order: FaultOrder) -> None:
        self.order = order
        self.answered = 0
        self.tokens = 0
        """Tokens generated since this order came into force."""
        self.changed: Callable[[], None] = _no_waiters
        """Called when the order changes, so that a step that a fault held back can continue."""

    def change(self, order: FaultOrder) -> None:
        """Put another order in force, and reset the counts."""
        self.order = order
        self.answered = 0
        self.tokens = 0
        self.changed()

    def shows(self, fault: EngineFault) -> bool:
        """Return whether this fault is ordered and due."""
        return self.order.fault is fault and self.answered >= self.order.after

    @property
    def slowness(self) -> float:
        """The factor for step times."""
        return self.order.factor if self.shows(EngineFault.SLOW_STEP) else 1.0

    @property
    def deadly(self) -> EngineFault | None:
        """The deadly fault that is due, if any."""
        order = self.order
        due = order.fault in {EngineFault.ENGINE_DEATH, EngineFault.CRASH} and self.tokens >= order.tokens
        return order.fault if due and self.answered >= order.after else None


def _no_waiters() -> None:
    """Default until the engine client sets `changed`."""
