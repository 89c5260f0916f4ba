"""How one engine is started, watched and stopped, in the words of no particular engine.

`objects` turns these into containers, ports and probes; the numbers come from `engines`, which knows why.
"""

from dataclasses import dataclass

from fairlead.fleet.conversations import ConfigMapKey
from fairlead.fleet.desired_state import EnvFrom, ModelSource, SecretKey


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvVar:
    """One environment variable; a secret's value never comes here, only where it is kept."""

    name: str
    value: str | SecretKey | EnvFrom


@dataclass(frozen=True, slots=True, kw_only=True)
class EnginePort:
    """A port the engine listens on."""

    name: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpProbe:
    """One question over HTTP, asked again and again; `failures` bad answers in a row count."""

    path: str
    port: str
    period_seconds: int
    timeout_seconds: int
    failures: int

    @property
    def patience_seconds(self) -> int:
        """How long it may go wrong before the probe says so."""
        return self.period_seconds * self.failures


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineProbes:
    """When an engine counts as started, as ready for requests, and as dead."""

    startup: HttpProbe
    readiness: HttpProbe
    liveness: HttpProbe


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineShutdown:
    """How a pod ends without cutting a reply short: wait, drain, and a rest before the kernel ends it."""

    pre_stop_seconds: int
    """Until every router has taken the pod out of its table."""
    drain_seconds: int
    """How long the engine lets running requests finish."""
    rest_seconds: int
    """What the engine takes from the last reply to its exit, and a margin."""

    @property
    def grace_seconds(self) -> int:
        """The pod's termination grace period; any shorter and the kernel ends a drain that goes well."""
        return self.pre_stop_seconds + self.drain_seconds + self.rest_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightMount:
    """Weights the pod brings along, and the folder the command expects them in."""

    source: ModelSource
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigMapFile:
    """One key of a ConfigMap as a file that the command opens."""

    source: ConfigMapKey
    folder: str
    """Nothing else lies in it."""
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLaunch:
    """All that an engine's container needs from the engine's side."""

    command: tuple[str, ...]
    environment: tuple[EnvVar, ...]
    ports: tuple[EnginePort, ...]
    probes: EngineProbes
    shutdown: EngineShutdown
    mounts: tuple[WeightMount, ...] = ()
    files: tuple[ConfigMapFile, ...] = ()
    cache_path: str | None = None
    """What is worth keeping between two starts lies below: downloads and compiled graphs."""
    shared_memory_bytes: int = 0
    """The least `/dev/shm` its processes need to speak to one another."""
    check: tuple[str, ...] = ()
    """Says in the engine's image, without a GPU, whether it would take its command; empty: there is no such way."""
