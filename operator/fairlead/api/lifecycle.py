"""The lifecycle of replicas: rollout, scaling, drain; and a deployment's own router."""

from typing import Annotated

from pydantic import Field

from fairlead.api.api_model import ApiModel, KeyedList, UniqueList
from fairlead.api.evaluation import Points
from fairlead.api.router_spec import RouterSpec
from fairlead.api.string_formats import Duration, DurationOrZero, Factor, Handle, ObjectName, Share
from fairlead.api.tenants import Tenant
from fairlead.fleet.canaries import CanaryGate, UndecidedAction
from fairlead.fleet.desired_state import RolloutStrategy
from fairlead.fleet.hung_replicas import HungReplicaAction

MAX_REPLICAS = 1000
"""Above any known fleet of one model; a typing error should not request a million GPUs from a cloud."""


class CanaryStep(ApiModel):
    """One step of a canary: the new revision's share, and the gates to pass before the next step."""

    replicas: Annotated[int, Field(ge=1, le=MAX_REPLICAS)] | None = Field(
        default=None,
        description="Replicas of the new revision at this step; at least one of the old ones always stays. Default: "
        "as many as traffic needs, at least 1.",
    )
    traffic: Annotated[int, Field(ge=0, le=99)] = Field(
        default=0,
        description="Percent of the conversations that the new revision answers once its replicas serve; never more "
        "than its share of the replicas. Default 0: no user reaches it.",
    )
    hold: DurationOrZero = Field(
        default="10m", description="How long the step lasts at least, once its replicas serve. Default 10m."
    )
    gates: Annotated[tuple[CanaryGate, ...], UniqueList()] = Field(
        default=(),
        max_length=3,
        description="What must pass before the next step. Service: users' requests at the new revision are compared "
        "with those at the old one. Quality: both answer the items of an Evaluation, and no user has to reach the new "
        "one for that. Manual: a person promotes it. Default: none, only hold.",
    )


class CanaryService(ApiModel):
    """Limits that gate Service applies to the new revision."""

    max_ttft_ratio: Factor = Field(
        default="1.3",
        description='Longest time to first token, as a multiple of the old revision\'s. Default "1.3".',
    )
    max_tpot_ratio: Factor = Field(
        default="1.2",
        description='Longest time for each further token, as a multiple of the old revision\'s. Default "1.2".',
    )
    max_fault_share: Share = Field(
        default="0.005",
        description="Share of requests that may fail, be cut or return invalid JSON, even if the old "
        'revision has fewer of them. Default "0.005".',
    )
    min_requests: Annotated[int, Field(ge=50, le=5000)] = Field(
        default=150,
        description="Fewest requests on each side with which the gate can pass; no traffic never passes. Default 150.",
    )


class CanaryQuality(ApiModel):
    """Limits that gate Quality applies to the new revision."""

    evaluation: ObjectName = Field(description="Name of the Evaluation, in the namespace of this object.")
    margin: Points = Field(
        default="2",
        description="How many percentage points fewer answers may be right than at the old revision. A smaller margin "
        "needs more "
        'items: `fairlead evaluate plan` says how many. Default "2".',
    )


class Canary(ApiModel):
    """A rollout in steps, each of which must pass its gates before the next."""

    steps: tuple[CanaryStep, ...] = Field(
        default=(
            CanaryStep(traffic=10, gates=(CanaryGate.SERVICE,)),
            CanaryStep(traffic=50, gates=(CanaryGate.SERVICE,)),
        ),
        min_length=1,
        max_length=16,
        description="Steps in order; after the last the new revision takes all. Default: 10 and then 50 percent of "
        "the conversations, each for at least 10m and until gate Service has passed.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    start_within: Duration = Field(
        default="24h",
        description="Without a spare replica (maxSurge 0): how long the first step waits until the requests "
        "in flight need one replica fewer. After that it no longer starts on its own; `fairlead rollout promote` "
        "makes it wait again. Default 24h.",
    )
    undecided_after: Duration = Field(
        default="2h",
        description="How long a gate may stay Undecided before `undecided` applies. Default 2h.",
    )
    undecided: UndecidedAction = Field(
        default=UndecidedAction.HOLD,
        description="What happens after undecidedAfter. Hold: the step stays as it is until its gate or a "
        "person decides. RollBack: the new revision is rejected. Never promotes. Default Hold.",
    )
    service: CanaryService = Field(default=CanaryService(), description="Limits of gate Service for the new revision.")
    quality: CanaryQuality | None = Field(
        default=None, description="Limits of gate Quality. Required with that gate; without it, not used."
    )


