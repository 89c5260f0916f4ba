"""What one reconcile of a deployment hands from verb to verb: what it observed, and what came of its plan."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from fairlead.cluster.kinds import Manifest
from fairlead.controller.pods.pod_facts import MergedRouterReport
from fairlead.controller.router_moves import SideReports
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.controller.status.pre_pull_status import PrePullState
from fairlead.controller.status.status_inputs import Obstacle
from fairlead.fleet.conditions import UntimedCondition
from fairlead.fleet.gate_verdicts import EvaluationVerdict
from fairlead.fleet.gateways import DesiredGateway
from fairlead.fleet.hung_replicas import HungReplicaDecision
from fairlead.fleet.pod_problems import PodProblem
from fairlead.fleet.request_samples import RequestSample
from fairlead.fleet.rollouts import NodeRoom
from fairlead.planning.router_move import RouterMove
from fairlead.review.deployment_review import DeploymentReview


@dataclass(frozen=True, kw_only=True)
class ReconcileFacts:
    """One deployment at one moment: its objects, their review, and what was read from running pods and from nodes."""

    now: datetime
    observed: DeploymentSnapshot
    review: DeploymentReview
    sides: SideReports
    reports: MergedRouterReport
    """The reports of all sides."""
    move: RouterMove
    """Which routers serve it."""
    gateway: DesiredGateway | None
    """The gateway of its spec, if it exists."""
    static: tuple[Manifest, ...]
    """The children except engines, by the spec and the step of the move alone."""
    room: NodeRoom
    troubles: Mapping[str, tuple[PodProblem, ...]]
    """By revision."""
    hung: HungReplicaDecision | None
    """What is done about replicas that hang."""
    samples: tuple[RequestSample, ...] | None
    """Users' requests to both revisions of a canary, if they are compared and a router reported them."""
    evaluation: EvaluationVerdict
    """The current result of a canary's evaluation."""


class ApplyResult(NamedTuple):
    """What came of a plan when it was carried out."""

    obstacle: Obstacle | None
    turning: bool
    """Whether an engine is still falling asleep or waking."""
    ending: bool
    """Whether pods that no Deployment will adopt are still there."""
    pulled: PrePullState | None
    route: tuple[UntimedCondition, ...]
    """The condition RouteAccepted, if there is one."""
