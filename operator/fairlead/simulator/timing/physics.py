"""The result of all measurements: each engine's step efficiency and TTFT overhead, and the gain of drafting.

A value that a fit creates and a file keeps; computes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from fairlead.simulator.timing.efficiency import StepEfficiency


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstTokenOverhead:
    """What a first token takes beyond the engine's steps."""

    start_s: float
    """HTTP, chat template, tokenizer, and submission to the scheduler."""
    token_s: float
    """Per prompt token."""
    wave: float
    """Share of other clients' prompts ahead of an arrival, since clients started together stay together."""
    stall: float
    """Share of other ranks' prompts that delay a step of this one, since ranks share the experts."""
    transfer_s: float
    """Transfer of a prompt's KV cache from prefill to decode worker, if they are disaggregated."""


class EngineBehaviour(NamedTuple):
    """An engine's step efficiency and its TTFT overhead."""

    efficiency: StepEfficiency
    overhead: FirstTokenOverhead


@dataclass(frozen=True, slots=True)
class Physics:
    """Behaviours by engine, under upstream's names, and the gain of drafting."""

    behaviours: Mapping[str, EngineBehaviour]
    gain: float
    """Tokens that a request of a drafted run gains per step."""


def read(entry: Mapping[str, Any]) -> Physics:
    """Read what `fitting.set_builder` wrote."""
    behaviours = {
        name: EngineBehaviour(StepEfficiency(**one["efficiency"]), FirstTokenOverhead(**one["front"]))
        for name, one in entry["engines"].items()
    }
    return Physics(behaviours, entry["kept_by_drafted_step"])
