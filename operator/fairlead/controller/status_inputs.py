"""All that a report on one deployment is made from, gathered once: what is wanted, what is there, what is next."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fairlead.controller.deployment_review import DeploymentReview
from fairlead.controller.snapshot import AutoscalerReport
from fairlead.fleet.conditions import ConditionReason
from fairlead.fleet.pod_problems import PodProblem
from fairlead.fleet.rollouts import NodeRoom, RevisionState, RolloutPlan
from fairlead.planning.replica_count import ReplicaCount


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterSummary:
    """The routers in front of the engines, and what they say of them."""

    wanted: int
    ready: int
    reporting: int
    """How many answered when asked what they see."""
    gateway: str | None = None
    """The gateway that leads here instead of routers of our own."""
    reasons: Mapping[str, str] | None = None
    """Why a pod is not used, by pod, in a router's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """What the API server refused while the plan was carried out."""

    reason: ConditionReason
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartDurations:
    """Measured starts of one revision's pods, from the start of the engine's container to ready."""

    last_s: float
    p95_s: float
    node_s: float = 0.0
    """What the last one waited for a node."""
    image_s: float = 0.0
    """And on its node for the image and volumes, until its container started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusInputs:
    """One deployment at one moment."""

    judged: DeploymentReview
    target: str | None = None
    """The revision people want, or the one that is kept while their wish is refused."""
    count: ReplicaCount | None = None
    scaled: AutoscalerReport | None = None
    plan: RolloutPlan | None = None
    states: tuple[RevisionState, ...] = ()
    """Newest first."""
    names: Mapping[str, str]
    """What carries each revision: the name of its Deployment."""
    troubles: Mapping[str, tuple[PodProblem, ...]]
    """By revision; in the order of pods' names."""
    starts: Mapping[str, StartDurations]
    unplaced: str | None = None
    """The scheduler's words about the first pod it cannot place."""
    room: NodeRoom = field(default_factory=NodeRoom)
    """What the nodes have for more replicas, and what no node has."""
    pods_refused: str | None = None
    """The server's words, where a quota or policy refuses pods."""
    obstacle: Obstacle | None = None
    routers: RouterSummary | None = None
    measured_tokens: int | None = None
    """KV tokens that a running replica of the current revision reported."""
