"""LoRA adapters that are loaded and unloaded while engines run: versions, names in an engine, state on each replica."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fairlead.fleet.canaries import CanaryPlan
from fairlead.fleet.desired_state import ModelSource

WHOLE: Final = 100
"""Percent: the shares of an adapter's versions add up to this."""
SEPARATOR: Final = "@"
"""Separates an adapter's name from its version; no served name of an adapter contains it."""
_DIGITS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterEdition:
    """One version of an adapter: its weights, and its share of the conversations."""

    digest: str
    source: ModelSource
    traffic: int
    """0 to 100."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedAdapter:
    """An adapter as its object specifies it."""

    namespace: str
    name: str
    deployment: str
    served_name: str
    base_model: str | None
    """The base model that its own configuration names, if not the deployment's source."""
    replicas: int | None
    """None: all."""
    editions: tuple[AdapterEdition, ...]
    canary: CanaryPlan | None = None
    """How a second edition replaces the first; None: by the traffic of each."""
    trial: str = ""
    """Engine name of the edition whose requests are compared with the other's; empty: none is on trial."""
    step: int = 0
    """The step of its canary, from 1; 0 without a trial."""
    serving: str = ""
    """Engine name of the listed edition that served so far: the only one that was listed before too, or the one with
    most conversations; empty if there is no such one."""

    def engine_name(self, edition: AdapterEdition) -> str:
        """Return the name of one version in an engine; clients never see it."""
        return engine_name(self.served_name, edition.digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterShare:
    """One version, as routers have it."""

    name: str
    """Its name in the engine."""
    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterVersions:
    """An adapter, as routers have it."""

    name: str
    """The name that clients send."""
    versions: tuple[AdapterShare, ...]
    trial: str = ""
    """The new version, whose requests are compared with those of the other; empty: none is on trial."""
    step: int = 0
    """The canary's step, from 1, whose requests are compared: two steps may have the same percent. 0: of none."""


def engine_name(served_name: str, digest: str) -> str:
    """Return the served name with the first digits of the digest."""
    return f"{served_name}{SEPARATOR}{digest.removeprefix('sha256:')[:_DIGITS]}"


class AdapterState(StrEnum):
    """State of a version on one replica."""

    WAITING = "Waiting"
    """Its files have not arrived yet."""
    STAGED = "Staged"
    """Its files have arrived and are checked; the engine has not loaded it."""
    LOADED = "Loaded"
    """The engine lists it."""
    FAILED = "Failed"


class AdapterReason(StrEnum):
    """Why a version is not loaded on a replica."""

    STAGING = "Staging"
    """Its files are being read."""
    ENGINE_SILENT = "EngineSilent"
    """The engine does not answer yet."""
    SOURCE_UNREADABLE = "SourceUnreadable"
    """Its source does not answer, or refuses; this is retried."""
    NO_ADAPTER = "NoAdapter"
    """Its source has no adapter in PEFT's format, in safetensors."""
    DIGEST_DIFFERS = "DigestDiffers"
    """Its files do not match the digest."""
    OTHER_BASE = "OtherBase"
    """It was trained on another model."""
    RANK_TOO_HIGH = "RankTooHigh"
    """Its rank is above that of the adapter slots."""
    MODULES_REFUSED = "ModulesRefused"
    """It changes what an adapter cannot change in an engine: whole modules, biases, matrices that are left out."""
    ENGINE_REFUSED = "EngineRefused"
    """The engine answered the load with an error; its message follows."""


FINAL_REASONS: Final = frozenset(
    {
        AdapterReason.NO_ADAPTER,
        AdapterReason.DIGEST_DIFFERS,
        AdapterReason.OTHER_BASE,
        AdapterReason.RANK_TOO_HIGH,
        AdapterReason.MODULES_REFUSED,
    }
)
"""Not retried: the files would be the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterProblem:
    """Why a version cannot be loaded; the message has both numbers."""

    reason: AdapterReason
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterPlace:
    """One version on one replica."""

    name: str
    """Its name in the engine."""
    state: AdapterState
    reason: AdapterReason | None = None
    message: str = ""
