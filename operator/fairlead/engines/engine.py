"""The interface of every engine: what the rest of the operator may call."""

from typing import Protocol

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.failures import FailurePattern
from fairlead.engines.http_api import HttpApi
from fairlead.engines.load_parser import MetricNames
from fairlead.engines.start_budget import LifecycleParameters
from fairlead.fleet.desired_state import EngineKind, EngineRelease
from fairlead.fleet.engine_launch import EngineLaunch
from fairlead.fleet.engine_load import EngineLoad, UnreadableScrape
from fairlead.fleet.engine_memory import EngineMemory, MemorySettings
from fairlead.fleet.findings import SpecRefusal, SpecWarning


class LoadReader(Protocol):
    """Reads the pages of one pod, one after the other, for deciding about replicas."""

    def read(self, page: bytes) -> EngineLoad | UnreadableScrape:
        """One page as facts; durations that no decision needs may be left out."""


class EngineDescription(Protocol):
    """One serving engine at the release this operator knows."""

    @property
    def kind(self) -> EngineKind:
        """Which engine this is."""

    @property
    def release(self) -> EngineRelease:
        """The version this release of Fairlead was tested with, and its image."""

    @property
    def is_fairleads(self) -> bool:
        """Whether it runs in the operator's own image, under whatever name an installation has that."""

    @property
    def api(self) -> HttpApi:
        """What routers, the controller and the autoscaler need to speak to it."""

    @property
    def check_unsupported(self) -> str:
        """What an image prints that is too old for `EngineLaunch.check`; empty: every image knows its check."""

    @property
    def failures(self) -> tuple[FailurePattern, ...]:
        """What its last words mean, the first that fits."""

    @property
    def names(self) -> MetricNames:
        """The names of the metric families that scaling needs, for queries to a Prometheus."""

    def refusals(self, setup: EngineSetup) -> tuple[SpecRefusal, ...]:
        """Why it cannot run this setup; empty if nothing that is known before a start speaks against it."""

    def warnings(self, setup: EngineSetup) -> tuple[SpecWarning, ...]:
        """Warnings: what is allowed and has a cost."""

    def launch(self, setup: EngineSetup, pace: LifecycleParameters) -> EngineLaunch:
        """How it is started, probed and ended. Called only for a setup without refusals."""

    def memory(self, version: str) -> EngineMemory:
        """What this release of it takes of a GPU's memory; of the tested one where the text names none."""

    def memory_settings(self, setup: EngineSetup) -> MemorySettings:
        """What a setup says of memory beside its typed fields."""

    def load(self, text: str) -> EngineLoad | UnreadableScrape:
        """One page of its metrics as facts."""

    def reader(self) -> LoadReader:
        """A reader for one pod: it remembers at which offsets of that pod's page the families are."""
