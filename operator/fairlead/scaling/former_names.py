"""Names that stored state and recorded decisions had in the release before, and those that they have now.

Documents here are what a JSON decoder without a type returns. To be deleted once no stored document has these names.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from fairlead.scaling.facts import EnginePodPhase

JsonObject = dict[str, object]
MARK: Final = re.compile(rb'"learnt"\s*:|"phase"\s*:\s*"stuck"')
"""In each record with former names, and in no other: inside a string its quotes would be escaped."""
_STATE: Final = (
    ("learnt.arrivals.tellers", "counters"),
    ("learnt.forecasts.looking", "current_hour"),
    ("learnt.mixture.asked", "router_requests"),
    ("learnt.mixture.asked_tokens", "router_prompt_tokens"),
    ("learnt.fits.looks", "equations"),
    ("learnt.strain.felt", "buckets"),
    ("learnt.strain", "slo_correction"),
    ("learnt", "estimates"),
    ("pacing.patience", "stabilization"),
    ("pacing.full", "node_shortage"),
    ("pacing.said", "reported"),
    ("pacing.guessing.guessed", "drafted"),
    ("pacing.guessing", "speculation"),
    ("pacing", "answer_history"),
)
"""Paths in former names, inner ones first, and what the last part is called now."""
_RECORD: Final = (
    ("facts.pods.doubt", "problem"),
    ("facts.routers.doubt", "problem"),
    ("facts.routers.figures.asked", "arrivals"),
    *((f"memory.{path}", now) for path, now in _STATE),
)
FORMER_PHASE: Final = "stuck"
FORMER_FIGURE: Final = "strain.factor"
FIGURE: Final = "sloCorrection.factor"


def present_record(document: object) -> object:
    """Return a decision record under present names, those of its figures and phases among them."""
    for path, now in _RECORD:
        document = _renamed(document, path, now)
    document = _revalued(document, "facts.pods.phase", FORMER_PHASE, EnginePodPhase.HUNG.value)
    return _revalued(document, "recommendation.candidates.figures.name", FORMER_FIGURE, FIGURE)


def present_state(document: object) -> object:
    """Return a scaling state under present names."""
    for path, now in _STATE:
        document = _renamed(document, path, now)
    return document


def former_state(document: object) -> Any:  # noqa: ANN401  # JSON
    """Return a scaling state under the names by which the release before reads it."""
    for path, now in reversed(_STATE):
        outer, _, last = path.rpartition(".")
        document = _renamed(document, f"{outer}.{now}" if outer else now, last)
    return document


def _renamed(node: object, path: str, new: str) -> object:
    """Rename the keys at this path and keep their order."""
    return _changed(
        node, path, lambda owner, key: {new if name == key else name: value for name, value in owner.items()}
    )


def _revalued(node: object, path: str, former: str, now: str) -> object:
    """Replace this value at this path."""
    return _changed(node, path, lambda owner, key: owner | {key: now} if owner[key] == former else owner)


def _changed(node: object, path: str, change: Callable[[JsonObject, str], JsonObject]) -> object:
    """Change each object that has the last key of a path; lists are looked through, and what is missing stays so."""
    if isinstance(node, list | tuple):
        return [_changed(one, path, change) for one in node]
    key, _, inner = path.partition(".")
    if not isinstance(node, dict) or key not in node:
        return node
    if inner:
        return node | {key: _changed(node[key], inner, change)}
    return change(node, key)
