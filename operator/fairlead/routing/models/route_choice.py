"""A chosen target, and those after it."""

from dataclasses import dataclass

from fairlead.fleet.model_routes import ModelRoute


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteChoice:
    """What answers a request. Created once for each path through a route, and shared by all requests that take it."""

    route: str
    target: str
    settings: ModelRoute
    """The whole route, with its shadow, cache and handling of invalid answers."""
    rule: str | None = None
    """The rule that held; None if none did or there are none."""
    chain: tuple[str, ...] = ()
    """Targets that may still be tried, in order: a cascade's first, then the fallback's. None of them twice."""
    escalations: int = 0
    """How many of the chain's first targets belong to the cascade."""
