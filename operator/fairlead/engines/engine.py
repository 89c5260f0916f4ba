"""The door every engine stands behind: what the rest of the house may ask of one."""

from typing import Protocol

from fairlead.engines.asked import Asked
from fairlead.engines.readings import MetricNames
from fairlead.engines.start import Pace
from fairlead.fleet.launch import Launch
from fairlead.fleet.load import EngineLoad, Unreadable
from fairlead.fleet.refusals import Caution, Refusal
from fairlead.fleet.wanted import EngineKind


class PageReader(Protocol):
    """Reads the pages of one pod, one after the other, for deciding about replicas."""

    def read(self, page: bytes) -> EngineLoad | Unreadable:
        """One page as facts; durations that no decision needs may be left out."""


class Engine(Protocol):
    """One serving engine at the release this operator knows."""

    @property
    def kind(self) -> EngineKind:
        """Which one."""

    @property
    def adapter_slots(self) -> int:
        """How many LoRA adapters lie in the GPU's memory at once, at most."""

    @property
    def names(self) -> MetricNames:
        """What the families that decide about replicas are called, for whoever asks a Prometheus for them."""

    def refusals(self, asked: Asked) -> tuple[Refusal, ...]:
        """Why it cannot run what is asked; nothing to say means it can, as far as anybody knows before a start."""

    def cautions(self, asked: Asked) -> tuple[Caution, ...]:
        """What is allowed and costs something."""

    def launch(self, asked: Asked, pace: Pace) -> Launch:
        """How it is started, watched and ended. Asked only of what was not refused."""

    def load(self, text: str) -> EngineLoad | Unreadable:
        """One page of its metrics as facts."""

    def reader(self) -> PageReader:
        """One for each pod: it remembers where on that pod's page the figures stand."""
