"""Which parser a model's family needs: an engine has many, and a wrong one leaves every call in the text unsaid."""

from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.fleet.shapes import ModelShape


@dataclass(frozen=True, slots=True)
class FamilyParser:
    """The parser for one family, or for its members of one name."""

    family: str
    """`model_type`, as shapes have it."""
    parser: str
    named: tuple[str, ...] = ("",)
    """One of these must be in the model's name, in small letters."""
    but: tuple[str, ...] = ()
    """None of these may be in the model's name."""


def of(shape: ModelShape | None, rows: Sequence[FamilyParser]) -> str | None:
    """The family's parser; None for an unknown model, or a family that has no row."""
    if shape is None:
        return None
    name = shape.name.lower()
    return next((row.parser for row in rows if row.family == shape.family and _is_meant(row, name)), None)


def _is_meant(row: FamilyParser, name: str) -> bool:
    return any(word in name for word in row.named) and not any(word in name for word in row.but)
