"""A Prometheus with history and no current samples."""

from collections.abc import Callable, Iterable

from fairlead.autoscaler.samples.prometheus_api import Answer, PrometheusUnavailable
from fairlead.autoscaler.samples.prometheus_queries import PrometheusSeries


class Weeks:
    """Answers every query with one series; without one it does not answer."""

    def __init__(self, course: list[tuple[float, float]] | None) -> None:
        self.answer = course
        self.queries: list[tuple[str, float, float, float]] = []

    def query(self, _: str, read: Callable[[Iterable[PrometheusSeries]], Answer]) -> Answer:
        return read(())

    def course(self, query: str, start: float, end: float, step_seconds: float) -> list[tuple[float, float]]:
        self.queries.append((query, start, end, step_seconds))
        if self.answer is None:
            raise PrometheusUnavailable("gone")
        return self.answer

    def close(self) -> None:
        """Nothing to close."""
