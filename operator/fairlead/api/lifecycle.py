"""How replicas start, end and are counted: rollout, scaling, drain, and the own router of a deployment."""

from typing import Annotated

from pydantic import Field

from fairlead.api.api_model import ApiModel, KeyedList
from fairlead.api.router_spec import RouterSpec
from fairlead.api.string_formats import Duration, DurationOrZero, Handle, ObjectName
from fairlead.api.tenants import Tenant
from fairlead.fleet.desired_state import RolloutStrategy

MOST_REPLICAS = 1000
"""Above any known fleet of one model; a typing error should not request a million GPUs from a cloud."""


class CanaryStep(ApiModel):
    """One share of traffic for the new revision. Not in this release."""

    weight: Annotated[int, Field(ge=1, le=99)] = Field(
        description="Not available in this release: percent of requests that the new revision answers. Must grow from "
        "step to step."
    )
    hold: Duration = Field(
        default="10m", description="Not available in this release: how long this share is kept. Default 10m."
    )


class Canary(ApiModel):
    """A rollout that is watched before it goes on."""

    steps: tuple[CanaryStep, ...] = Field(
        min_length=1,
        max_length=16,
        description="Not available in this release: shares of traffic, in order; after the last the new revision takes "
        "all.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )


class Rollout(ApiModel):
    """How a change of the model, engine or GPUs reaches the replicas that serve."""

    strategy: RolloutStrategy = Field(
        default=RolloutStrategy.REPLACE,
        description="Replace: one replica is drained, then its GPUs start the new revision; needs no spare GPU. Surge: "
        "new replicas start first; needs spare GPUs. Canary: refused, not available in this release. Default "
        "Replace.",
    )
    max_surge: Annotated[int, Field(ge=0, le=MOST_REPLICAS)] | None = Field(
        default=None,
        description="Most replicas beyond the wanted number while rolling out; a number, no percent, since GPUs are "
        "counted. Default 1 with Surge; Replace has none.",
    )
    max_unavailable: Annotated[int, Field(ge=0, le=MOST_REPLICAS)] | None = Field(
        default=None,
        description="Most replicas that may be missing while rolling out; a number, no percent. Default 1 with "
        "Replace, 0 with Surge.",
    )
    progress_deadline_seconds: Annotated[int, Field(ge=60, le=86_400)] = Field(
        default=1800,
        description="Seconds a new revision has to make progress before the rollout goes back by itself. Default 1800, "
        "since large models load slowly.",
    )
    min_ready_seconds: Annotated[int, Field(ge=0, le=3600)] = Field(
        default=0, description="Seconds a replica must stay ready before it counts. Default 0."
    )
    paused: bool = Field(
        default=False, description="Stops the rollout where it stands; scaling goes on. Default false."
    )
    canary: Canary | None = Field(
        default=None, description="Not available in this release: steps of strategy Canary, which is refused."
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
    """Bounds between which Fairlead chooses the number of replicas."""

    min_replicas: Annotated[int, Field(ge=0, le=MOST_REPLICAS)] = Field(
        default=1,
        description="Fewest replicas. Default 1. 0 needs a policy with idle.scaleToZero; requests are held while the "
        "first replica starts.",
    )
    max_replicas: Annotated[int, Field(ge=1, le=MOST_REPLICAS)] = Field(
        description="Most replicas, and so the most this model may cost."
    )
    policy: ObjectRef | None = Field(
        default=None,
        description="AutoscalingPolicy that decides between the bounds. Default: the built-in policy, which looks at "
        "queue, KV cache and token demand.",
    )


class Router(RouterSpec):
    """The router that this deployment has for itself: an OpenAI-compatible address of one model."""

    tenants: Annotated[tuple[Tenant, ...], KeyedList("name", lambda one: one.name)] = Field(
        default=(), max_length=128, description="Who may send requests. Without tenants everyone may, without a key."
    )
    replicas: Annotated[int, Field(ge=1, le=64)] | None = Field(
        default=None,
        description="Number of router pods. Default 2 at first; left out, the Deployment NAME-router keeps the number "
        "that it is scaled to later, for instance by an HPA.",
    )


class Drain(ApiModel):
    """How a replica drains: routers drop it first, running streams end by themselves."""

    timeout: DurationOrZero = Field(
        default="5m", description="How long running streams may go on before they are cut. Default 5m."
    )
    settle: DurationOrZero = Field(
        default="10s",
        description="How long a leaving replica still takes requests, until every router has seen that it leaves. "
        "Default 10s. Keep it below timeout.",
    )
