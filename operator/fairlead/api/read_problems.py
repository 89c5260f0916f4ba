"""Why an object is refused: the closed list of reasons, and how a value is shown without revealing a secret."""

import re
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from fairlead.fleet.findings import FindingReason, SpecRefusal

FieldPath = tuple[str | int, ...]

RawValue: TypeAlias = Any
"""A parsed input: dicts, lists and scalars, of any type until they are checked."""

LONGEST_SHOWN: Final = 60
ABSENT: Final = "absent"
HIDDEN: Final = "(not shown)"

SECRET_PLACES: Final = frozenset({"env", "extraArgs", "annotations", "sha256"})
"""Below these fields users write values that cannot be distinguished from a password."""

SECRET_PATTERN: Final = re.compile(
    r"(?i)\b(hf_|sk-|ghp_|glpat-|xox[bp]-|AKIA|eyJ)[-\w]{6}|://[^/\s]*:[^/\s]*@|password|-----BEGIN"
)


class ReadReason(FindingReason):
    """Why an object is refused."""

    NOT_AN_OBJECT = "NotAnObject"
    WRONG_KIND = "WrongKind"
    TOO_LARGE = "TooLarge"
    NOT_JSON = "NotJson"
    BAD_NAME = "BadName"
    UNKNOWN_FIELD = "UnknownField"
    MISSING_FIELD = "MissingField"
    WRONG_TYPE = "WrongType"
    NOT_ALLOWED = "NotAllowed"
    OUT_OF_RANGE = "OutOfRange"
    MALFORMED = "Malformed"
    DUPLICATE = "Duplicate"
    CONTRADICTION = "Contradiction"


def refusal(path: FieldPath, value: str, reason: ReadReason, because: str, remedy: str) -> SpecRefusal:
    """Return a refusal of the value at a path."""
    return SpecRefusal(field=path_text(path), value=value, reason=reason, because=because, remedy=remedy)


def path_text(path: Sequence[str | int]) -> str:
    """Format a path as people write it: spec.env[2].name; a hostile key is shortened and escaped."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{_visible(step)}" if text else _visible(step)
    return text


def value_text(value: RawValue, path: FieldPath) -> str:
    """Format the value at a path on one short line, or as a placeholder if it may be a secret."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else f"a list of {len(value)}"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if any(step in SECRET_PLACES for step in path) or SECRET_PATTERN.search(text[:4096]):
        return HIDDEN
    return _visible(text) or '""'


def _visible(text: str) -> str:
    """Make text printable, with at most LONGEST_SHOWN characters; escapes direction marks and control characters."""
    cut = text[:LONGEST_SHOWN]
    clean = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in cut)
    return clean if len(text) <= LONGEST_SHOWN else f"{clean}… ({len(text)} characters)"
