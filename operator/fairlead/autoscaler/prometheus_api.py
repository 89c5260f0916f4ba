"""How a Prometheus is reached, and what is asked of whoever reaches it; the connection itself is loaded by need."""

from dataclasses import dataclass, field
from typing import Protocol

from fairlead.autoscaler.prometheus_queries import PrometheusSeries


@dataclass(frozen=True, slots=True, kw_only=True)
class PrometheusServer:
    """How to reach one server."""

    url: str
    token: str | None = field(default=None, repr=False)
    authority: str | None = field(default=None, repr=False)
    """Certificates in PEM that are believed beside the public ones."""


class PrometheusClient(Protocol):
    """What is asked; each call blocks, and may raise `PrometheusUnavailable`."""

    def ask(self, query: str) -> list[PrometheusSeries]:
        """An instant vector."""

    def course(self, query: str, start: float, end: float, step_seconds: float) -> list[tuple[float, float]]:
        """Moments and values of the only series that it has."""

    def close(self) -> None:
        """Ask no more."""


class PrometheusUnavailable(Exception):
    """No answer to rely on."""
