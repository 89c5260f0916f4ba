"""What all measurements together say: one efficiency and one front door for each engine, and what drafting gains.

A value that a fit makes and a file keeps; computes nothing.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from fairlead.simulator.timing.efficiency import StepEfficiency
from fairlead.simulator.timing.fixed_concurrency import EngineBehaviour, FirstTokenOverhead

DRAFTS: Final = 2.0
"""Tokens guessed a step where a run drafted: between the one and three that published recipes ask for."""


@dataclass(frozen=True, slots=True)
class Physics:
    """By engine, under upstream's names of them."""

    behaviours: Mapping[str, EngineBehaviour]
    gain: float
    """Tokens that a drafted run keeps by step."""

    def written(self) -> dict[str, Any]:
        """For JSON."""
        engines = {
            name: {"efficiency": asdict(one.reached), "front": asdict(one.front)}
            for name, one in self.behaviours.items()
        }
        return {"drafts": DRAFTS, "kept_by_drafted_step": self.gain, "engines": engines}


def read(entry: Mapping[str, Any]) -> Physics:
    """From JSON."""
    behaviours = {
        name: EngineBehaviour(StepEfficiency(**one["efficiency"]), FirstTokenOverhead(**one["front"]))
        for name, one in entry["engines"].items()
    }
    return Physics(behaviours, entry["kept_by_drafted_step"])
