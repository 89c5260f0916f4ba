"""How fast the engine pretends to be and what it does wrong, read from the environment it is started with.

FAIRLEAD_ENGINE_START_SECONDS  until it answers anything; default 1
FAIRLEAD_ENGINE_TTFT_MS        to the first token; default 30
FAIRLEAD_ENGINE_TPOT_MS        from one token to the next; default 10
FAIRLEAD_ENGINE_FAULT          one of the faults below; default none
FAIRLEAD_ENGINE_FAULT_AFTER    completions it answers well before the fault shows; default 0, probes count too
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

PREFIX: Final = "FAIRLEAD_ENGINE_"


class Fault(StrEnum):
    """What goes wrong, as seen by whoever runs the engine."""

    NONE = ""
    CRASH_AT_START = "crash-at-start"
    OUT_OF_MEMORY = "out-of-memory"
    GATED = "gated"
    """The hub refuses the model's files without a token."""
    NO_TOKENS = "no-tokens"
    """Healthy to every probe; completions are taken and never answered."""
    HANG = "hang"
    """Connections are taken and nothing is answered, health included."""
    ERRORS = "errors"
    """Every completion gets 500."""
    CUT_STREAM = "cut-stream"
    """The connection is dropped after the second token."""


AT_START: Final = frozenset({Fault.CRASH_AT_START, Fault.OUT_OF_MEMORY, Fault.GATED})


class BadKnob(ValueError):
    """A variable says something that cannot be acted on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pretence:
    """Speed and fault of one engine."""

    start_seconds: float = 1.0
    first_token_seconds: float = 0.030
    token_seconds: float = 0.010
    fault: Fault = Fault.NONE
    fault_after: int = 0

    def shows(self, fault: Fault, answered: int) -> bool:
        """Whether this is the engine's fault, and it is time for it."""
        return self.fault is fault and answered >= self.fault_after


def read(environment: Mapping[str, str]) -> Pretence:
    """The knobs that are set; the others keep their defaults."""
    return Pretence(
        start_seconds=_number(environment, "START_SECONDS", 1),
        first_token_seconds=_number(environment, "TTFT_MS", 30) / 1000,
        token_seconds=_number(environment, "TPOT_MS", 10) / 1000,
        fault=_fault(environment.get(f"{PREFIX}FAULT", "")),
        fault_after=int(_number(environment, "FAULT_AFTER", 0)),
    )


def _number(environment: Mapping[str, str], knob: str, default: float) -> float:
    written = environment.get(PREFIX + knob) or str(default)
    try:
        number = float(written)
    except ValueError:
        number = -1
    if not 0 <= number <= 1e9:
        raise BadKnob(f"{PREFIX}{knob}: {written}: must be a number from 0 up; write {default} or leave it out")
    return number


def _fault(written: str) -> Fault:
    try:
        return Fault(written)
    except ValueError:
        known = ", ".join(fault for fault in Fault if fault)
        raise BadKnob(f"{PREFIX}FAULT: {written}: no such fault; write one of {known}, or leave it out") from None
