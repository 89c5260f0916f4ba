"""What a rollout is decided on and what is decided: revisions as observed, room on the nodes, one step or a wait."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from fairlead.fleet.desired_state import DesiredRollout


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutReplica:
    """One engine pod, as far as a rollout cares."""

    name: str
    ready_since: datetime | None = None
    """Absent: not ready now."""
    ending: bool = False
    """Asked to go; it still streams and still holds its GPUs."""
    unplaced: bool = False
    """The scheduler found no node for it: it will not help, and asking for more of its kind does not either."""
    routable: bool | None = None
    """Whether routers send it requests; nothing: nobody said yet, and being ready has to do."""
    asleep: bool = False
    """It sleeps or is about to: on its GPU, within seconds of serving, and serving nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionFailure:
    """That a revision was given up, written on it as a fact so that a restart remembers."""

    at: datetime
    times: int
    """How often by now; the wait until it is tried again grows with it."""
    because: str = ""
    """What was the matter with its replicas; they are gone when somebody reads it."""
    early: bool = False
    """Given up before the deadline: its start cannot go well, however often it is repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionState:
    """One revision that exists, as observed."""

    name: str
    """The hash of all that changes an engine pod."""
    asked: int
    """The count its Deployment asks for now."""
    replicas: tuple[RolloutReplica, ...] = ()
    created_at: datetime
    wanted_since: datetime | None = None
    """Since when it is the one people want; absent on all others."""
    grown_at: datetime | None = None
    """When its count was last raised: a start gets the whole deadline, also after a pause or a wait for a free GPU."""
    served: bool = False
    """Whether a replica of it ever was ready: only such a one is worth going back to."""
    failure: RevisionFailure | None = None
    hopeless: str = ""
    """Why its start cannot go well, however often it is repeated; empty: nothing says so."""
    unchecked: bool = False
    """Whether a check without a GPU could still find out that it cannot start, and has not answered."""
    other_gpus: bool = False
    """Whether its replicas hold GPUs that the wanted revision cannot use: giving them up makes no room for it."""


class MissingCapacity(StrEnum):
    """What no node has, open or cordoned: only a person changes that, in the spec or in the cluster."""

    PRODUCT = "product"
    SELECTOR = "selector"
    """The labels of the node selector, on nodes that have the GPU."""
    GPUS = "gpus"
    """As many GPUs on one node as a replica takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRoom:
    """How many more replicas of the wanted revision the nodes could take right now."""

    replicas: int | None = None
    """Nothing: nobody knows (no right to see nodes) or nodes come when pods ask; then nothing is held back."""
    most: int | None = None
    """How many they could take if they were empty; zero: no node ever will, so nobody makes room for it."""
    because: str = ""
    """Which GPU, how many there are, how many are free: for the sentence that says what is short."""
    lack: MissingCapacity | None = None
    """Why waiting does not help; nothing where it may, for instance until a node is uncordoned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutSnapshot:
    """All that one decision about counts looks at."""

    target: str
    """The revision people want; it need not exist yet."""
    wanted: int
    """How many replicas, all revisions together."""
    rules: DesiredRollout
    revisions: tuple[RevisionState, ...] = ()
    room: NodeRoom = NodeRoom()


class StepReason(StrEnum):
    """Why a count changes or a revision goes."""

    FIRST_REVISION = "FirstRevision"
    NEW_REVISION = "NewRevision"
    """The target gets replicas, within surge, unavailability and room."""
    MAKING_ROOM = "MakingRoom"
    """An older revision gives up replicas that are not missed, or whose GPUs the target needs (Replace)."""
    NOT_SERVING = "NotServing"
    """An older revision gives up replicas that serve nobody."""
    SCALED_UP = "ScaledUp"
    SCALED_DOWN = "ScaledDown"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    """The target made no progress in time: it is given up, and what served last comes back."""
    START_FAILED = "StartFailed"
    """The target cannot start, which no waiting changes: it is given up, and what served last comes back."""
    RETURNING = "Returning"
    """The count of the revision that served last, after the target was given up."""
    EMPTY_REVISION = "EmptyRevision"
    """A revision without replicas goes; no rollout would return to it."""


class HoldReason(StrEnum):
    """Why nothing is done now; doing nothing is a decision too."""

    COMPLETE = "Complete"
    """Every wanted replica is there and serves, of the wanted revision."""
    WAITING_FOR_READY = "WaitingForReady"
    WAITING_FOR_MIN_READY = "WaitingForMinReady"
    WAITING_FOR_DRAIN = "WaitingForDrain"
    """Ending replicas still hold the GPUs that the next step needs."""
    NO_FREE_GPU = "NoFreeGpu"
    """The nodes cannot place another replica, so none is asked for."""
    UNPLACED = "Unplaced"
    """Replicas were asked for and the scheduler finds no node for them."""
    CHECKING = "Checking"
    """The target is checked without a GPU before the last replica that serves is drained for it."""
    PAUSED = "Paused"
    RETURNED = "Returned"
    """The target was given up; what served last serves, until the back-off is over or the spec changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaStep:
    """Set the count of one revision; one that does not exist is made with it."""

    revision: str
    replicas: int
    reason: StepReason
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureStep:
    """Write on a revision that it failed; what follows is decided from that fact."""

    revision: str
    failure: RevisionFailure
    reason: StepReason
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireStep:
    """Remove a revision that has no replica left and that no rollout would return to."""

    revision: str
    reason: StepReason
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldStep:
    """Do nothing, and why."""

    reason: HoldReason
    because: str


RolloutStep: TypeAlias = ReplicaStep | FailureStep | RetireStep | HoldStep


class RolloutPhase(StrEnum):
    """Where a rollout stands, whatever the next step is."""

    STEADY = "Steady"
    """One revision serves all that is wanted, or only its count is still moving."""
    ROLLING = "Rolling"
    RETURNING = "Returning"
    """On the way back to what served last."""
    RETURNED = "Returned"
    PAUSED = "Paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutPlan:
    """The next step, and all that is to be said about it."""

    step: RolloutStep
    phase: RolloutPhase
    current: str
    """The revision that is being brought about: the target, or the one gone back to."""
    wake_at: datetime | None = None
    """When the same facts would be judged differently; nothing: only a change of facts matters."""
    short: str = ""
    """Which GPU is short and by how much, when that limits the step."""
