"""All routes of a gateway, ready to choose from: choices are prepared, so a request costs only look-ups."""

from collections.abc import Callable, Iterable
from typing import Final

from fairlead.fleet.model_routes import ModelRoute, RouteStrategy
from fairlead.routing.models import inside_routes, rule_conditions
from fairlead.routing.models.route_choice import RouteChoice
from fairlead.routing.models.route_facts import RouteFacts
from fairlead.routing.models.weighted_targets import WeightedTargets
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.refusal import Refusal

Chooser = Callable[[RouteFacts, float], RouteChoice]
SHOWN_CHARACTERS: Final = 60


class ModelTable:
    """The routes by the names that clients send. A table never changes: other routes make another table."""

    __slots__ = ("_choosers", "_fixed", "_only", "inside")

    def __init__(self, routes: Iterable[ModelRoute]) -> None:
        """Of routes with one name, the first counts; one without a target is left out, as admission refuses it."""
        self._fixed: dict[str, RouteChoice] = {}
        self._choosers: dict[str, Chooser] = {}
        routes = tuple(routes)
        own = tuple(inside_routes.inside(one) for one in routes)
        self.inside: ModelTable = self if own == routes else ModelTable(own)
        """The same models without external APIs, for requests that those cannot get."""
        for route in routes:
            if route.name in self._fixed or route.name in self._choosers:
                continue
            made = _PREPARED[route.strategy](route)
            if isinstance(made, RouteChoice):
                self._fixed[route.name] = made
            elif made is not None:
                self._choosers[route.name] = made
        names = self.names
        self._only = names[0] if len(names) == 1 else ""

    @property
    def names(self) -> tuple[str, ...]:
        """The models that clients may name."""
        return (*self._fixed, *self._choosers)

    def fixed(self, model: str) -> RouteChoice | None:
        """Return the choice if only the model decides it (Single and Cascade): no facts need be gathered."""
        return self._fixed.get(model)

    def choose(self, facts: RouteFacts, chance: float) -> RouteChoice | Refusal:
        """Return what answers this request; `chance` is from 0 up to 1. Without a model it gets the only route."""
        model = facts.model or self._only
        choice = self._fixed.get(model)
        if choice is not None:
            return choice
        chooser = self._choosers.get(model)
        return chooser(facts, chance) if chooser is not None else _unknown(model)


def _unknown(model: str) -> Refusal:
    """Build a refusal without other models' names: a tenant may not use, nor see, all of them."""
    what = f"model: {model[:SHOWN_CHARACTERS]}: there is no such model here" if model else "the request names no model"
    return Refusal(
        reason=RefusalReason.MODEL_NOT_FOUND,
        message=f"{what}; GET /v1/models lists those that you may use.",
        param="model",
    )


def _single(route: ModelRoute) -> RouteChoice | None:
    return _choice(route, route.target) if route.target else None


def _weighted(route: ModelRoute) -> Chooser | None:
    targets = WeightedTargets([(one, _choice(route, one.target)) for one in route.weighted])
    if not targets:
        return None
    return lambda facts, chance: targets.by_session(facts.session) if facts.session else targets.by_chance(chance)


def _ruled(route: ModelRoute) -> Chooser | None:
    if not route.target:
        return None
    otherwise = _choice(route, route.target)
    rules = [(rule_conditions.checks(one.when), _choice(route, one.target, rule=one.name)) for one in route.rules]

    def first_that_holds(facts: RouteFacts, _chance: float) -> RouteChoice:
        for conditions, choice in rules:
            for holds in conditions:
                if not holds(facts):
                    break
            else:
                return choice
        return otherwise

    return first_that_holds


def _cascaded(route: ModelRoute) -> RouteChoice | None:
    if route.cascade is None or not route.cascade.targets:
        return None
    first, *larger = route.cascade.targets
    return _choice(route, first, larger=larger)


def _choice(route: ModelRoute, target: str, *, larger: Iterable[str] = (), rule: str | None = None) -> RouteChoice:
    escalations = [one for one in dict.fromkeys(larger) if one != target]
    fallbacks = route.fallback.targets if route.fallback is not None else ()
    chain = [one for one in dict.fromkeys((*escalations, *fallbacks)) if one != target]
    return RouteChoice(
        route=route.name,
        target=target,
        settings=route,
        rule=rule,
        chain=tuple(chain),
        escalations=len(escalations),
    )


_PREPARED: Final[dict[RouteStrategy, Callable[[ModelRoute], RouteChoice | Chooser | None]]] = {
    RouteStrategy.SINGLE: _single,
    RouteStrategy.WEIGHTED: _weighted,
    RouteStrategy.RULES: _ruled,
    RouteStrategy.CASCADE: _cascaded,
}
