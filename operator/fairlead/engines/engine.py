"""The door every engine stands behind: what the rest of the house may ask of one."""

from typing import Protocol

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.load_parser import MetricNames
from fairlead.engines.start_budget import LifecycleParameters
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.engine_launch import EngineLaunch
from fairlead.fleet.engine_load import EngineLoad, UnreadableScrape
from fairlead.fleet.findings import SpecRefusal, SpecWarning


class LoadReader(Protocol):
    """Reads the pages of one pod, one after the other, for deciding about replicas."""

    def read(self, page: bytes) -> EngineLoad | UnreadableScrape:
        """One page as facts; durations that no decision needs may be left out."""


class EngineDescription(Protocol):
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

    def refusals(self, asked: EngineSetup) -> tuple[SpecRefusal, ...]:
        """Why it cannot run what is asked; nothing to say means it can, as far as anybody knows before a start."""

    def cautions(self, asked: EngineSetup) -> tuple[SpecWarning, ...]:
        """What is allowed and costs something."""

    def launch(self, asked: EngineSetup, pace: LifecycleParameters) -> EngineLaunch:
        """How it is started, watched and ended. Asked only of what was not refused."""

    def load(self, text: str) -> EngineLoad | UnreadableScrape:
        """One page of its metrics as facts."""

    def reader(self) -> LoadReader:
        """One for each pod: it remembers where on that pod's page the figures stand."""
