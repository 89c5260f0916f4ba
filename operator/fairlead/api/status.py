"""The status of our objects. The controller and the autoscaler write it as plain objects, each its own fields.

These models define the schema; times are RFC 3339 strings and decimals are strings, as in Kubernetes. Conditions have
the standard Kubernetes form, so that `kubectl wait` and kstatus can read them.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from fairlead.api.api_model import ApiModel, KeyedList
from fairlead.api.policy import PolicyMode
from fairlead.api.replica_status import HungReplicasStatus, PrePullStatus
from fairlead.api.rollout_status import CanaryStatus
from fairlead.api.status_values import ATOMIC, DecimalText, Figure, Sentence, ShortText, Timestamp
from fairlead.api.tenants import BudgetPeriod


class ConditionStatus(StrEnum):
    """Whether a condition holds."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Condition(ApiModel):
    """One condition of the object: true, false or unknown."""

    type: str = Field(description="Type of the condition, in CamelCase.", max_length=316)
    status: ConditionStatus = Field(description="True, False or Unknown.")
    observed_generation: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="Generation of the spec that the condition is about."
    )
    last_transition_time: str = Field(
        description="When status last changed.", json_schema_extra={"format": "date-time"}
    )
    reason: str = Field(
        description="Why, as one word of a closed and documented list.",
        min_length=1,
        max_length=1024,
        pattern=r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
    )
    message: str = Field(description="The field, its value, the rule, and what to do.", max_length=32_768)


Conditions = Annotated[tuple[Condition, ...], Field(max_length=32), KeyedList("type", lambda one: one.type)]


class ObjectStatus(ApiModel):
    """What every one of our objects reports."""

    observed_generation: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="Generation of the spec that this status describes."
    )
    conditions: Conditions = Field(
        default=(),
        description="Current conditions. Ready sums them up; Stalled is True when only a person can resolve the "
        "problem.",
    )


class EstimateStatus(ApiModel):
    """An estimate, or the measured figure in its place."""

    low: Figure = Field(default=None, description="Lower end of the estimate.")
    likely: Figure = Field(default=None, description="The estimate.")
    high: Figure = Field(default=None, description="Upper end of the estimate.")
    measured: Figure = Field(default=None, description="What a running replica reported; replaces the estimate.")


class FitStatus(ApiModel):
    """Estimated or measured capacity of a replica."""

    kv_tokens: EstimateStatus | None = Field(default=None, description="Tokens that the KV cache of a replica holds.")
    concurrency: EstimateStatus | None = Field(
        default=None, description="Requests of the longest allowed context that fit in a replica at once."
    )


class ColdStartStatus(ApiModel):
    """Measured cold starts, from the start of an engine's container to ready; what precedes is reported apart."""

    last: DecimalText = Field(default=None, description="The last one, in seconds.")
    p95: DecimalText = Field(
        default=None,
        description="95 percent of the pods that exist were faster, in seconds; of fewer than 20, the slowest.",
    )
    node_wait: DecimalText = Field(
        default=None, description="How long the last one's pod waited for a node, in seconds."
    )
    image_pull: DecimalText = Field(
        default=None,
        description="How long it then took, on its node, for image, volumes and init containers, in seconds.",
    )


class RevisionStatus(ApiModel):
    """One revision of the engine pods."""

    name: ShortText = Field(description="Name of its Deployment.")
    hash: ShortText = Field(description="Hash of all that changes an engine pod.")
    replicas: Figure = Field(default=None, description="Number of pods.")
    ready: Figure = Field(default=None, description="Pods that are ready.")
    routable: Figure = Field(default=None, description="Pods that routers send requests to.")
    weight: Annotated[int | None, Field(ge=0, le=100)] = Field(
        default=None,
        description="Percent of the conversations that it gets; unset while revisions share them by their replicas.",
    )
    started_at: Timestamp = Field(default=None, description="When its Deployment was created.")
    cold_start: ColdStartStatus | None = Field(default=None, description="Measured starts.")


