"""The result of ten minutes of the traffic."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Ten minutes of the traffic."""

    since: float
    """Seconds after the first request of the traffic."""
    arrived: int
    kept: float
    """Share of them that was answered within the objectives."""
