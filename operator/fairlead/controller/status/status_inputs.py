"""All inputs of one deployment's status, gathered once: what is desired, what exists, what is next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fairlead.controller.snapshot import AutoscalerReport
from fairlead.fleet.canaries import CanaryState
from fairlead.fleet.conditions import ConditionReason, UntimedCondition
from fairlead.fleet.endpoints import HourSpend
from fairlead.fleet.hung_replicas import HungReplicaDecision
from fairlead.fleet.pod_problems import PodProblem
from fairlead.fleet.priorities import NO_PREEMPTION, Preemption
from fairlead.fleet.rollouts import NodeRoom, RevisionState, RolloutPlan
from fairlead.planning.replica_count import ReplicaCount
from fairlead.review.deployment_review import DeploymentReview


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterSummary:
    """The routers of a deployment, and their reports on its engines."""

    wanted: int
    ready: int
    reporting: int
    """How many reported their endpoints."""
    gateway: str | None = None
    """The gateway whose routers these are, instead of the deployment's own."""
    refused: ConditionReason | None = None
    """Why the gateway's routers will not take requests for it, in one word; `problem` says more."""
    meanwhile: str = ""
    """Whose routers serve, since the gateway's do not yet; empty if they do."""
    reasons: Mapping[str, str] | None = None
    """Why routers do not use a pod, by pod."""
    problem: str = ""
    """Why the first unready router is not ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """What blocked the plan while it was carried out."""

    reason: ConditionReason
    message: str
    passes: bool = False
    """It ends by itself, and all else was carried out meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartDurations:
    """Measured starts of one revision's pods, from the start of the engine's container to ready."""

    last_s: float
    p95_s: float
    node_s: float = 0.0
    """The last one's node wait."""
    image_s: float = 0.0
    """The last one's wait on its node for image and volumes, until its container started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusInputs:
    """One deployment at one moment."""

    review: DeploymentReview
    target: str | None = None
    """The revision of the spec; while the spec is refused, the last target."""
    count: ReplicaCount | None = None
    scaled: AutoscalerReport | None = None
    autoscaler_is_silent: bool = False
    """Nothing decides now, whatever was recommended before."""
    plan: RolloutPlan | None = None
    canary: CanaryState | None = None
    states: tuple[RevisionState, ...] = ()
    """Newest first."""
    names: Mapping[str, str]
    """The name of each revision's Deployment."""
    troubles: Mapping[str, tuple[PodProblem, ...]]
    """By revision; in the order of pods' names."""
    starts: Mapping[str, StartDurations]
    unplaced: str | None = None
    """The scheduler's message about the first pod it cannot place."""
    preemption: Preemption = NO_PREEMPTION
    """What the scheduler ended for pods of a higher priority, and what they hold."""
    uncreated: str | None = None
    """The Deployment for which Kubernetes has made no pod, in words."""
    room: NodeRoom = field(default_factory=NodeRoom)
    """The room on the nodes for more replicas, and what no node has."""
    pods_refused: str | None = None
    """The API server's message if a quota or policy refuses pods."""
    obstacle: Obstacle | None = None
    routers: RouterSummary | None = None
    route: tuple[UntimedCondition, ...] = ()
    """The condition RouteAccepted, if there is one."""
    spend: HourSpend | None = None
    """The spend of the last full hour; None if no router reports it."""
    hung: HungReplicaDecision | None = None
    """What is done about replicas that hang; None while nothing may be."""
    pre_pull: Mapping[str, Any] | None = None
    """Where images are pulled in advance, as it is to be written; None if none are."""
    tenants: Sequence[Mapping[str, Any]] = ()
    """What tenants of its own routers use, as it is to be written."""
    measured_tokens: int | None = None
    """KV tokens that a running replica of the current revision reported."""
