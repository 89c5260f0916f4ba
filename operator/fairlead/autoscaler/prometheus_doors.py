"""How a Prometheus is reached, and what is asked of whoever reaches it; the connection itself is loaded by need."""

from dataclasses import dataclass, field
from typing import Protocol

from fairlead.autoscaler.prometheus_queries import Series


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """How to reach one server."""

    url: str
    token: str | None = field(default=None, repr=False)
    authority: str | None = field(default=None, repr=False)
    """Certificates in PEM that are believed beside the public ones."""


class Connection(Protocol):
    """What is asked; each call blocks, and may raise `Unanswered`."""

    def ask(self, query: str) -> list[Series]:
        """An instant vector."""

    def course(self, query: str, start: float, end: float, step_seconds: float) -> list[tuple[float, float]]:
        """Moments and values of the only series that it has."""

    def close(self) -> None:
        """Ask no more."""


class Unanswered(Exception):
    """No answer to rely on."""
