"""The packaged coefficient sets as JSON: the text that `fairlead.simulator.timing.fitted_sets` reads."""

import json
from dataclasses import asdict
from typing import Any, Final

from fairlead.simulator.timing.fitted_sets import FittedGroup, FittedSets
from fairlead.simulator.timing.physics import Physics
from fitting.columns import DRAFTS

ABOUT: Final = (
    "Step times fitted to published fixed-concurrency runs: shares of data sheet rates, seconds that a step costs "
    "besides, and factors of single groups (architecture/product/engine/mode/precision/drafting[/parallelism]). "
    "Written by `python -m bench.step_times --write`; changes here are lost."
)
_DIGITS: Final = 4


def as_json(sets: FittedSets) -> str:
    """The file's text, sorted and rounded to four digits, so that a diff of the file shows only real changes."""
    entry = {
        "about": ABOUT,
        "source": sets.source,
        "licence": sets.licence,
        "runs": sets.runs,
        "wrong": asdict(sets.wrong),
        "physics": physics_entry(sets.physics),
        "groups": {key: _entry(one) for key, one in sorted(sets.groups.items())},
    }
    return json.dumps(_rounded(entry), indent=1) + "\n"


def physics_entry(physics: Physics) -> dict[str, Any]:
    """The physics as a JSON object."""
    engines = {
        name: {"efficiency": asdict(one.efficiency), "front": asdict(one.overhead)}
        for name, one in physics.behaviours.items()
    }
    return {"drafts": DRAFTS, "kept_by_drafted_step": physics.gain, "engines": engines}


def _entry(group: FittedGroup) -> dict[str, Any]:
    return {"runs": group.runs, "wrong": asdict(group.wrong), "correction": asdict(group.correction)}


def _rounded(value: Any) -> Any:  # noqa: ANN401  # whatever JSON holds
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return value
