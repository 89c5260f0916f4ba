"""Compiles an expression's text to a condition, or to what is wrong with it."""

from collections.abc import Callable

from fairlead.routing.models.expressions.parser import Parser
from fairlead.routing.models.expressions.part import Part, expect
from fairlead.routing.models.expressions.problems import ExpressionError, ExpressionFault, ExpressionProblem
from fairlead.routing.models.expressions.tokens import tokens
from fairlead.routing.models.expressions.variables import ValueType
from fairlead.routing.models.route_facts import RouteFacts


def compiled(source: str) -> Callable[[RouteFacts], bool] | ExpressionProblem:
    """Compile a condition that never fails, for any facts; or return the first problem of the text."""
    try:
        return _useful(expect(Parser(tokens(source)).whole(), ValueType.BOOL)).evaluate
    except ExpressionError as found:
        return found.problem


def _useful(part: Part) -> Part:
    if part.names_fact:
        return part
    message = "it names no fact of the request, so it always holds or never does; compare a fact"
    raise ExpressionError(ExpressionFault.NO_FACT, part.column, message)
