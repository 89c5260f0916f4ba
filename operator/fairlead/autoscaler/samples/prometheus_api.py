"""How to reach a Prometheus, and the interface of its client; the client itself is imported only on use."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from fairlead.autoscaler.samples.prometheus_queries import PrometheusSeries

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class PrometheusServer:
    """How to reach one server."""

    url: str
    token: str | None = field(default=None, repr=False)
    authority: str | None = field(default=None, repr=False)
    """PEM certificates to trust beside the public authorities."""
    namespace: str = ""
    """Of the policy that names it, whose queries share their turns."""


class PrometheusClient(Protocol):
    """The client's interface; each call blocks, and may raise `PrometheusUnavailable`."""

    def query(self, query: str, read: Callable[[Iterable[PrometheusSeries]], Answer]) -> Answer:
        """Run an instant query, and return what `read` keeps of its series: all of them may be large."""

    def course(self, query: str, start: float, end: float, step_seconds: float) -> list[tuple[float, float]]:
        """Run a range query; returns times and values of the only series in the answer."""

    def close(self) -> None:
        """Close the connection."""


class PrometheusUnavailable(Exception):
    """Prometheus gave no usable answer."""
