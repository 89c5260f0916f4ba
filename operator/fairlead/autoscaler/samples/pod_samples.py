"""The sample of one pod, scrape by scrape: a page arrives or does not, and earlier figures are carried on."""

from typing import Any, Protocol

from fairlead.autoscaler.samples import router_reports, validation
from fairlead.autoscaler.samples.sample import PodSample, RouterView
from fairlead.engines.engine import LoadReader
from fairlead.fleet.engine_load import EngineLoad
from fairlead.scaling.facts import SampleProblem


class PodSampler(Protocol):
    """Keeps the sample of one pod, scrape by scrape."""

    @property
    def told(self) -> PodSample[Any]:
        """The sample after the last scrape."""

    def read(self, page: bytes, at: float) -> SampleProblem | None:
        """Take a page; returns the problem with it, if there is one."""

    def silent(self, because: str) -> None:
        """Note that no page came."""


class EngineSampler:
    """Keeps the sample of an engine."""

    __slots__ = ("_reader", "told")

    def __init__(self, reader: LoadReader) -> None:
        self._reader = reader
        self.told: PodSample[EngineLoad] = PodSample()

    def read(self, page: bytes, at: float) -> SampleProblem | None:
        """Take a page of metrics."""
        self.told = validation.after(self.told, self._reader.read(page), at)
        return self.told.doubt

    def silent(self, because: str) -> None:
        """Note that no page came."""
        self.told = validation.with_doubt(self.told, SampleProblem.NO_ANSWER, because)


class RouterSampler:
    """Keeps the sample of a router."""

    __slots__ = ("told",)

    def __init__(self) -> None:
        self.told: PodSample[RouterView] = PodSample()

    def read(self, page: bytes, at: float) -> SampleProblem | None:
        """Take a page of endpoints."""
        self.told = router_reports.after(self.told, page, at)
        return self.told.doubt

    def silent(self, because: str) -> None:
        """Note that no page came."""
        self.told = router_reports.with_doubt(self.told, SampleProblem.NO_ANSWER, because)
