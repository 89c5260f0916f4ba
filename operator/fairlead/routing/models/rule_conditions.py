"""When a rule holds: each condition that is set becomes one check, and the cheap ones come first."""

from collections.abc import Callable, Iterator

from fairlead.fleet.model_routes import RequestConditions
from fairlead.routing.models.expressions import compiler
from fairlead.routing.models.expressions.problems import ExpressionProblem
from fairlead.routing.models.route_facts import RouteFacts

Condition = Callable[[RouteFacts], bool]


def checks(conditions: RequestConditions) -> tuple[Condition, ...]:
    """Return the checks, all of which must hold. With none, the rule always holds."""
    return (
        *_flags(conditions),
        *_lengths(conditions),
        *_names(conditions),
        *_difficulty(conditions),
        *_expression(conditions),
    )


def _flags(conditions: RequestConditions) -> Iterator[Condition]:
    if conditions.structured_output is not None:
        structured = conditions.structured_output
        yield lambda facts: facts.structured_output is structured
    if conditions.tools is not None:
        tools = conditions.tools
        yield lambda facts: facts.tools is tools


def _lengths(conditions: RequestConditions) -> Iterator[Condition]:
    """Yield length checks; a request without a maximum of output meets neither a lower nor an upper limit."""
    if conditions.min_prompt_tokens is not None:
        least = conditions.min_prompt_tokens
        yield lambda facts: facts.prompt_tokens >= least
    if conditions.max_prompt_tokens is not None:
        most = conditions.max_prompt_tokens
        yield lambda facts: facts.prompt_tokens <= most
    if conditions.min_output_tokens is not None:
        least_output = conditions.min_output_tokens
        yield lambda facts: facts.output_tokens is not None and facts.output_tokens >= least_output
    if conditions.max_output_tokens is not None:
        max_output = conditions.max_output_tokens
        yield lambda facts: facts.output_tokens is not None and facts.output_tokens <= max_output


def _names(conditions: RequestConditions) -> Iterator[Condition]:
    if conditions.tenants:
        tenants = conditions.tenants
        yield lambda facts: facts.tenant in tenants
    if conditions.tasks:
        tasks = conditions.tasks
        yield lambda facts: facts.task in tasks


def _difficulty(conditions: RequestConditions) -> Iterator[Condition]:
    if conditions.difficulty is not None:
        level = conditions.difficulty
        yield lambda facts: facts.level() is level


def _expression(conditions: RequestConditions) -> Iterator[Condition]:
    """Yield the expression; one that is refused never holds, and admission says why."""
    if conditions.expression is not None:
        found = compiler.compiled(conditions.expression)
        yield (lambda _: False) if isinstance(found, ExpressionProblem) else found
