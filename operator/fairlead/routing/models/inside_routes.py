"""A route without its external APIs: for requests on paths that those do not have, such as `/v1/messages`. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from fairlead.fleet.model_routes import EXTERNAL, FallbackReason, ModelRoute


def inside(route: ModelRoute) -> ModelRoute:
    """Return the route with only deployments as targets. Where that leaves none to choose, an API stays the target."""
    fallback = route.fallback and replace(route.fallback, targets=_inside(route.fallback.targets))
    weighted = tuple(one for one in route.weighted if not one.target.startswith(EXTERNAL))
    cascade = route.cascade and replace(route.cascade, targets=_inside(route.cascade.targets))
    return replace(
        route,
        target=_target(route),
        weighted=weighted if any(one.weight for one in weighted) else route.weighted,
        rules=tuple(one for one in route.rules if not one.target.startswith(EXTERNAL)),
        cascade=cascade if cascade and cascade.targets else route.cascade,
        fallback=fallback,
    )


def _target(route: ModelRoute) -> str | None:
    """Return the route's own target; for an external one the first fallback that would answer without it."""
    fallback = route.fallback
    if route.target is None or not route.target.startswith(EXTERNAL):
        return route.target
    helps = fallback is not None and FallbackReason.UNAVAILABLE in fallback.reasons
    others = _inside(fallback.targets) if fallback is not None and helps else ()
    return others[0] if others else route.target


def _inside(targets: Iterable[str]) -> tuple[str, ...]:
    return tuple(one for one in targets if not one.startswith(EXTERNAL))
