"""How any engine is started, probed and stopped.

`objects` turns these into containers, ports and probes; the numbers come from `engines`, which knows why.
"""

from dataclasses import dataclass

from fairlead.fleet.conversations import ConfigMapKey
from fairlead.fleet.desired_state import EnvFrom, ModelSource, SecretKey


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvVar:
    """One environment variable; a secret's value is never read here, only where it is kept."""

    name: str
    value: str | SecretKey | EnvFrom


@dataclass(frozen=True, slots=True, kw_only=True)
class EnginePort:
    """A port the engine listens on."""

    name: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpProbe:
    """An HTTP probe of the kubelet, repeated every period; `failures` bad answers in a row count."""

    path: str
    port: str
    period_seconds: int
    timeout_seconds: int
    failures: int

    @property
    def allowed_seconds(self) -> int:
        """How long the probe may fail before the kubelet acts on it."""
        return self.period_seconds * self.failures


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineProbes:
    """When an engine counts as started, as ready for requests, and as dead."""

    startup: HttpProbe
    readiness: HttpProbe
    liveness: HttpProbe


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineShutdown:
    """How a pod ends without cutting a reply short: wait, drain, and a margin before the kubelet kills it."""

    pre_stop_seconds: int
    """The wait until every router has removed the endpoint."""
    drain_seconds: int
    """How long the engine lets running requests finish."""
    rest_seconds: int
    """The time from the engine's last reply to its exit, and a margin."""

    @property
    def grace_seconds(self) -> int:
        """The pod's termination grace period; with a shorter one the kubelet kills a drain that goes well."""
        return self.pre_stop_seconds + self.drain_seconds + self.rest_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightMount:
    """Weights that are mounted into the pod, and the folder in which the command expects them."""

    source: ModelSource
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigMapFile:
    """One key of a ConfigMap as a file that the command opens."""

    source: ConfigMapKey
    folder: str
    """The folder holds nothing else."""
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionsFile:
    """Settings that an engine reads from a file instead of its command.

    The text stands in an annotation of the pod, from which the kubelet writes the file: so whoever reads the pod reads
    what the engine was told, and no object beside the pod can be missing or changed.
    """

    text: str
    folder: str
    """The folder holds nothing else."""
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedAdapters:
    """Where adapters lie that are loaded while the engine runs, and the claim they may come from."""

    folder: str
    max_rank: int
    port: int
    """Of the engine, which is asked to load and to unload them."""
    claim: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLaunch:
    """All that an engine's container needs, as far as the engine decides it."""

    command: tuple[str, ...]
    environment: tuple[EnvVar, ...]
    ports: tuple[EnginePort, ...]
    probes: EngineProbes
    shutdown: EngineShutdown
    user: int
    """The user of the image that it runs as."""
    mounts: tuple[WeightMount, ...] = ()
    files: tuple[ConfigMapFile, ...] = ()
    staged: StagedAdapters | None = None
    """None: no adapter comes after the start."""
    options: OptionsFile | None = None
    cache_path: str | None = None
    """The folder worth keeping between two starts: downloads and compiled graphs."""
    shared_memory_bytes: int = 0
    """The least `/dev/shm` that the engine's processes need to communicate."""
    check: tuple[str, ...] = ()
    """A command for the engine's image that checks its arguments without a GPU; empty: there is none."""
    keeps_entrypoint: bool = False
    """The image runs only by its own entrypoint, which is the first word of the command."""
