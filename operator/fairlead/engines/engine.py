"""The interface of every engine, as the rest of the operator uses it: another engine implements it in a folder.

`launch` has what a pod is (argv, environment, probes, drain, sleep mode), `api` what its HTTP server is, `memory` what
its release takes of a GPU. KV events are not in it, since nothing of ours reads any: routers keep their own index of
prefixes. Which kinds sleep or run on processors is also in `KindTraits`, for the schema, which sees no engines.
"""

from typing import Protocol

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.failures import FailurePattern
from fairlead.engines.http_api import HttpApi
from fairlead.engines.load_parser import MetricNames
from fairlead.engines.start_budget import LifecycleParameters
from fairlead.engines.sweep import SweptEngine
from fairlead.fleet.desired_state import EngineKind, EngineRelease
from fairlead.fleet.draft_cost import DraftCost
from fairlead.fleet.engine_launch import EngineLaunch
from fairlead.fleet.engine_load import EngineLoad, UnreadableScrape
from fairlead.fleet.engine_memory import EngineMemory, MemorySettings
from fairlead.fleet.findings import SpecRefusal, SpecWarning


class LoadReader(Protocol):
    """Reads successive metrics pages of one pod, for scaling decisions."""

    def read(self, page: bytes) -> EngineLoad | UnreadableScrape:
        """Parse one page; durations that no decision needs may be left out."""


class EngineDescription(Protocol):
    """One serving engine at the release this operator supports."""

    @property
    def kind(self) -> EngineKind:
        """Which engine this is."""

    @property
    def release(self) -> EngineRelease:
        """The version this release of Fairlead was tested with, and its image."""

    @property
    def is_fairleads(self) -> bool:
        """Whether it runs in the operator's own image, under whatever name that has in an installation."""

    @property
    def is_played(self) -> bool:
        """Whether the engine model of `simulator` has its scheduler and step times, so that back-tests can play it."""

    @property
    def program(self) -> str:
        """The first word of its command, by which a running pod shows its kind."""

    @property
    def api(self) -> HttpApi:
        """What routers, the controller and the autoscaler need to talk to it."""

    @property
    def check_unsupported(self) -> str:
        """What an image too old for `EngineLaunch.check` prints; empty if every image supports the check."""

    @property
    def draft_cost(self) -> DraftCost:
        """What drafting adds to its steps."""

    @property
    def failures(self) -> tuple[FailurePattern, ...]:
        """Patterns for its termination message; the first match counts."""

    @property
    def names(self) -> MetricNames:
        """The metric families that scaling needs, for Prometheus queries."""

    @property
    def sweep(self) -> SweptEngine | None:
        """How it is swept, with the phases of its cold start by its log; None if it cannot be."""

    def refusals(self, setup: EngineSetup) -> tuple[SpecRefusal, ...]:
        """Return why the engine cannot run this setup; empty if no known fact speaks against it."""

    def warnings(self, setup: EngineSetup) -> tuple[SpecWarning, ...]:
        """Warn of what is allowed but has a cost."""

    def launch(self, setup: EngineSetup, lifecycle: LifecycleParameters) -> EngineLaunch:
        """Describe start, probes and end. Called only for a setup without refusals."""

    def memory(self, version: str) -> EngineMemory:
        """Return the GPU memory use of this release; of the tested one if the text names none."""

    def memory_settings(self, setup: EngineSetup) -> MemorySettings:
        """Read memory settings beyond the typed fields."""

    def load(self, text: str) -> EngineLoad | UnreadableScrape:
        """Parse one page of its metrics."""

    def reader(self) -> LoadReader:
        """Return a reader for one pod; it remembers where on that pod's page the families are."""
