"""A part of an expression with a known type."""

from dataclasses import dataclass

from fairlead.routing.models.expressions.problems import ExpressionError, ExpressionFault
from fairlead.routing.models.expressions.variables import Constant, Evaluation, ValueType


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The type of a part, and how it is evaluated."""

    kind: ValueType
    evaluate: Evaluation
    column: int
    constant: Constant | None = None
    """The value of a literal."""
    values: frozenset[str] | None = None
    """All possible values, if they are a closed list."""
    names_fact: bool = True


def literal(kind: ValueType, value: Constant, column: int) -> Part:
    """Return a part that is the same for all requests."""
    return Part(kind=kind, evaluate=lambda _: value, column=column, constant=value, names_fact=False)


def expect(part: Part, kind: ValueType) -> Part:
    """Return the part, which must be of this type."""
    if part.kind is kind:
        return part
    remedy = "compare it with something" if kind is ValueType.BOOL else f"put {kind} there"
    message = f"expected {kind}, found {part.kind}; {remedy}"
    raise ExpressionError(ExpressionFault.WRONG_TYPE, part.column, message)
