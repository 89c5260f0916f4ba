"""The sample of one pod, scrape by scrape: a page arrives or does not, and earlier figures are kept."""

from typing import Any, Protocol

from fairlead.autoscaler.samples import router_reports, validation
from fairlead.autoscaler.samples.sample import PodSample, RouterView
from fairlead.engines.engine import LoadReader
from fairlead.fleet.engine_load import EngineLoad
from fairlead.scaling.facts import SampleProblem


class PodSampler(Protocol):
    """Keeps the sample of one pod, scrape by scrape."""

    @property
    def sample(self) -> PodSample[Any]:
        """The sample after the last scrape."""

    def read(self, page: bytes, at: float) -> SampleProblem | None:
        """Take a page; returns its problem, if there is one."""

    def silent(self, because: str) -> None:
        """Note that no page came."""


class EngineSampler:
    """Keeps the sample of an engine."""

    __slots__ = ("_reader", "sample")

    def __init__(self, reader: LoadReader) -> None:
        self._reader = reader
        self.sample: PodSample[EngineLoad] = PodSample()

    def read(self, page: bytes, at: float) -> SampleProblem | None:
        """Take a page of metrics."""
        self.sample = validation.after(self.sample, self._reader.read(page), at)
        return self.sample.problem

    def silent(self, because: str) -> None:
        """Note that no page came."""
        self.sample = validation.with_doubt(self.sample, SampleProblem.NO_ANSWER, because)


class RouterSampler:
    """Keeps the sample of a router."""

    __slots__ = ("sample",)

    def __init__(self) -> None:
        self.sample: PodSample[RouterView] = PodSample()

    def read(self, page: bytes, at: float) -> SampleProblem | None:
        """Take a page of endpoints."""
        self.sample = router_reports.after(self.sample, page, at)
        return self.sample.problem

    def silent(self, because: str) -> None:
        """Note that no page came."""
        self.sample = router_reports.with_doubt(self.sample, SampleProblem.NO_ANSWER, because)
