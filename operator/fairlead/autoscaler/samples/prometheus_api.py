"""How to reach a Prometheus, and the interface of its client; the client itself is imported only on use."""

from dataclasses import dataclass, field
from typing import Protocol

from fairlead.autoscaler.samples.prometheus_queries import PrometheusSeries


@dataclass(frozen=True, slots=True, kw_only=True)
class PrometheusServer:
    """How to reach one server."""

    url: str
    token: str | None = field(default=None, repr=False)
    authority: str | None = field(default=None, repr=False)
    """PEM certificates to trust beside the public authorities."""


class PrometheusClient(Protocol):
    """The client's interface; each call blocks, and may raise `PrometheusUnavailable`."""

    def query(self, query: str) -> list[PrometheusSeries]:
        """Run an instant query."""

    def course(self, query: str, start: float, end: float, step_seconds: float) -> list[tuple[float, float]]:
        """Run a range query; returns times and values of the only series in the answer."""

    def close(self) -> None:
        """Close the connection."""


class PrometheusUnavailable(Exception):
    """Prometheus gave no usable answer."""
