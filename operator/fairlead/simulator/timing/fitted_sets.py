"""The packaged coefficient sets: physics of all published runs, corrections of single groups, errors.

`fitting.set_file` writes the file, in `fairlead.simulator.data`; its first fields name the measurements' source.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fairlead.documents import json_document
from fairlead.simulator.timing import physics
from fairlead.simulator.timing.efficiency import StepCorrection
from fairlead.simulator.timing.physics import Physics

FILE: Final = "step_times.json"


@dataclass(frozen=True, slots=True)
class FitError:
    """Median absolute errors as shares, on measurements that were not used to fit the coefficients."""

    token: float
    first_token: float


@dataclass(frozen=True, slots=True)
class FittedGroup:
    """One group's correction, its number of runs, and its error."""

    correction: StepCorrection
    runs: int
    wrong: FitError


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedSets:
    """The content of the file."""

    source: str
    licence: str
    runs: int
    physics: Physics
    groups: Mapping[str, FittedGroup]
    wrong: FitError
    """Error of the physics alone on left-out models or GPUs, whichever is larger."""


def read(text: str) -> FittedSets:
    """Read the file's text."""
    entry = json_document.read(text)
    return FittedSets(
        source=entry["source"],
        licence=entry["licence"],
        runs=entry["runs"],
        physics=physics.read(entry["physics"]),
        groups={key: _group(one) for key, one in entry["groups"].items()},
        wrong=FitError(**entry["wrong"]),
    )


def _group(entry: Mapping[str, Any]) -> FittedGroup:
    return FittedGroup(StepCorrection(**entry["correction"]), entry["runs"], FitError(**entry["wrong"]))