class Rollout(ApiModel):
    """How a change of the model, engine or GPUs reaches the serving replicas."""

    strategy: RolloutStrategy = Field(
        default=RolloutStrategy.REPLACE,
        description="Replace: one replica is drained, then its GPUs start the new revision; needs no spare GPU. Surge: "
        "new replicas start first; needs spare GPUs. Canary: in steps, judged by users' requests; needs no spare "
        "GPU but two replicas, or maxSurge 1. Default Replace.",
    )
    max_surge: Annotated[int, Field(ge=0, le=MAX_REPLICAS)] | None = Field(
        default=None,
        description="Most replicas above the desired number while rolling out; a number, not a percentage, since "
        "GPUs are counted. Default 1 with Surge, and with Canary if maxUnavailable is 0; else 0. Replace has none.",
    )
    max_unavailable: Annotated[int, Field(ge=0, le=MAX_REPLICAS)] | None = Field(
        default=None,
        description="Most replicas that may be unavailable while rolling out; a number, not a percentage. Default 1 "
        "with Replace and Canary, 0 with Surge and with a Canary that has maxSurge.",
    )
    progress_deadline_seconds: Annotated[int, Field(ge=60, le=86_400)] = Field(
        default=1800,
        description="Seconds in which a new revision must make progress before the rollout rolls back on its own. "
        "A start may take as long before the kubelet ends it, or longer where the weights need it; replicas that "
        "served keep the time they began with. Default 1800.",
    )
    min_ready_seconds: Annotated[int, Field(ge=0, le=3600)] = Field(
        default=0, description="Seconds a replica must stay ready before it counts. Default 0."
    )
    paused: bool = Field(
        default=False,
        description="Pauses the rollout, and a canary, at its current step; scaling goes on, and a gate that fails "
        "still rolls back. Default false.",
    )
    canary: Canary | None = Field(
        default=None, description="Steps and gates of strategy Canary. Default: those of canary: {}."
    )


class Repair(ApiModel):
    """What Fairlead repairs of replicas that served."""

    hung_replicas: HungReplicaAction = Field(
        default=HungReplicaAction.REPLACE,
        description="What happens to a replica whose probes pass and that has given no token for 2 minutes, by all "
        "routers. Replace: its pod is deleted: one at a time, at most 3 an hour, and none while several hang and are "
        "more than half. Keep: it stays, without requests. Default Replace.",
    )


class ObjectRef(ApiModel):
    """Another object of Fairlead in the same namespace."""

    name: ObjectName = Field(description="Name of the object, in the namespace of this one.")


class GatewayRef(ApiModel):
    """The gateway whose routers serve a deployment."""

    name: Handle = Field(description="Name of the InferenceGateway.")
    namespace: Handle | None = Field(
        default=None,
        description="Its namespace; the gateway must name this object's namespace in allowedNamespaces. Default: the "
        "namespace of this object.",
    )


class Scaling(ApiModel):
    """Bounds of the number of replicas that Fairlead chooses."""

    min_replicas: Annotated[int, Field(ge=0, le=MAX_REPLICAS)] = Field(
        default=1,
        description="Fewest replicas. Default 1. 0 needs a policy with idle.scaleToZero; requests are held while the "
        "first replica starts.",
    )
    max_replicas: Annotated[int, Field(ge=1, le=MAX_REPLICAS)] = Field(
        description="Most replicas (while rolling out, maxSurge more), which also caps what this model may cost."
    )
    policy: ObjectRef | None = Field(
        default=None,
        description="AutoscalingPolicy that decides between the bounds. Default: the built-in policy, which "
        "uses queue, KV cache and token demand.",
    )


class Router(RouterSpec):
    """A deployment's own router: an OpenAI-compatible address of one model."""

    tenants: Annotated[tuple[Tenant, ...], KeyedList("name", lambda one: one.name)] = Field(
        default=(), max_length=128, description="Who may send requests. Without tenants everyone may, without a key."
    )
    replicas: Annotated[int, Field(ge=1, le=64)] | None = Field(
        default=None,
        description="Number of router pods. Default 2 at first; if left out, the Deployment NAME-router keeps "
        "the number it is later scaled to, for instance by an HPA.",
    )


class Drain(ApiModel):
    """How a replica drains: routers drop it first, then running streams end by themselves."""

    timeout: DurationOrZero = Field(
        default="5m", description="How long running streams may go on before they are cut. Default 5m."
    )
    settle: DurationOrZero = Field(
        default="10s",
        description="How long a draining replica still accepts requests, until every router has noticed. "
        "Default 10s. Keep it below timeout.",
    )
