"""Routes for tests."""

from fairlead.fleet.model_routes import (
    AnswerCheck,
    CascadeSettings,
    FallbackChain,
    FallbackReason,
    ModelRoute,
    RequestConditions,
    RouteRule,
    RouteStrategy,
    WeightedTarget,
)
from fairlead.routing.models.model_table import ModelTable
from fairlead.routing.models.route_choice import RouteChoice
from fairlead.routing.models.route_facts import RouteFacts

SMALL, LARGE, LONG, OUTSIDE = "ns/small", "ns/large", "ns/long", "external/api"
ON_OVERLOAD = frozenset((FallbackReason.UNAVAILABLE, FallbackReason.QUEUE_FULL))


def single(name: str = "chat", target: str | None = SMALL, fallback: FallbackChain | None = None) -> ModelRoute:
    return ModelRoute(name=name, target=target, fallback=fallback)


def weighted(**weights: int) -> ModelRoute:
    """By the names of targets in `ns`, and `outside`."""
    parts = tuple(
        WeightedTarget(target=OUTSIDE if name == "outside" else f"ns/{name}", weight=weight)
        for name, weight in weights.items()
    )
    return ModelRoute(name="chat", strategy=RouteStrategy.WEIGHTED, weighted=parts)


def ruled(*rules: tuple[str, RequestConditions, str]) -> ModelRoute:
    lines = tuple(RouteRule(name=name, when=conditions, target=target) for name, conditions, target in rules)
    return ModelRoute(name="chat", strategy=RouteStrategy.RULES, target=SMALL, rules=lines)


def cascaded(*targets: str, fallback: FallbackChain | None = None) -> ModelRoute:
    settings = CascadeSettings(targets=targets, check=AnswerCheck.NOT_EMPTY)
    return ModelRoute(name="chat", strategy=RouteStrategy.CASCADE, cascade=settings, fallback=fallback)


def chosen(table: ModelTable, facts: RouteFacts, chance: float = 0.0) -> RouteChoice:
    """The choice, where it is one."""
    choice = table.choose(facts, chance)
    assert isinstance(choice, RouteChoice)
    return choice
