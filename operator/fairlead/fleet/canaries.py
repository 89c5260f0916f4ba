"""A canary: the plan of its steps, where it stands, and what the next decision about it is made from."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import ceil

from fairlead.fleet.gate_verdicts import GateVerdict


class CanaryGate(StrEnum):
    """What lets a step end."""

    SERVICE = "Service"
    """Users' requests at the new revision, compared with those at the old one at the same time."""
    MANUAL = "Manual"
    """A person promotes it."""
    QUALITY = "Quality"
    """The answers of both revisions to the items of an evaluation."""


class UndecidedAction(StrEnum):
    """What becomes of a step whose gate stays undecided."""

    HOLD = "Hold"
    ROLL_BACK = "RollBack"


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryStep:
    """One step: how many replicas and how much traffic the new revision gets, and what lets it go on."""

    replicas: int = 0
    """0: as many as its traffic takes."""
    traffic: int = 0
    """Percent of the conversations."""
    hold_seconds: float = 0.0
    gates: tuple[CanaryGate, ...] = ()

    def replicas_of(self, wanted: int, spare: int) -> int:
        """What the new revision gets of the wanted replicas and those beyond: no less than its part of the traffic."""
        return self.replicas or max(1, ceil(self.traffic * (wanted + spare) / 100))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLimits:
    """What the service gate holds a new revision to."""

    ttft_ratio: float = 1.3
    """How many times as long a first token may take."""
    tpot_ratio: float = 1.2
    fault_share: float = 0.005
    """A share of faults that is borne even where the old revision has fewer."""
    min_requests: int = 150
    """Of each side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityLimits:
    """What the quality gate holds a new revision to."""

    evaluation: str
    """Its name, in the deployment's namespace."""
    margin: float
    """How much smaller its share of right answers may be: 0.02 for 2 points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryPlan:
    """A canary as it was when it began; edits of the spec apply to the next one."""

    steps: tuple[CanaryStep, ...]
    start_within_seconds: float | None = 86_400.0
    """How long it waits for a time in which one replica can be spared; None: as long as it takes."""
    undecided_seconds: float = 7200.0
    undecided: UndecidedAction = UndecidedAction.HOLD
    service: ServiceLimits = ServiceLimits()
    quality: QualityLimits | None = None
    """Nothing where no step has its gate."""

    @property
    def starts_replicas(self) -> bool:
        """Whether replicas start for it; a version of an adapter is loaded by those that are there."""
        return self.start_within_seconds is not None


class CanaryPhase(StrEnum):
    """Where a canary is."""

    WAITING = "Waiting"
    """For a time in which one replica less suffices."""
    STEPPING = "Stepping"
    """On one of its steps."""
    PROMOTED = "Promoted"
    """The new revision gets all; the old one goes."""
    REJECTED = "Rejected"


class CanaryVerb(StrEnum):
    """What a person may ask of a canary."""

    PAUSE = "pause"
    PROMOTE = "promote"
    ABORT = "abort"
    RETRY = "retry"


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryOrder:
    """A verb, and when it was given: an order is carried out once."""

    verb: CanaryVerb
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StepVerdict:
    """What a gate said at one step."""

    step: int
    gate: CanaryGate
    verdict: GateVerdict
    items: str = ""
    """Of gate Quality: the digest of the items that it was judged on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryState:
    """All that is kept of a canary, in the status of its deployment."""

    revision: str
    """The new one."""
    stable: str
    """The one that it is compared with, and that serves if it is rejected."""
    plan: CanaryPlan
    phase: CanaryPhase = CanaryPhase.WAITING
    step: int = 0
    """From 0."""
    since: datetime
    """When its phase or step began."""
    reached_at: datetime | None = None
    """Since when the new revision serves with all that the step gives it."""
    paused: bool = False
    """A person paused it, and nobody promoted it since."""
    verdicts: tuple[StepVerdict, ...] = ()
    because: str = ""
    """Why it was rejected or promoted."""
    ordered_at: datetime | None = None
    """The last order that was carried out."""
    retried_at: datetime | None = None
    """When a person asked for another try after it was rejected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryFacts:
    """What is observed of a canary."""

    wanted: int
    """Replicas, over all revisions."""
    spare: int = 0
    """Replicas that there may be beyond those."""
    available: int = 0
    """Replicas of the new revision that serve."""
    spared: bool = True
    """Whether what serves now could do with one replica less."""
    load: str = ""
    """What that is judged by, in words."""
    given_up: str = ""
    """Why the new revision was given up after its step's replicas had served; empty: it was not."""
    order: CanaryOrder | None = None
    service: GateVerdict | None = None
    """The service gate on the requests so far; nothing while no router reports any."""
    quality: GateVerdict | None = None
    """The quality gate on the answers so far; nothing while nobody asks for any."""
    items: str = ""
    """Digest of the evaluation's items as they are now; empty: not known."""
