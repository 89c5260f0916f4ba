"""Expressions in the rules of a gateway: refused where they cannot be read, with the column and what to write. Pure."""

from collections.abc import Iterator
from typing import Final

from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.model_routes import ModelRoute
from fairlead.review.result import AdmissionReason
from fairlead.routing.models.expressions import compiler
from fairlead.routing.models.expressions.problems import ExpressionProblem

SHOWN_CHARACTERS: Final = 60


def refusals(place: str, route: ModelRoute) -> Iterator[SpecRefusal]:
    """One for each expression that the routers would not understand, and so would never let hold."""
    for number, rule in enumerate(route.rules):
        source = rule.when.expression
        found = None if source is None else compiler.compiled(source)
        if source is not None and isinstance(found, ExpressionProblem):
            because, _, remedy = found.message.rpartition("; ")
            yield SpecRefusal(
                field=f"{place}.rules[{number}].when.expression",
                value=source[:SHOWN_CHARACTERS],
                reason=AdmissionReason.BAD_EXPRESSION,
                because=because,
                remedy=remedy,
            )
