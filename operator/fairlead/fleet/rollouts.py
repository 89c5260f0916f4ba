"""Input and output of a rollout decision: observed revisions, room on the nodes, and one step or a wait."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from fairlead.fleet.desired_state import DesiredRollout


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutReplica:
    """One engine pod, as far as a rollout is concerned."""

    name: str
    ready_since: datetime | None = None
    """None: not ready now."""
    ending: bool = False
    """It is being deleted; it still streams and still holds its GPUs."""
    unplaced: bool = False
    """The scheduler found no node for it: it will not serve, and neither would more replicas of its kind."""
    routable: bool | None = None
    """Whether routers send it requests; None: no router has reported it yet, and readiness counts instead."""
    asleep: bool = False
    """It sleeps or is about to: it holds its GPU and serves nothing, but could serve within seconds."""

    @property
    def serves(self) -> bool:
        """Whether it takes requests now, as far as is observed."""
        return self.has_served and not self.ending and not self.asleep

    @property
    def has_served(self) -> bool:
        """Whether it is a replica that took requests, even if it sleeps or ends by now."""
        return self.ready_since is not None and self.routable is not False


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionFailure:
    """A revision was given up; recorded on its Deployment, so that it survives a restart of the operator."""

    at: datetime
    times: int
    """How often so far; the wait before the next try grows with it."""
    because: str = ""
    """What was wrong with its replicas, kept because they are gone when this is read."""
    early: bool = False
    """Given up before the progress deadline, since repeating its start cannot succeed."""
    rejected: bool = False
    """A gate or a person rejected it: it is tried again only when the spec names it anew."""
    deadline_seconds: int | None = None
    """The progress deadline in force then: a longer one in the spec is another try. None: rejected, or not recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionState:
    """One existing revision, as observed."""

    name: str
    """The hash of everything that changes an engine pod."""
    requested: int
    """The replicas in its Deployment's spec."""
    replicas: tuple[RolloutReplica, ...] = ()
    created_at: datetime
    wanted_since: datetime | None = None
    """Since when it is the target; None for all other revisions."""
    grown_at: datetime | None = None
    """When its count was last raised: a start gets the whole deadline, also after a pause or a wait for a free GPU."""
    served: bool = False
    """Whether any of its replicas was ever ready: only such a revision can be a fallback."""
    failure: RevisionFailure | None = None
    terminal_error: str = ""
    """Why its start can never succeed; empty: no reason is known."""
    unchecked: bool = False
    """Whether its preflight, which needs no GPU, is still running and could find that it cannot start."""
    other_gpus: bool = False
    """Whether its replicas hold GPUs that the target cannot use: removing them makes no room for it."""

    @property
    def serving(self) -> int:
        """Replicas that take requests now."""
        return sum(one.serves for one in self.replicas)


class MissingCapacity(StrEnum):
    """What no node has, schedulable or cordoned: only a change of the spec or of the cluster helps."""

    PRODUCT = "product"
    SELECTOR = "selector"
    """Nodes have the GPU, but none of them has the node selector's labels."""
    GPUS = "gpus"
    """No node has as many GPUs as one replica takes."""
    MEMORY = "memory"
    """No node has the main memory that one replica requests beside its GPUs."""
    CORES = "cores"
    """No node has the cores and the memory that one replica on CPU takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRoom:
    """How many more replicas of the target the nodes could take now."""

    replicas: int | None = None
    """None: unknown (no permission to list nodes), or nodes are added for pending pods; then nothing is held back."""
    most: int | None = None
    """How many the nodes could take if empty; zero: none ever, so no other replica is drained for it."""
    preempting: int = 0
    """How many of `replicas` have room only if the scheduler preempts pods of a lower priority for them."""
    because: str = ""
    """Which GPU, how many exist, how many are free: for the message about what is short."""
    missing: MissingCapacity | None = None
    """Why waiting does not help; None if it may, for instance until a node is uncordoned."""
    of_cpu: bool = False
    """Whether cores and memory are counted instead of GPUs."""

    @property
    def held(self) -> str:
        """What a replica holds until it has ended."""
        return "cores and memory" if self.of_cpu else "GPUs"

    @property
    def spare(self) -> str:
        """What one more replica needs."""
        return "free cores and memory" if self.of_cpu else "a free GPU"


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryLimit:
    """What the target may have while on trial."""

    replicas: int
    """Its replicas at this step."""
    rejected: str = ""
    """Why a gate or a person rejected it; empty: not rejected."""
    diverting: bool = False
    """It was rejected, and routers may still send it conversations of its share."""
    because: str = ""
    """What the step waits for."""
    needs_person: bool = False
    """Only a person's order lets it continue, apart from chance."""
    since: datetime | None = None
    """When the step began: it gets the whole progress deadline."""
    retried_at: datetime | None = None
    """When a person last asked for a retry: earlier failures are ignored."""
    wake_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutSnapshot:
    """All the facts of one decision about counts."""

    target: str
    """The revision that the spec asks for; its Deployment need not exist yet."""
    desired_replicas: int
    """Wanted replicas over all revisions."""
    rules: DesiredRollout
    revisions: tuple[RevisionState, ...] = ()
    room: NodeRoom = NodeRoom()
    canary: CanaryLimit | None = None
    """Set while the target is on trial, or after it was rejected."""


