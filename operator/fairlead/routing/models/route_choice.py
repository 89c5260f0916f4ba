"""A chosen target, and those after it."""

from dataclasses import dataclass

from fairlead.fleet.model_routes import ModelRoute


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteChoice:
    """What answers a request. Made once for each way a route can go, and shared by all requests that go it."""

    route: str
    target: str
    settings: ModelRoute
    """The whole route: its shadow, cache and what it does with invalid answers."""
    rule: str | None = None
    """The rule that held; nothing where none did or there are none."""
    chain: tuple[str, ...] = ()
    """Targets that may still be asked, in order: those of a cascade first, then the fallback's. None of them twice."""
    escalations: int = 0
    """How many of the chain's first targets belong to the cascade."""
