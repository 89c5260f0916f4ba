"""The result of all measurements: each engine's step efficiency and TTFT overhead, and what drafting gains.

A value that a fit makes and a file keeps; computes nothing.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from fairlead.simulator.timing.efficiency import StepEfficiency
from fairlead.simulator.timing.fixed_concurrency import EngineBehaviour, FirstTokenOverhead

DRAFTS: Final = 2.0
"""Drafted tokens per step of a run that drafted: between the one and three of published recipes."""


@dataclass(frozen=True, slots=True)
class Physics:
    """Behaviours by engine, under upstream's names, and the gain of drafting."""

    behaviours: Mapping[str, EngineBehaviour]
    gain: float
    """Tokens that a request of a drafted run gains per step."""

    def written(self) -> dict[str, Any]:
        """The value as a JSON object."""
        engines = {
            name: {"efficiency": asdict(one.reached), "front": asdict(one.front)}
            for name, one in self.behaviours.items()
        }
        return {"drafts": DRAFTS, "kept_by_drafted_step": self.gain, "engines": engines}


def read(entry: Mapping[str, Any]) -> Physics:
    """Read what `written` returned."""
    behaviours = {
        name: EngineBehaviour(StepEfficiency(**one["efficiency"]), FirstTokenOverhead(**one["front"]))
        for name, one in entry["engines"].items()
    }
    return Physics(behaviours, entry["kept_by_drafted_step"])
