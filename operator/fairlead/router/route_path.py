"""One request's path through its route: its chosen target, the targets tried, and the next one.

Each target is tried at most once per request, and only before the client got a byte.
"""

from collections.abc import Callable, Container
from random import random
from typing import Final

from msgspec import Raw

from fairlead.fleet.model_routes import FallbackReason
from fairlead.router import external_api, refusals
from fairlead.router.engine_target import EngineTarget
from fairlead.router.request import Request
from fairlead.router.router_context import RouterContext
from fairlead.router.wire import prefix_blocks, task_names
from fairlead.router.wire.body_facts import BodyFacts
from fairlead.router.wire.problems import Problem
from fairlead.routing.accounts import Account
from fairlead.routing.models import difficulty, fallback
from fairlead.routing.models.route_choice import RouteChoice
from fairlead.routing.models.route_facts import RouteFacts
from fairlead.routing.reasons import AttemptEnding, RefusalReason
from fairlead.routing.refusal import Refusal
from fairlead.routing.routing_request import RoutingRequest

BYTES_PER_TOKEN: Final = 4
"""For rules by length; limits use the tokens measured at each target."""
_OF_REFUSALS: Final = {
    RefusalReason.NO_REPLICA: FallbackReason.UNAVAILABLE,
    RefusalReason.NO_ADAPTER: FallbackReason.UNAVAILABLE,
    RefusalReason.NO_OTHER_REPLICA: FallbackReason.UNAVAILABLE,
    RefusalReason.RETRY_BUDGET: FallbackReason.UNAVAILABLE,
    RefusalReason.QUEUE_FULL: FallbackReason.QUEUE_FULL,
    RefusalReason.QUEUE_TIME: FallbackReason.QUEUE_FULL,
    RefusalReason.TOO_LATE: FallbackReason.QUEUE_FULL,
    RefusalReason.CONTEXT_TOO_LONG: FallbackReason.CONTEXT_TOO_LONG,
}
_OF_ENDINGS: Final = {AttemptEnding.BUSY: FallbackReason.QUEUE_FULL, AttemptEnding.SLOW: FallbackReason.TIMEOUT}
NextTarget = Callable[[RouteChoice, Container[str]], str | None]
"""Returns the target after those already tried."""
_RETRIED: Final = frozenset({RefusalReason.NO_OTHER_REPLICA, RefusalReason.RETRY_BUDGET})


def reason_of(refusal: Refusal, ending: AttemptEnding | None) -> FallbackReason | None:
    """Return why another target may answer what a dispatcher refused; `ending` is the last attempt's."""
    if refusal.reason in _RETRIED and ending is not None:
        return _OF_ENDINGS.get(ending, FallbackReason.UNAVAILABLE)
    return _OF_REFUSALS.get(refusal.reason)


class RoutePath:
    """The path of one request of a gateway."""

    __slots__ = ("choice", "facts", "passed_over", "visited")

    def __init__(self, choice: RouteChoice, facts: BodyFacts) -> None:
        self.choice = choice
        self.facts: BodyFacts | None = facts
        """The parsed body; None once no other target can get the request."""
        self.passed_over: EngineTarget | None = None
        """The chosen target, if it has no replica and its part of the demand is not counted yet."""
        self.visited: list[str] = []
        """Targets of the chain that it went to, without the chosen one."""

    @property
    def may_go_on(self) -> bool:
        """Whether the chain has a target that was not tried yet."""
        return len(self.choice.chain) > len(self.visited)

    @property
    def in_cascade(self) -> bool:
        """Whether the current target belongs to a cascade."""
        choice = self.choice
        now = self.visited[-1] if self.visited else choice.target
        return bool(choice.escalations) and (now == choice.target or now in choice.chain[: choice.escalations])

    def stay(self) -> None:
        """Drop the body's facts: no other target can get the request any more."""
        self.facts = None

    def first(self, context: RouterContext) -> EngineTarget | None:
        """Return the chosen target, or if it has no replica, the first one of the chain that has."""
        chosen = context.targets.get(self.choice.target)
        if self.choice.chain and (chosen is None or not chosen.is_routable):
            instead = self.next(context, FallbackReason.UNAVAILABLE)
            self.passed_over = None if instead is None else chosen
            return instead or chosen
        return chosen

    def count_demand(self, target: EngineTarget, routing: RoutingRequest, now: float) -> None:
        """Count the request at a target that it goes to, and once at the chosen one if that was passed over."""
        target.add_demand(routing)
        if self.passed_over is not None:
            self.passed_over.passed_over(routing, now)
            self.passed_over = None

    def next(self, context: RouterContext, reason: FallbackReason) -> EngineTarget | None:
        """Return the next target of the chain that has a replica; it counts as tried."""
        return self.next_by(context, lambda choice, tried: fallback.next_target(choice, tried, reason))

    def next_by(self, context: RouterContext, next_of: NextTarget) -> EngineTarget | None:
        """Like `next`, but in the order of `next_of`."""
        target = self.find_by(context, next_of)
        if target is not None:
            self.visited.append(target.name)
        return target

    def find_by(self, context: RouterContext, next_of: NextTarget) -> EngineTarget | None:
        """Like `next_by`, but it does not count as tried."""
        passed_over: list[str] = []
        while (name := next_of(self.choice, [*self.visited, *passed_over])) is not None:
            target = context.targets.get(name)
            if target is not None and target.is_routable:
                return target
            passed_over.append(name)
        return None


def choose(context: RouterContext, request: Request, body_facts: BodyFacts, account: Account) -> RoutePath | Problem:
    """Choose a request's path by its model and the gateway's routes; return a problem if its tenant may take none."""
    routes, model = context.routes, body_facts.model or ""
    if request.surface not in external_api.PATHS:
        routes = routes.inside
    choice = routes.fixed(model)
    if choice is None:
        chosen = routes.choose(facts(request, body_facts, account), random())  # noqa: S311 - weights, not secrets
        if isinstance(chosen, Refusal):
            return refusals.unknown_model(model, usable(context, account))
        choice = chosen
    if not account.allows(choice.route):
        if not account.shadow:
            return refusals.of_other_tenants(choice.route, account.name, usable(context, account))
        if not request.is_read:  # one that chooses again is counted
            account.shadowed[RefusalReason.MODEL_NOT_ALLOWED] += 1
    return RoutePath(choice, body_facts)


def usable(context: RouterContext, account: Account) -> list[str]:
    """List the models that a tenant may use."""
    return [name for name in context.routes.names if account.allows(name)]


def facts(request: Request, facts: BodyFacts, account: Account) -> RouteFacts:
    """Collect what rules and weights may depend on."""
    headers, session = request.received.head.headers, request.session(facts)
    wanted = headers.get(b"x-fairlead-difficulty")
    return RouteFacts(
        model=facts.model or "",
        prompt_tokens=len(facts.prompt) // BYTES_PER_TOKEN,
        output_tokens=facts.max_tokens,
        structured_output=facts.structured,
        tools=has_tools(facts),
        tenant=account.name,
        task=task_names.of(headers),
        difficulty=None if wanted is None else difficulty.of_header(wanted),
        session=0 if session is None else prefix_blocks.session_id(session, account.name.encode()),
        prompt=facts.prompt,
    )


def has_tools(facts: BodyFacts) -> bool:
    """Whether the request offers tools."""
    tools = getattr(facts.parsed, "tools", None)
    return isinstance(tools, Raw) and bytes(tools) not in (b"", b"null", b"[]")
