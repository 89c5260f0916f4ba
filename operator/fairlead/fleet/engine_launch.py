"""How any engine is started, probed and stopped.

`objects` turns these values into containers, ports and probes; the numbers and their reasons are in `engines`.
"""

from dataclasses import dataclass

from fairlead.fleet.conversations import ConfigMapKey
from fairlead.fleet.desired_state import EnvFrom, ModelSource, SecretKey


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvVar:
    """One environment variable; a Secret's value is never read here, only referred to."""

    name: str
    value: str | SecretKey | EnvFrom


@dataclass(frozen=True, slots=True, kw_only=True)
class EnginePort:
    """A port that the engine listens on."""

    name: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpProbe:
    """An HTTP probe by the kubelet, repeated every period; `failures` failed probes in a row count."""

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
    """When an engine counts as started, ready, and dead."""

    startup: HttpProbe
    readiness: HttpProbe
    liveness: HttpProbe


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineShutdown:
    """How a pod ends without cutting off a reply: wait, drain, and a margin before the kubelet kills it."""

    pre_stop_seconds: int
    """The wait until every router has removed the endpoint."""
    drain_seconds: int
    """How long the engine lets running requests finish."""
    rest_seconds: int
    """Time from the engine's last reply to its exit, plus a margin."""

    @property
    def grace_seconds(self) -> int:
        """The pod's termination grace period; with a shorter one the kubelet would kill a healthy drain."""
        return self.pre_stop_seconds + self.drain_seconds + self.rest_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightMount:
    """Weights mounted into the pod, and the folder where the command expects them."""

    source: ModelSource
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigMapFile:
    """One key of a ConfigMap, mounted as a file that the command opens."""

    source: ConfigMapKey
    folder: str
    """The folder holds nothing else."""
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionsFile:
    """Settings that an engine reads from a file instead of its command.

    The text is kept in an annotation of the pod, from which the kubelet writes the file: a reader of the pod sees
    exactly what the engine got, and there is no second object that could be missing or changed.
    """

    text: str
    folder: str
    """The folder holds nothing else."""
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedAdapters:
    """Folder of adapters that are loaded while the engine runs, and the claim that they may come from."""

    folder: str
    max_rank: int
    port: int
    """The engine's port, for requests to load and unload them."""
    claim: str | None = None
    modules: tuple[str, ...] | None = None
    """Names of the matrices that the engine adapts; None: all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLaunch:
    """Everything that an engine's container needs, as far as the engine decides it."""

    command: tuple[str, ...]
    environment: tuple[EnvVar, ...]
    ports: tuple[EnginePort, ...]
    probes: EngineProbes
    shutdown: EngineShutdown
    user: int
    """The image's user that the engine runs as."""
    mounts: tuple[WeightMount, ...] = ()
    files: tuple[ConfigMapFile, ...] = ()
    staged: StagedAdapters | None = None
    """None: no adapter is loaded after the start."""
    options: OptionsFile | None = None
    cache_path: str | None = None
    """Folder worth keeping between two starts: downloads and compiled graphs."""
    shared_memory_bytes: int = 0
    """The least `/dev/shm` that the engine's processes need to communicate, and for what they keep there."""
    offloaded_bytes: int = 0
    """Weights in main memory instead of on GPUs, which the container requests."""
    host_cache_bytes: int = 0
    """Blocks of the KV cache in main memory, which it requests too."""
    check: tuple[str, ...] = ()
    """Command for the engine's image that checks the arguments without a GPU; empty: none."""
    keeps_entrypoint: bool = False
    """The image runs only by its own entrypoint, which is the first word of the command."""