class Decision(ApiModel):
    """One decision about the number of replicas."""

    at: Timestamp = Field(default=None, description="When it was taken.")
    before: Figure = Field(default=None, description="Replicas desired before.")
    after: Figure = Field(default=None, description="Replicas desired from then on.")
    reason: ShortText = Field(description="Why, as one word.")
    message: Sentence = Field(default=None, description="Why, in a sentence with its figures.")
    mode: PolicyMode | None = Field(default=None, description="Recommend if it was advice that nothing followed.")


class SwitchState(StrEnum):
    """Whether something is in use."""

    ON = "On"
    OFF = "Off"


class ScalingStatus(ApiModel):
    """What the autoscaler recommends, and why. Written by the autoscaler only."""

    mode: PolicyMode | None = Field(default=None, description="Active, or Recommend: then nothing here is acted on.")
    recommended: Figure = Field(default=None, description="Replicas that are recommended now and acted on.")
    advised: Figure = Field(
        default=None, description="With mode Recommend, instead of recommended: what would be acted on."
    )
    asleep: Figure = Field(default=None, description="Replicas to keep asleep, besides the recommended ones.")
    speculation: SwitchState | None = Field(
        default=None,
        description="Off while speculative decoding costs more than it gains; absent where it is not configured.",
    )
    over_budget: bool | None = Field(
        default=None,
        description="True while no policy acts and the budget limited the last decision of one that did: the count "
        "stays, even below minReplicas.",
    )
    reason: ShortText | None = Field(default=None, description="Why, as one word.")
    message: Sentence = Field(default=None, description="Why, in a sentence with its figures.")
    at: Timestamp = Field(default=None, description="When it was last reported.")
    decisions: tuple[Decision, ...] = Field(
        default=(), max_length=10, description="The last decisions, newest first.", json_schema_extra=ATOMIC
    )


class Cost(ApiModel):
    """Cost, by your prices or the catalogue's."""

    per_hour: DecimalText = Field(
        default=None, description="All replicas for an hour, in the currency of the prices; the catalogue's are in USD."
    )
    per_thousand_tokens: DecimalText = Field(
        default=None,
        description="1,000 tokens of prompts and answers in the last full hour (UTC), idle time included, "
        "as measured by its routers. Absent if there were none.",
    )


class TenantStatus(ApiModel):
    """One tenant's usage over all routers, beside its limits."""

    name: ShortText = Field(description="Name of the tenant.")
    running: Figure = Field(default=None, description="Requests that run now.")
    waiting: Figure = Field(default=None, description="Requests that wait now.")
    max_concurrency: Figure = Field(default=None, description="Most requests that may run at once.")
    requests: Figure = Field(default=None, description="Requests in the last minute.")
    requests_per_minute: Figure = Field(default=None, description="Most requests a minute.")
    tokens: Figure = Field(default=None, description="Prompt and output tokens in the last minute.")
    tokens_per_minute: Figure = Field(default=None, description="Most tokens a minute.")
    spent: DecimalText = Field(
        default=None,
        description="Spent from the budget in the current period, including what is reserved for running requests.",
    )
    budget: DecimalText = Field(default=None, description="Most that may be spent in a period.")
    budget_period: BudgetPeriod | None = Field(default=None, description="The period, in UTC.")


