"""The packaged coefficient sets as JSON: physics of all published runs, corrections of single groups, errors.

Text in and out; the file is in `fairlead.simulator.data`, and its first fields name the source of the measurements.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from fairlead.simulator.timing import physics
from fairlead.simulator.timing.efficiency import StepCorrection
from fairlead.simulator.timing.physics import Physics

FILE: Final = "step_times.json"
ABOUT: Final = (
    "Step times fitted to published fixed-concurrency runs: shares of data sheet rates, seconds that a step costs "
    "besides, and factors of single groups (architecture/product/engine/mode/precision/drafting[/parallelism]). "
    "Written by `python -m bench.step_times --write`; changes here are lost."
)
_DIGITS: Final = 4


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
    """Read what `as_json` wrote."""
    entry = json.loads(text)
    return FittedSets(
        source=entry["source"],
        licence=entry["licence"],
        runs=entry["runs"],
        physics=physics.read(entry["physics"]),
        groups={key: _group(one) for key, one in entry["groups"].items()},
        wrong=FitError(**entry["wrong"]),
    )


def as_json(sets: FittedSets) -> str:
    """The file's text, sorted and rounded to four digits, so that a diff of the file shows only real changes."""
    entry = {
        "about": ABOUT,
        "source": sets.source,
        "licence": sets.licence,
        "runs": sets.runs,
        "wrong": asdict(sets.wrong),
        "physics": sets.physics.written(),
        "groups": {key: _entry(one) for key, one in sorted(sets.groups.items())},
    }
    return json.dumps(_rounded(entry), indent=1) + "\n"


def _group(entry: Mapping[str, Any]) -> FittedGroup:
    return FittedGroup(StepCorrection(**entry["correction"]), entry["runs"], FitError(**entry["wrong"]))


def _entry(group: FittedGroup) -> dict[str, Any]:
    return {"runs": group.runs, "wrong": asdict(group.wrong), "correction": asdict(group.correction)}


def _rounded(value: Any) -> Any:  # noqa: ANN401  # whatever JSON holds
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return value