class StepReason(StrEnum):
    """Why a count changes or a revision is removed."""

    FIRST_REVISION = "FirstRevision"
    NEW_REVISION = "NewRevision"
    """The target gets replicas, within surge, unavailability and room."""
    MAKING_ROOM = "MakingRoom"
    """An older revision gives up replicas that are not needed, or whose GPUs the target needs (Replace)."""
    NOT_SERVING = "NotServing"
    """An older revision gives up replicas that do not serve."""
    SCALED_UP = "ScaledUp"
    SCALED_DOWN = "ScaledDown"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    """The target made no progress in time: it is given up, and the rollout returns to its fallback."""
    START_FAILED = "StartFailed"
    """The target can never start: it is given up, and the rollout returns to its fallback."""
    GATE_FAILED = "GateFailed"
    """A gate failed, or a person aborted: the target is rejected, and the rollout returns to its fallback."""
    RETURNING = "Returning"
    """The count of the fallback, after the target was given up."""
    EMPTY_REVISION = "EmptyRevision"
    """A revision without replicas is removed; no rollout would return to it."""


class HoldReason(StrEnum):
    """Why no step is taken now; that is a decision too."""

    COMPLETE = "Complete"
    """Every desired replica serves, and all are of the target."""
    WAITING_FOR_READY = "WaitingForReady"
    WAITING_FOR_MIN_READY = "WaitingForMinReady"
    WAITING_FOR_DRAIN = "WaitingForDrain"
    """Ending replicas still hold the GPUs that the next step needs."""
    NO_FREE_GPU = "NoFreeGpu"
    """The nodes cannot place another replica, so none is added."""
    UNPLACED = "Unplaced"
    """Replicas were created, but the scheduler finds no node for them."""
    CHECKING = "Checking"
    """The target's preflight is running; until then the last serving replica is not drained for it."""
    ON_TRIAL = "OnTrial"
    """The target has what its canary step gives it; its gates or its hold decide when it gets more."""
    AWAITING_PERSON = "AwaitingPerson"
    """As OnTrial, but a person has to promote or abort it."""
    DIVERTING = "Diverting"
    """The target was rejected; its replicas are removed once routers stop sending it requests."""
    PAUSED = "Paused"
    RETURNED = "Returned"
    """The target was given up and the fallback serves, until the back-off ends or the spec changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaStep:
    """Set the count of one revision; a revision without a Deployment gets one."""

    revision: str
    replicas: int
    reason: StepReason
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureStep:
    """Record on a revision that it failed; later decisions start from that fact."""

    revision: str
    failure: RevisionFailure
    reason: StepReason
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireStep:
    """Remove a revision that has no replicas and that no rollout would return to."""

    revision: str
    reason: StepReason
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldStep:
    """Take no step, with the reason."""

    reason: HoldReason
    because: str


RolloutStep: TypeAlias = ReplicaStep | FailureStep | RetireStep | HoldStep


class RolloutPhase(StrEnum):
    """Phase of a rollout, whatever its next step."""

    STEADY = "Steady"
    """One revision serves everything, or only its count is still changing."""
    ROLLING = "Rolling"
    RETURNING = "Returning"
    """Returning to the fallback."""
    RETURNED = "Returned"
    PAUSED = "Paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutPlan:
    """The next step, and what status reports about it."""

    step: RolloutStep
    phase: RolloutPhase
    current: str
    """The revision that the steps lead to: the target or the fallback."""
    wake_at: datetime | None = None
    """When the same facts would lead to another decision; None: only a change of facts matters."""
    short: str = ""
    """Which GPU is short and by how much, if that limits the step."""
