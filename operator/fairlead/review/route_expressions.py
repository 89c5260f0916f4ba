"""Expressions and patterns of a gateway: refused if they cannot be parsed, with what to write instead. Pure."""

from collections.abc import Iterator
from typing import Final

from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.model_routes import ModelRoute
from fairlead.review.result import AdmissionReason
from fairlead.routing import linear_patterns
from fairlead.routing.models.expressions import compiler
from fairlead.routing.models.expressions.problems import ExpressionProblem

SHOWN_CHARACTERS: Final = 60


def refusals(place: str, route: ModelRoute) -> Iterator[SpecRefusal]:
    """Refuse each expression that would never hold in routers, and a pattern that they would not search for."""
    for number, rule in enumerate(route.rules):
        source = rule.when.expression
        found = None if source is None else compiler.compiled(source)
        if source is not None and isinstance(found, ExpressionProblem):
            yield _refusal(f"{place}.rules[{number}].when.expression", source, found.message)
    pattern = None if route.cascade is None else route.cascade.pattern
    if pattern is not None and isinstance(problem := linear_patterns.compiled(pattern), str):
        yield _refusal(f"{place}.cascade.pattern", pattern, problem)


def _refusal(field: str, value: str, problem: str) -> SpecRefusal:
    because, _, remedy = problem.rpartition("; ")
    return SpecRefusal(
        field=field,
        value=value[:SHOWN_CHARACTERS],
        reason=AdmissionReason.BAD_EXPRESSION,
        because=because,
        remedy=remedy,
    )
