"""Names that a misspelt or shortened one probably means, such as NVIDIA-L4 for L4. Deterministic."""

import difflib
import re
from collections.abc import Iterable
from typing import Final

ALIKE: Final = 0.6
"""Of the letters; a lower similarity is for names that have little in common besides their vendor."""
MOST: Final = 3
"""Names with all words of the one that is written."""
_BETWEEN: Final = re.compile(r"[^a-z0-9.]+")


def near_names(written: str, names: Iterable[str], *, similar: int = 1, alike: float = ALIKE) -> tuple[str, ...]:
    """Return the same name in other cases, else some with all of its words, else at most `similar` that are similar."""
    by_lower = {one.lower(): one for one in names}
    lower = written.lower()
    if lower in by_lower:
        return (by_lower[lower],)
    words = _words(lower)
    found = [one for one in by_lower if words and words <= _words(one)]
    found = found or difflib.get_close_matches(lower, by_lower, n=similar, cutoff=alike)
    return tuple(by_lower[one] for one in found[:MOST])


def _words(lower: str) -> frozenset[str]:
    return frozenset(_BETWEEN.split(lower)) - {""}
