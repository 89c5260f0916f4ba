"""When a rule holds: each condition that is set becomes one check, and the cheap ones come first."""

from collections.abc import Callable, Iterator

from fairlead.fleet.model_routes import RequestConditions
from fairlead.routing.models.expressions import compiler
from fairlead.routing.models.expressions.problems import ExpressionProblem
from fairlead.routing.models.route_facts import RouteFacts

Condition = Callable[[RouteFacts], bool]


def checks(when: RequestConditions) -> tuple[Condition, ...]:
    """Return the checks, all of which must hold. With none, the rule always holds."""
    return (*_flags(when), *_lengths(when), *_names(when), *_difficulty(when), *_expression(when))


def _flags(when: RequestConditions) -> Iterator[Condition]:
    if when.structured_output is not None:
        structured = when.structured_output
        yield lambda facts: facts.structured_output is structured
    if when.tools is not None:
        tools = when.tools
        yield lambda facts: facts.tools is tools


def _lengths(when: RequestConditions) -> Iterator[Condition]:
    """Yield length checks; a request without a maximum of output meets neither a lower nor an upper limit."""
    if when.min_prompt_tokens is not None:
        least = when.min_prompt_tokens
        yield lambda facts: facts.prompt_tokens >= least
    if when.max_prompt_tokens is not None:
        most = when.max_prompt_tokens
        yield lambda facts: facts.prompt_tokens <= most
    if when.min_output_tokens is not None:
        least_output = when.min_output_tokens
        yield lambda facts: facts.output_tokens is not None and facts.output_tokens >= least_output
    if when.max_output_tokens is not None:
        most_output = when.max_output_tokens
        yield lambda facts: facts.output_tokens is not None and facts.output_tokens <= most_output


def _names(when: RequestConditions) -> Iterator[Condition]:
    if when.tenants:
        tenants = when.tenants
        yield lambda facts: facts.tenant in tenants
    if when.tasks:
        tasks = when.tasks
        yield lambda facts: facts.task in tasks


def _difficulty(when: RequestConditions) -> Iterator[Condition]:
    if when.difficulty is not None:
        level = when.difficulty
        yield lambda facts: facts.level() is level


def _expression(when: RequestConditions) -> Iterator[Condition]:
    """Yield the expression; one that is refused never holds, and admission says why."""
    if when.expression is not None:
        found = compiler.compiled(when.expression)
        yield (lambda _: False) if isinstance(found, ExpressionProblem) else found
