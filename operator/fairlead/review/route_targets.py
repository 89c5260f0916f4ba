"""Which targets a model's route leads to, each with the field that names it. Pure."""

from collections.abc import Iterator

from fairlead.fleet.model_routes import ModelRoute


def of(route: ModelRoute) -> Iterator[tuple[str, str]]:
    """Yield every target that may answer or get a copy, in the order of the fields."""
    if route.target:
        yield "deployment", route.target
    yield from ((f"weighted[{place}].deployment", one.target) for place, one in enumerate(route.weighted))
    yield from ((f"rules[{place}].deployment", rule.target) for place, rule in enumerate(route.rules))
    for field, chain in (("cascade", route.cascade), ("fallback", route.fallback)):
        for place, name in enumerate(chain.targets if chain else ()):
            yield f"{field}.deployments[{place}]", name
    if route.shadow:
        yield "shadow.deployment", route.shadow.target


def first(route: ModelRoute) -> frozenset[str]:
    """Return the targets that may be chosen before any fallback; a weight of 0 is never chosen."""
    idle = {one.target for one in route.weighted if not one.weight}
    return frozenset(target for field, target in of(route) if not field.startswith(("fallback", "shadow"))) - idle
