"""Moves a gateway's request to another target while its client has no byte: only here do requests change targets.

A request that leaves a target keeps what its tenant was charged; while `routing.keeps_charges`, a refusal does not
return it.
"""

from typing import Protocol

from fairlead.fleet.model_routes import FallbackReason
from fairlead.router import aimed_requests, refusals, route_path
from fairlead.router.engine_target import EngineTarget
from fairlead.router.request import Request
from fairlead.router.route_path import RoutePath
from fairlead.router.router_context import RouterContext
from fairlead.router.wire.body_facts import BodyFacts
from fairlead.router.wire.problems import Problem
from fairlead.routing.accounts import Account
from fairlead.routing.reasons import AttemptEnding


class AimedRequest(Protocol):
    """The owner of a request that has a target."""

    @property
    def request(self) -> Request:
        """The request."""

    @property
    def target(self) -> EngineTarget:
        """The target that serves it."""

    @property
    def path(self) -> RoutePath | None:
        """Its route through a gateway's targets; None at a plain router."""

    def aim(self, target: EngineTarget) -> None:
        """Go to this target."""

    def prepare(self, facts: BodyFacts) -> None:
        """Prepare what only an engine of the target needs."""


class RoutedRequest(AimedRequest, Protocol):
    """The owner of a request that may change its target."""

    def follow(self, path: RoutePath) -> None:
        """Take this path through its route's targets."""

    def begin_at_target(self, now: float) -> None:
        """Submit to the dispatcher of `target`, as if it were the first."""

    def drop_attempts(self, ending: AttemptEnding, now: float) -> None:
        """Forget the attempt in flight and its hedge; `target` gets their charges back."""

    def refuse(self, problem: Problem, now: float) -> None:
        """Answer with one of the router's own errors."""


def read_and_aim(owner: RoutedRequest, context: RouterContext, account: Account) -> BodyFacts | Problem:
    """Read the body, and aim the request at its first target; return a problem if that fails."""
    facts = owner.request.read(context, account)
    return facts if isinstance(facts, Problem) else _find_target(owner, context, facts, account) or facts


def _find_target(owner: RoutedRequest, context: RouterContext, facts: BodyFacts, account: Account) -> Problem | None:
    """Aim the request at a plain router's only target, or at its route's; return a problem if there is none."""
    target = context.only_target
    if target is None:
        path = route_path.choose(context, owner.request, facts, account)
        if isinstance(path, Problem):
            return path
        target = path.first(context)
        if target is None:
            return refusals.no_target(path.choice.route, path.choice.target)
        owner.follow(path)
        owner.request.goes_to(target, path.choice)
    owner.aim(target)
    return aimed_requests.aim(owner.request, context, target, facts, owner)


def fall_back(
    owner: RoutedRequest, context: RouterContext, reason: FallbackReason, ending: AttemptEnding | None, now: float
) -> bool:
    """Move to the route's next target, and return whether there was one; `ending` is the current attempt's, if any."""
    path, request = owner.path, owner.request
    if path is None or path.facts is None or now >= request.ends_at:
        return False
    target = path.next(context, reason)
    if target is None:
        return False
    if ending is not None:
        request.record.failed(ending, now)
        owner.target.dispatcher.leave(request.routing, ending, now)
        owner.drop_attempts(ending, now)
    elif request.routing.waiting:
        owner.target.dispatcher.leave_queue(request.routing)
    request.record.fell_back(owner.target.name, reason.value)
    move(owner, context, path.facts, target, now)
    return True


def move(owner: RoutedRequest, context: RouterContext, facts: BodyFacts, target: EngineTarget, now: float) -> None:
    """Send a request that no engine and no queue has to this target of its path."""
    left, before = owner.request.routing, owner.target
    problem = aim_at(owner, context, facts, target)
    if problem is not None:
        before.dispatcher.give_up(left)
        owner.refuse(problem, now)
        return
    owner.request.routing.take_charges(left)
    owner.begin_at_target(now)
    context.released(before, left.account, now)


def aim_at(owner: AimedRequest, context: RouterContext, facts: BodyFacts, target: EngineTarget) -> Problem | None:
    """Give a request that no engine and no queue has another target, with a `RoutingRequest` of its own that has no
    charges yet; return a problem if it cannot go there, and then change nothing."""
    request, path, left = owner.request, owner.path, owner.request.routing
    problem = aimed_requests.aim(request, context, target, facts, owner)
    if problem is not None:
        return problem
    left.end()
    owner.aim(target)
    if path is not None:
        request.goes_to(target, path.choice)
    owner.prepare(facts)
    return None


def reroute(owner: RoutedRequest, context: RouterContext, now: float) -> None:
    """Choose again by the current routes: its target went away while it waited there."""
    path, routing = owner.path, owner.request.routing
    if path is None or path.facts is None or not routing.waiting:
        return
    owner.target.dispatcher.leave_queue(routing)
    chosen = route_path.choose(context, owner.request, path.facts, routing.account)
    target = None if isinstance(chosen, Problem) else chosen.first(context)
    if isinstance(chosen, Problem) or target is None:
        owner.target.dispatcher.give_up(routing)
        gone = refusals.no_target(path.choice.route, path.choice.target)
        owner.refuse(chosen if isinstance(chosen, Problem) else gone, now)
        return
    owner.follow(chosen)
    move(owner, context, path.facts, target, now)
