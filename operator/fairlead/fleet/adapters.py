"""LoRA adapters that come and go while engines run: their versions, their names in an engine, and where each stands."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fairlead.fleet.canaries import CanaryPlan
from fairlead.fleet.desired_state import ModelSource

WHOLE: Final = 100
"""Percent: what the versions of one adapter answer together."""
SEPARATOR: Final = "@"
"""Between an adapter's name and its version; no served name of an adapter has one."""
_DIGITS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterEdition:
    """One version of an adapter: its weights, and what share of the conversations it answers."""

    digest: str
    source: ModelSource
    traffic: int
    """0 to 100."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedAdapter:
    """An adapter as its object asks for it."""

    namespace: str
    name: str
    deployment: str
    served_name: str
    base_model: str | None
    """What its own configuration names, where that is not the deployment's source."""
    replicas: int | None
    """None: all."""
    editions: tuple[AdapterEdition, ...]
    canary: CanaryPlan | None = None
    """How a second edition takes over from the first; None: by the traffic of each."""
    trial: str = ""
    """Name in the engine of the edition that users' requests are compared for; empty: none is on trial."""

    def engine_name(self, edition: AdapterEdition) -> str:
        """The name of one version in an engine, and nowhere else: clients do not see it."""
        return engine_name(self.served_name, edition.digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterShare:
    """One version as routers know it."""

    name: str
    """In the engine."""
    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterVersions:
    """An adapter as routers know it."""

    name: str
    """As clients ask for it."""
    versions: tuple[AdapterShare, ...]
    trial: str = ""
    """Of these the new one, whose requests are compared with those of the other; empty: none is on trial."""


def engine_name(served_name: str, digest: str) -> str:
    """A served name with the beginning of a digest."""
    return f"{served_name}{SEPARATOR}{digest.removeprefix('sha256:')[:_DIGITS]}"


class AdapterState(StrEnum):
    """Where a version stands on one replica."""

    WAITING = "Waiting"
    """Its files are not there yet."""
    STAGED = "Staged"
    """Its files are there and checked; the engine has not loaded it."""
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
    """Its source does not answer, or refuses; it is tried again."""
    NO_ADAPTER = "NoAdapter"
    """Its source has no adapter in the form of PEFT, in safetensors."""
    DIGEST_DIFFERS = "DigestDiffers"
    """Its files are others than the digest says."""
    OTHER_BASE = "OtherBase"
    """It was trained on another model."""
    RANK_TOO_HIGH = "RankTooHigh"
    """Its rank is above that of the slots."""
    MODULES_REFUSED = "ModulesRefused"
    """It changes what engines cannot change by an adapter: whole modules, biases, the vocabulary."""
    ENGINE_REFUSED = "EngineRefused"
    """The engine answered its load with an error; its words follow."""


FINAL_REASONS: Final = frozenset(
    {
        AdapterReason.NO_ADAPTER,
        AdapterReason.DIGEST_DIFFERS,
        AdapterReason.OTHER_BASE,
        AdapterReason.RANK_TOO_HIGH,
        AdapterReason.MODULES_REFUSED,
    }
)
"""Another try would find the same files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterProblem:
    """Why a version cannot be loaded, in words with both numbers."""

    reason: AdapterReason
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterPlace:
    """One version on one replica."""

    name: str
    """In the engine."""
    state: AdapterState
    reason: AdapterReason | None = None
    message: str = ""
