"""What goes wrong on demand: ordered at the start by the environment, and while it runs over HTTP.

One fault at a time is in force. Knows when a fault shows; what it then breaks is the business of whoever asks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final


class EngineFault(StrEnum):
    """What goes wrong, as seen by whoever runs the engine."""

    NONE = ""
    CRASH_AT_START = "crash-at-start"
    OUT_OF_MEMORY = "out-of-memory"
    GATED = "gated"
    """The hub refuses the model's files without a token."""
    NO_MODEL = "no-model"
    """The hub has no model of that name."""
    NO_TOKENS = "no-tokens"
    """Healthy to every probe; completions are taken and never answered."""
    HANG = "hang"
    """Connections are taken and nothing is answered, health included."""
    ERRORS = "errors"
    """Every completion gets 500."""
    CUT_STREAM = "cut-stream"
    """The connection is dropped after some tokens."""
    SLOW_STEP = "slow-step"
    """Each step lasts several times what the model says."""
    ENGINE_DEATH = "engine-death"
    """After some tokens the engine below the server dies: errors, 503 from `/health`, exit 0 a moment later."""
    CRASH = "crash"
    """After some tokens the process is gone between two instructions, as if the kernel had killed it."""
    METRICS_NAN = "metrics-nan"
    METRICS_MISSING = "metrics-missing"
    """The engine's families are not on the page."""
    METRICS_FROZEN = "metrics-frozen"
    METRICS_NEGATIVE = "metrics-negative"


AT_START: Final = frozenset(
    {EngineFault.CRASH_AT_START, EngineFault.OUT_OF_MEMORY, EngineFault.GATED, EngineFault.NO_MODEL}
)
OF_METRICS: Final = frozenset(
    {EngineFault.METRICS_NAN, EngineFault.METRICS_MISSING, EngineFault.METRICS_FROZEN, EngineFault.METRICS_NEGATIVE},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultOrder:
    """A fault and its measure."""

    fault: EngineFault = EngineFault.NONE
    after: int = 0
    """Completions that go well before it shows."""
    tokens: int = 2
    """Of one stream before it is cut; of all streams before the engine or the process dies."""
    factor: float = 10.0
    """By which a slow step is slower."""

    def __post_init__(self) -> None:
        """Refuse a measure that means nothing."""
        for name, least in (("after", 0), ("tokens", 0), ("factor", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name}: {getattr(self, name)}: must be {least} or more; leave it out")

    @property
    def told(self) -> dict[str, Any]:
        """As it is answered over HTTP."""
        return {"fault": self.fault.value, "after": self.after, "tokens": self.tokens, "factor": self.factor}


def order_from_body(told: Mapping[str, Any], known: FaultOrder) -> FaultOrder:
    """The order a JSON body gives; `{"fault": ""}` ends the one in force. `ValueError` says what is wrong."""
    unknown = set(told) - {"fault", "after", "tokens", "factor"}
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))}: no such field; write fault, after, tokens or factor")
    return replace(
        FaultOrder() if "fault" in told else known,
        **{name: kind(told[name]) for name, kind in _FIELDS.items() if name in told},
    )


def fault_named(word: str) -> EngineFault:
    """The fault of that name."""
    try:
        return EngineFault(word)
    except ValueError:
        known = ", ".join(fault for fault in EngineFault if fault)
        raise ValueError(f"{word}: no such fault; write one of {known}, or leave it out") from None


_FIELDS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "fault": fault_named,
    "after": int,
    "tokens": int,
    "factor": float,
}


class FaultState:
    """The order in force, and how many completions went well under it."""

    def __init__(self, order: FaultOrder) -> None:
        self.order = order
        self.answered = 0
        self.tokens = 0
        """Generated since the order was given."""
        self.changed: Callable[[], None] = _no_waiters
        """Whoever stands still because of a fault is told when another comes."""

    def change(self, order: FaultOrder) -> None:
        """From now on this one, counted from now."""
        self.order = order
        self.answered = 0
        self.tokens = 0
        self.changed()

    def shows(self, fault: EngineFault) -> bool:
        """Whether this is the engine's fault, and it is time for it."""
        return self.order.fault is fault and self.answered >= self.order.after

    @property
    def slowness(self) -> float:
        """What a step's time is multiplied with."""
        return self.order.factor if self.shows(EngineFault.SLOW_STEP) else 1.0

    @property
    def deadly(self) -> EngineFault | None:
        """The death that is due, if one is."""
        order = self.order
        due = order.fault in {EngineFault.ENGINE_DEATH, EngineFault.CRASH} and self.tokens >= order.tokens
        return order.fault if due and self.answered >= order.after else None


def _no_waiters() -> None:
    """Nobody waits."""
