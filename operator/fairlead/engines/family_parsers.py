"""Which parser a model family needs: an engine has many, and a wrong one silently leaves every call in the text."""

from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.fleet.shapes import ModelShape


@dataclass(frozen=True, slots=True)
class FamilyParser:
    """The parser for one family, or for members with a certain name."""

    family: str
    """`model_type`, as in model shapes."""
    parser: str
    named: tuple[str, ...] = ("",)
    """The model's name must contain one of these, in lower case."""
    but: tuple[str, ...] = ()
    """The model's name must contain none of these."""


def of(shape: ModelShape | None, rows: Sequence[FamilyParser]) -> str | None:
    """Return the family's parser; None for an unknown model or a family without a row."""
    if shape is None:
        return None
    name = shape.name.lower()
    return next((row.parser for row in rows if row.family == shape.family and _is_meant(row, name)), None)


def _is_meant(row: FamilyParser, name: str) -> bool:
    return any(word in name for word in row.named) and not any(word in name for word in row.but)
