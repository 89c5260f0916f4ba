"""The facts that an expression may name."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from fairlead.fleet.model_routes import Difficulty
from fairlead.routing.models.route_facts import RouteFacts

Constant = bool | int | str | tuple[bool | int | str, ...]
Evaluation = Callable[[RouteFacts], Any]
"""Computes a part's value for a request; its type was checked before."""


class ValueType(StrEnum):
    """The types of an expression's parts."""

    BOOL = "a condition"
    NUMBER = "a number"
    TEXT = "a string"
    LIST = "a list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One fact by its name in expressions."""

    kind: ValueType
    evaluate: Evaluation
    values: frozenset[str] | None = None
    """All possible values, if they are a closed list."""


VARIABLES: Final[dict[str, Variable]] = {
    "model": Variable(kind=ValueType.TEXT, evaluate=lambda facts: facts.model),
    "tenant": Variable(kind=ValueType.TEXT, evaluate=lambda facts: facts.tenant),
    "task": Variable(kind=ValueType.TEXT, evaluate=lambda facts: facts.task),
    "difficulty": Variable(
        kind=ValueType.TEXT,
        evaluate=lambda facts: facts.level().value,
        values=frozenset(one.value for one in Difficulty),
    ),
    "promptTokens": Variable(kind=ValueType.NUMBER, evaluate=lambda facts: facts.prompt_tokens),
    "outputTokens": Variable(kind=ValueType.NUMBER, evaluate=lambda facts: facts.output_tokens or 0),
    "structuredOutput": Variable(kind=ValueType.BOOL, evaluate=lambda facts: facts.structured_output),
    "tools": Variable(kind=ValueType.BOOL, evaluate=lambda facts: facts.tools),
}
"""`outputTokens` is 0 if the request names no maximum."""
