"""The emulated engine's speed and faults, read from its environment.

Every variable begins with FAIRLEAD_ENGINE_; `KNOBS` describes each one and its default.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fairlead.emulator import faults
from fairlead.emulator.engine.fixed_step_times import FixedStepTimes
from fairlead.emulator.faults import AT_START, EngineFault, FaultOrder
from fairlead.fleet.randomness import RandomSource

__all__ = ["AT_START", "KNOBS", "PREFIX", "BadKnob", "EmulationKnobs", "EngineFault", "read"]

PREFIX: Final = "FAIRLEAD_ENGINE_"
KNOBS: Final[Mapping[str, str]] = {
    "START_SECONDS": "until it answers anything, or a range like 60-125 (1)",
    "WAKE_SECONDS": "that a sleeping engine takes to wake (0)",
    "TTFT_MS": "a fixed length of each step that reads a prompt, not the model's (30 where only TPOT_MS is set)",
    "TPOT_MS": "and of every other step (10 where only TTFT_MS is set)",
    "SHAPE": "the catalogue's model whose speed and memory it takes, where MODEL is a path (none)",
    "ACCEPTANCE": "share of drafted tokens that are accepted, by position: 0.7 or 0.8,0.6,0.4 (0.7)",
    "SEED": "of all chance: cold start, acceptance, replies (0)",
    "REPLY_TOKENS": "mean length of a reply that nothing else limits (8 to 63, by the prompt)",
    "INVALID_JSON_RATE": "share of answers to a JSON schema that break it (0)",
    "LAG_LIMIT_MS": "it refuses new work once every step of three seconds lags this far behind its own model (250)",
    "LOSE_EARLY_SIGNAL": "1: a SIGTERM while it starts is lost, as vLLM may lose it (0: it ends the start)",
    "FAULTS_API": "1: faults can be ordered over HTTP (0)",
    "FAULT": "one of " + ", ".join(fault for fault in EngineFault if fault) + " (none)",
    "FAULT_AFTER": "completions answered well before the fault shows, probes included (0)",
    "FAULT_TOKENS": "tokens before a stream is cut or the engine dies (2)",
    "FAULT_FACTOR": "by which a slow step is slower (10)",
}


NO_FAULT: Final = FaultOrder()


class BadKnob(ValueError):
    """A variable has an invalid value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulationKnobs:
    """Speed, randomness and fault of one engine."""

    start_seconds: float = 1.0
    start_seconds_most: float | None = None
    """Upper end of the cold start: if set, the seed draws the time between the two."""
    wake_seconds: float = 0.0
    pace: FixedStepTimes | None = None
    """Absent: the step times of the model on its GPU."""
    shape: str | None = None
    acceptance: tuple[float, ...] = (0.7,)
    seed: int = 0
    reply_tokens: int | None = None
    invalid_json_rate: float = 0.0
    lag_limit_seconds: float = 0.25
    lose_early_signal: bool = False
    faults_api: bool = False
    order: FaultOrder = NO_FAULT

    def cold_start(self, randomness: RandomSource) -> float:
        """Return this cold start's seconds."""
        most = self.start_seconds if self.start_seconds_most is None else self.start_seconds_most
        return self.start_seconds + (most - self.start_seconds) * randomness.random()


def read(environment: Mapping[str, str]) -> EmulationKnobs:
    """Read the knobs that are set; the others keep their defaults."""
    values = {knob: written for knob in KNOBS if (written := environment.get(PREFIX + knob))}
    start = _range(values, "START_SECONDS", "1")
    replies = _number(values, "REPLY_TOKENS", 0)
    return EmulationKnobs(
        start_seconds=start[0],
        start_seconds_most=start[1] if start[1] > start[0] else None,
        wake_seconds=_number(values, "WAKE_SECONDS", 0),
        pace=_pace(values),
        shape=values.get("SHAPE"),
        acceptance=_shares(values, "ACCEPTANCE", "0.7"),
        seed=int(_number(values, "SEED", 0)),
        reply_tokens=int(replies) or None,
        invalid_json_rate=_shares(values, "INVALID_JSON_RATE", "0")[0],
        lag_limit_seconds=_number(values, "LAG_LIMIT_MS", 250) / 1000,
        lose_early_signal=_switch(values, "LOSE_EARLY_SIGNAL"),
        faults_api=_switch(values, "FAULTS_API"),
        order=_order(values),
    )


def _pace(values: Mapping[str, str]) -> FixedStepTimes | None:
    if "TTFT_MS" not in values and "TPOT_MS" not in values:
        return None
    first, each = _number(values, "TTFT_MS", 30), _number(values, "TPOT_MS", 10)
    return FixedStepTimes(first_token_seconds=first / 1000, token_seconds=each / 1000)


def _order(values: Mapping[str, str]) -> FaultOrder:
    try:
        fault = faults.fault_named(values.get("FAULT", ""))
    except ValueError as problem:
        raise BadKnob(f"{PREFIX}FAULT: {problem}") from None
    factor = _number(values, "FAULT_FACTOR", 10)
    if factor < 1:
        raise _bad("FAULT_FACTOR", values["FAULT_FACTOR"], "a number from 1 up", "10")
    after, tokens = int(_number(values, "FAULT_AFTER", 0)), int(_number(values, "FAULT_TOKENS", 2))
    return FaultOrder(fault=fault, after=after, tokens=tokens, factor=factor)


def _number(values: Mapping[str, str], knob: str, default: float) -> float:
    return _read(knob, values.get(knob, str(default)), (0, 1e9), f"{default:g}")


def _range(values: Mapping[str, str], knob: str, default: str) -> tuple[float, float]:
    """Parse both ends of a value like `5` or `60-125`."""
    written = values.get(knob, default)
    low, dash, high = written.partition("-")
    if not low:
        raise _bad(knob, written, "a number from 0 up, or a range like 60-125", default)
    least = _read(knob, low, (0, 1e9), default)
    most = _read(knob, high, (0, 1e9), default) if dash else least
    if most < least:
        raise _bad(knob, written, "a number or a range that grows", default)
    return least, most


def _switch(values: Mapping[str, str], knob: str) -> bool:
    written = values.get(knob, "0")
    if written not in ("0", "1"):
        raise _bad(knob, written, "1 or 0", "1")
    return written == "1"


def _shares(values: Mapping[str, str], knob: str, default: str) -> tuple[float, ...]:
    return tuple(_read(knob, part, (0, 1), default) for part in values.get(knob, default).split(","))


def _read(knob: str, written: str, span: tuple[float, float], default: str) -> float:
    try:
        number = float(written)
    except ValueError:
        number = -1
    if not span[0] <= number <= span[1]:
        allowed = "a number from 0 up" if span[1] > 1 else "a number from 0 to 1"
        raise _bad(knob, written, allowed, default)
    return number


def _bad(knob: str, written: str, allowed: str, default: str) -> BadKnob:
    return BadKnob(f"{PREFIX}{knob}: {written}: must be {allowed}; write {default} or leave it out")
