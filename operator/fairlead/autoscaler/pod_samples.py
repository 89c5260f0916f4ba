"""What is known of one pod, look by look: a page comes or none does, and what was told before is carried on."""

from typing import Any, Protocol

from fairlead.autoscaler import router_reports, validation
from fairlead.autoscaler.sample import PodSample, RouterView
from fairlead.engines.engine import LoadReader
from fairlead.fleet.engine_load import EngineLoad
from fairlead.scaling.facts import SampleProblem


class PodSampler(Protocol):
    """What is known of one pod, look by look."""

    @property
    def told(self) -> PodSample[Any]:
        """By now."""

    def read(self, page: bytes, at: float) -> SampleProblem | None:
        """A page came; why it is not believed."""

    def silent(self, because: str) -> None:
        """None came."""


class EngineSampler:
    """An engine's."""

    __slots__ = ("_reader", "told")

    def __init__(self, reader: LoadReader) -> None:
        self._reader = reader
        self.told: PodSample[EngineLoad] = PodSample()

    def read(self, page: bytes, at: float) -> SampleProblem | None:
        """A page of metrics."""
        self.told = validation.after(self.told, self._reader.read(page), at)
        return self.told.doubt

    def silent(self, because: str) -> None:
        """No page."""
        self.told = validation.with_doubt(self.told, SampleProblem.NO_ANSWER, because)


class RouterSampler:
    """A router's."""

    __slots__ = ("told",)

    def __init__(self) -> None:
        self.told: PodSample[RouterView] = PodSample()

    def read(self, page: bytes, at: float) -> SampleProblem | None:
        """A page of endpoints."""
        self.told = router_reports.after(self.told, page, at)
        return self.told.doubt

    def silent(self, because: str) -> None:
        """No page."""
        self.told = router_reports.with_doubt(self.told, SampleProblem.NO_ANSWER, because)
