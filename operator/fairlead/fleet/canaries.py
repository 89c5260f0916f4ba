"""A canary: the plan of its steps, its state, and the facts of the next decision about it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from math import ceil

from fairlead.fleet.gate_verdicts import GateVerdict


class CanaryGate(StrEnum):
    """What must pass to end a step."""

    SERVICE = "Service"
    """Users' requests at the new revision, compared with those at the old one at the same time."""
    MANUAL = "Manual"
    """A person promotes the step."""
    QUALITY = "Quality"
    """Both revisions' answers to the items of an evaluation."""


class UndecidedAction(StrEnum):
    """What happens to a step whose gate stays undecided."""

    HOLD = "Hold"
    ROLL_BACK = "RollBack"


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryStep:
    """One step: the new revision's replicas and traffic, and the gates that end the step."""

    replicas: int = 0
    """0: as many as its traffic needs."""
    traffic: int = 0
    """Percent of the conversations."""
    hold_seconds: float = 0.0
    gates: tuple[CanaryGate, ...] = ()

    def replicas_of(self, wanted: int, spare: int) -> int:
        """Return the new revision's replicas out of those wanted and spare: at least its share of the traffic."""
        return self.replicas or max(1, ceil(self.traffic * (wanted + spare) / 100))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLimits:
    """Limits that the service gate applies to a new revision."""

    ttft_ratio: float = 1.3
    """How many times as long a first token may take."""
    tpot_ratio: float = 1.2
    fault_share: float = 0.005
    """A share of faults that is accepted even if the old revision has fewer."""
    min_requests: int = 150
    """For each side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityLimits:
    """Limits that the quality gate applies to a new revision."""

    evaluation: str
    """Its name, in the deployment's namespace."""
    margin: float
    """How much lower its share of right answers may be: 0.02 for 2 points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryPlan:
    """A canary's plan as of its beginning; edits of the spec apply to the next one."""

    steps: tuple[CanaryStep, ...]
    start_within_seconds: float | None = 86_400.0
    """How long it may wait for a time when one replica can be spared; None: without limit."""
    undecided_seconds: float = 7200.0
    undecided: UndecidedAction = UndecidedAction.HOLD
    service: ServiceLimits = ServiceLimits()
    quality: QualityLimits | None = None
    """None if no step has this gate."""

    @property
    def starts_replicas(self) -> bool:
        """Whether the canary starts replicas; an adapter's version is loaded by existing ones."""
        return self.start_within_seconds is not None


class CanaryPhase(StrEnum):
    """Phase of a canary."""

    WAITING = "Waiting"
    """Waiting for a time when one replica less suffices."""
    STEPPING = "Stepping"
    """On one of its steps."""
    PROMOTED = "Promoted"
    """The new revision gets all traffic; the old one is removed."""
    REJECTED = "Rejected"


class CanaryVerb(StrEnum):
    """What a person may order."""

    PAUSE = "pause"
    PROMOTE = "promote"
    ABORT = "abort"
    RETRY = "retry"


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryOrder:
    """A verb and when it was given; an order is carried out once."""

    verb: CanaryVerb
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StepVerdict:
    """A gate's verdict at one step."""

    step: int
    gate: CanaryGate
    verdict: GateVerdict
    items: str = ""
    """For gate Quality: digest of the items that it was judged on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryState:
    """Everything that is kept of a canary, in its deployment's status."""

    revision: str
    """The new revision."""
    stable: str
    """The revision that it is compared with, and that serves if it is rejected."""
    plan: CanaryPlan
    phase: CanaryPhase = CanaryPhase.WAITING
    step: int = 0
    """Counted from 0."""
    since: datetime
    """When its phase or step began."""
    reached_at: datetime | None = None
    """Since when the new revision serves with everything that the step gives it."""
    paused: bool = False
    """A person paused it and has not promoted it since."""
    verdicts: tuple[StepVerdict, ...] = ()
    because: str = ""
    """Why it was rejected or promoted."""
    ordered_at: datetime | None = None
    """Time of the last order that was carried out."""
    retried_at: datetime | None = None
    """When a person asked for a retry after it was rejected."""

    def as_of(self, now: datetime) -> "CanaryState":
        """Return it without times in the future, as a clock that was set back leaves them.

        That of an order stays: by it each order counts once.
        """
        return replace(
            self,
            since=min(self.since, now),
            reached_at=None if self.reached_at is None else min(self.reached_at, now),
            retried_at=None if self.retried_at is None else min(self.retried_at, now),
        )

    @property
    def running(self) -> bool:
        """Whether it is neither promoted nor rejected."""
        return self.phase in (CanaryPhase.WAITING, CanaryPhase.STEPPING)

    @property
    def due_gates(self) -> tuple[CanaryGate, ...]:
        """The gates of its step, once the new revision serves with all that the step gives it; none before."""
        reached = self.phase is CanaryPhase.STEPPING and self.reached_at is not None
        return self.plan.steps[self.step].gates if reached else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryFacts:
    """What was observed of a canary."""

    wanted: int
    """Replicas over all revisions."""
    spare: int = 0
    """Replicas allowed beyond those."""
    available: int = 0
    """The new revision's replicas that serve."""
    spared: bool = True
    """Whether the replicas that serve now could do with one less."""
    load: str = ""
    """The figures behind `spared`, for messages."""
    given_up: str = ""
    """Why the new revision was given up after its step's replicas had served; empty: it was not."""
    paused: bool = False
    """`spec.rollout.paused`: no step begins or ends; a gate that fails still rejects it."""
    order: CanaryOrder | None = None
    plan: CanaryPlan | None = None
    """The spec's own now, by which a rejected one is tried again; None: it has none."""
    service: GateVerdict | None = None
    """The service gate on the requests so far; None while no router reports any."""
    quality: GateVerdict | None = None
    """The quality gate on the answers so far; None while no answers are requested."""
    items: str = ""
    """Digest of the evaluation's current items; empty: unknown."""
