"""The packaged sets: physics of all published runs, corrections of single groups, and how wrong each was, as JSON.

Text in and out; the file lies in `fairlead.simulator.data` and its first fields say whose measurements it stands on.
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
    """Median absolute errors as shares, on measurements that the coefficients did not see."""

    token: float
    first_token: float


@dataclass(frozen=True, slots=True)
class FittedGroup:
    """What was learnt of one, from how many runs."""

    correction: StepCorrection
    runs: int
    wrong: FitError


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedSets:
    """The whole file."""

    source: str
    licence: str
    runs: int
    physics: Physics
    groups: Mapping[str, FittedGroup]
    wrong: FitError
    """Of the physics alone on models or GPUs that were left out, whichever is worse."""


def read(text: str) -> FittedSets:
    """As `as_json` wrote it."""
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
    """Sorted and cut to four digits, so that a change of the file is a change of what it says."""
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
