"""A route without its external APIs: for requests on paths that those do not have, such as `/v1/messages`. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from fairlead.fleet.model_routes import EXTERNAL, FallbackReason, ModelRoute, RouteStrategy


def inside(route: ModelRoute) -> ModelRoute:
    """Return the route with only deployments as targets. Where that leaves none to choose, the first of the fallback is
    chosen; if there is none either, an API stays the target."""
    fallback = route.fallback and replace(route.fallback, targets=_inside(route.fallback.targets))
    weighted = tuple(one for one in route.weighted if not one.target.startswith(EXTERNAL))
    cascade = route.cascade and replace(route.cascade, targets=_inside(route.cascade.targets))
    chosen = any(one.weight for one in weighted) or bool(cascade and cascade.targets)
    instead = _instead(route)
    if route.strategy in (RouteStrategy.WEIGHTED, RouteStrategy.CASCADE) and not chosen and instead:
        return replace(
            route, strategy=RouteStrategy.SINGLE, target=instead, weighted=(), cascade=None, fallback=fallback
        )
    outside = route.target is not None and route.target.startswith(EXTERNAL)
    return replace(
        route,
        target=instead or route.target if outside else route.target,
        weighted=weighted if chosen else route.weighted,
        rules=tuple(one for one in route.rules if not one.target.startswith(EXTERNAL)),
        cascade=cascade if chosen else route.cascade,
        fallback=fallback,
    )


def _instead(route: ModelRoute) -> str | None:
    """Return the first deployment of the fallback that would answer without an external API."""
    fallback = route.fallback
    if fallback is None or FallbackReason.UNAVAILABLE not in fallback.reasons:
        return None
    return next(iter(_inside(fallback.targets)), None)


def _inside(targets: Iterable[str]) -> tuple[str, ...]:
    return tuple(one for one in targets if not one.startswith(EXTERNAL))