class InferenceDeploymentStatus(ObjectStatus):
    """Observed state of the object."""

    replicas: Figure = Field(default=None, description="Engine pods of all revisions that are not ending.")
    desired_replicas: Figure = Field(default=None, description="Replicas desired, by spec.replicas or the autoscaler.")
    ready_replicas: Figure = Field(default=None, description="Engine pods that are ready and awake.")
    routable_replicas: Figure = Field(default=None, description="Engine pods that routers send requests to.")
    asleep_replicas: Figure = Field(default=None, description="Engine pods that sleep, or are being put to sleep.")
    selector: str | None = Field(
        default=None,
        max_length=1024,
        description="Selects the engine pods of all revisions, for the scale subresource.",
    )
    endpoint: str | None = Field(default=None, max_length=512, description="Address for clients, ending in /v1.")
    fit: FitStatus | None = Field(default=None, description="What a replica holds.")
    revisions: Annotated[tuple[RevisionStatus, ...], KeyedList("hash", lambda one: one.hash)] = Field(
        default=(), max_length=16, description="Versions of the engine pod that exist now, newest first."
    )
    scaling: ScalingStatus | None = Field(default=None, description="What the autoscaler recommends, and why.")
    cost: Cost | None = Field(default=None, description="What it costs.")
    tenants: Annotated[tuple[TenantStatus, ...], KeyedList("name", lambda one: one.name)] = Field(
        default=(), max_length=256, description="What tenants of its own router use; updated at most once a minute."
    )
    canary: CanaryStatus | None = Field(
        default=None, description="The canary of the revision that the spec asks for, where strategy Canary tries it."
    )
    hung_replicas: HungReplicasStatus | None = Field(
        default=None, description="Replicas that hang: those that were replaced, and why one is not."
    )
    pre_pull: PrePullStatus | None = Field(
        default=None, description="Where images are pulled in advance, with spec.prePull."
    )


class Effect(ApiModel):
    """One change that a policy caused."""

    deployment: ShortText = Field(description="Name of the deployment.")
    at: Timestamp = Field(default=None, description="When.")
    before: Figure = Field(default=None, description="Replicas desired before.")
    after: Figure = Field(default=None, description="Replicas desired from then on.")
    reason: ShortText = Field(description="Why, as one word.")
    mode: PolicyMode | None = Field(default=None, description="Recommend if it was advice that nothing followed.")


class AutoscalingPolicyStatus(ObjectStatus):
    """Observed state of the policy."""

    deployments: Figure = Field(default=None, description="Deployments that name this policy.")
    users: tuple[ShortText, ...] = Field(
        default=(), max_length=64, description="Their names, the first ones by name.", json_schema_extra=ATOMIC
    )
    effects: tuple[Effect, ...] = Field(
        default=(),
        max_length=10,
        description="Its last effects, newest first. Written by the autoscaler only.",
        json_schema_extra=ATOMIC,
    )


class TargetStatus(ApiModel):
    """One deployment, or another API, that serves a model."""

    name: ShortText = Field(description="namespace/name of the deployment, or external/NAME.")
    ready: Figure = Field(default=None, description="Replicas that are ready.")
    routable: Figure = Field(default=None, description="Replicas that the gateway's routers send requests to.")


class RouteStatus(ApiModel):
    """One model as clients name it."""

    name: ShortText = Field(description="Name of the model.")
    ready: bool = Field(description="Whether a replica, or another API, can answer.")
    message: Sentence = Field(default=None, description="Why none can answer.")
    targets: tuple[TargetStatus, ...] = Field(
        default=(), max_length=32, description="What may answer, fallbacks last.", json_schema_extra=ATOMIC
    )


class InferenceGatewayStatus(ObjectStatus):
    """Observed state of the object."""

    replicas: Figure = Field(default=None, description="Router pods that are not ending.")
    ready_replicas: Figure = Field(default=None, description="Router pods that are ready.")
    selector: str | None = Field(
        default=None, max_length=1024, description="Selects the router pods, for the scale subresource."
    )
    endpoint: str | None = Field(default=None, max_length=512, description="Address for clients, ending in /v1.")
    deployments: Figure = Field(default=None, description="Deployments that joined.")
    models: Annotated[tuple[RouteStatus, ...], KeyedList("name", lambda one: one.name)] = Field(
        default=(), max_length=256, description="Models that are served, the first ones by name."
    )
    tenants: Annotated[tuple[TenantStatus, ...], KeyedList("name", lambda one: one.name)] = Field(
        default=(), max_length=256, description="What tenants use; updated at most once a minute."
    )
