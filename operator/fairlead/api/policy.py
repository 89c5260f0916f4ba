"""The AutoscalingPolicy resource: objectives, signals, pace, and budget."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from fairlead.api.api_model import ApiModel, KeyedList
from fairlead.api.lifecycle import MAX_REPLICAS
from fairlead.api.model import SecretKeyRef
from fairlead.api.string_formats import Cron, Duration, Factor, Handle, Money, Share, TimeZone, Url


class Objectives(ApiModel):
    """The latency objectives, as percentiles over all requests of the interactive lane."""

    ttft_p95: Duration | None = Field(
        default=None,
        alias="ttftP95",
        description="Time to first token that 95 percent of requests stay below, queue included, for instance 1s.",
    )
    tpot_p95: Duration | None = Field(
        default=None,
        alias="tpotP95",
        description="Time per output token that 95 percent of requests stay below, for instance 60ms.",
    )
    queue_time_p95: Duration | None = Field(
        default=None,
        alias="queueTimeP95",
        description="Time in the queue of routers and engines, for instance 2s. Where requests wait longer, replicas "
        "are added. Default 3s, or ttftP95 where that is longer, as long as signals.tokens is in use.",
    )


class QueueDepth(ApiModel):
    """Queue depth, over routers and engines."""

    target_per_replica: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=2, description="Waiting requests per replica that are still acceptable. Default 2."
    )


class KvCache(ApiModel):
    """KV cache usage."""

    target: Share = Field(
        default="0.80",
        description='Target share in use. Default "0.80". On its own a poor signal: prefix caching keeps it high.',
    )


class TokenDemand(ApiModel):
    """Token demand, against the replicas' measured supply."""

    headroom: Share = Field(
        default="0.15",
        description='Share of the supply that is kept free, for bursts shorter than a cold start. Default "0.15".',
    )


class Signals(ApiModel):
    """The signals in use. Setting one switches the others off; setting none uses all three with their defaults."""

    queue_depth: QueueDepth | None = Field(default=None, description="Requests that wait, in routers and engines.")
    kv_cache: KvCache | None = Field(default=None, description="How full the KV cache is.")
    tokens: TokenDemand | None = Field(
        default=None, description="Requested tokens against measured supply; detects a burst one cold start earlier."
    )


class ScaleUp(ApiModel):
    """How fast the fleet may grow."""

    max_step: Annotated[int, Field(ge=1, le=MAX_REPLICAS)] = Field(
        default=4,
        description="Most replicas added within a tenth of a cold start, where maxFactor does not allow more. Default "
        "4.",
    )
    max_factor: Factor = Field(
        default="2",
        description="Most growth within a tenth of a cold start as a factor of the replicas, where maxStep does not "
        'allow more. Default "2".',
    )


class ScaleDown(ApiModel):
    """How fast the fleet may shrink."""

    stabilization_window_seconds: Annotated[int, Field(ge=0, le=86_400)] = Field(
        default=300,
        description="Seconds during which fewer replicas must have been enough before one is removed; named as in the "
        "HorizontalPodAutoscaler. Doubled for a while after a removal that had to be undone. Default 300. Should "
        "exceed a cold start.",
    )
    max_step: Annotated[int, Field(ge=1, le=MAX_REPLICAS)] = Field(
        default=1,
        description="Most replicas removed within a twentieth of the stabilization window. Default 1.",
    )


class Behavior(ApiModel):
    """How fast the number of replicas may change."""

    scale_up: ScaleUp = Field(default=ScaleUp(), description="How fast the fleet may grow.")
    scale_down: ScaleDown = Field(default=ScaleDown(), description="How fast the fleet may shrink.")


class ColdStart(ApiModel):
    """How long a new replica takes to become ready."""

    assume: Duration = Field(default="2m", description="Used until starts have been measured. Default 2m.")
    learn: bool = Field(
        default=True, description="Whether measured starts of the same revision replace the assumption. Default true."
    )


class ScaleToZero(ApiModel):
    """No replicas while no requests arrive."""

    after: Duration = Field(
        description="Time without a request after which the last replica is removed, for instance 15m."
    )


class Idle(ApiModel):
    """What happens while no requests arrive."""

    scale_to_zero: ScaleToZero | None = Field(
        default=None,
        description="Removes the last replica; requests are held while the first one starts. Needs minReplicas 0.",
    )


class Schedule(ApiModel):
    """Other bounds at given times."""

    name: Handle = Field(description="Name of this entry, shown in decisions; unique in this policy.")
    cron: Cron = Field(description="When it begins: minute hour day month weekday, for instance 0 8 * * 1-5.")
    time_zone: TimeZone = Field(default="UTC", description="IANA time zone of cron. Default UTC.")
    duration: Duration = Field(description="How long it lasts from each beginning, for instance 2h.")
    min_replicas: Annotated[int, Field(ge=0, le=MAX_REPLICAS)] | None = Field(
        default=None,
        description="Fewest replicas meanwhile, from one cold start before it begins; between the deployment's own "
        "minReplicas and maxReplicas.",
    )
    max_replicas: Annotated[int, Field(ge=0, le=MAX_REPLICAS)] | None = Field(
        default=None,
        description="Most replicas meanwhile; between the deployment's own minReplicas and maxReplicas.",
    )


class Budget(ApiModel):
    """The cost limit of a deployment, by the catalogue's prices."""

    max_cost_per_hour: Money = Field(
        description='Most a deployment may cost an hour, in the catalogue\'s currency, for instance "40". Replicas '
        "that would cost more are not started, and the decision says so."
    )


class WarmPool(ApiModel):
    """Replicas above the need, for requests that cannot wait for a cold start."""

    ready: Annotated[int, Field(ge=0, le=MAX_REPLICAS)] = Field(
        default=0, description="Replicas that serve like all others, above what is needed. Default 0."
    )
    asleep: Annotated[int, Field(ge=0, le=MAX_REPLICAS)] = Field(
        default=0,
        description="Replicas that sleep beside those that serve, their weights in main memory: awake within seconds. "
        "Each keeps its pod and its GPU, and counts towards maxReplicas, so this saves money only where pods share "
        "GPUs. Needs spec.engine.sleep.enabled in the deployments; those without it keep none. Default 0.",
    )


class SwitchOff(StrEnum):
    """When replicas switch to the revision without speculative decoding."""

    NEVER = "Never"
    WHEN_IT_COSTS = "WhenItCosts"


class AdaptiveSpeculation(ApiModel):
    """What happens to spec.engine.speculation while it costs more than it gains."""

    switch_off: SwitchOff = Field(
        default=SwitchOff.NEVER,
        description="WhenItCosts: while measured acceptance and load show that speculative decoding costs more "
        "than it gains, the deployment is rolled over to a revision without it, and back later; both are rollouts, and "
        "rare. Never: it is only reported. Default Never.",
    )


class MetricsSource(StrEnum):
    """Where the autoscaler gets its metrics."""

    DIRECT = "Direct"
    PROMETHEUS = "Prometheus"


class Prometheus(ApiModel):
    """A Prometheus, or anything that answers its queries."""

    url: Url = Field(
        description="Address, for instance http://prometheus.monitoring:9090. Its series need the labels namespace and "
        "pod of the scraped pods, as a PodMonitor sets them."
    )
    token_secret: SecretKeyRef | None = Field(default=None, description="Secret with a bearer token.")
    ca_secret: SecretKeyRef | None = Field(default=None, description="Secret with the certificate authority, in PEM.")


class Metrics(ApiModel):
    """The source of the autoscaler's metrics."""

    source: MetricsSource = Field(
        default=MetricsSource.DIRECT,
        description="Direct: engines and routers are scraped every second. Prometheus: an existing "
        "one is queried, with its scrape interval as delay. Default Direct.",
    )
    prometheus: Prometheus | None = Field(default=None, description="Needed with source Prometheus, refused otherwise.")
    stale_after: Duration = Field(
        default="30s",
        description="Age beyond which a figure counts as missing; missing figures never shrink the fleet. With source "
        "Prometheus write at least 10s more than its scrape interval. Default 30s.",
    )


class PolicyMode(StrEnum):
    """Whether a policy acts."""

    ACTIVE = "Active"
    RECOMMEND = "Recommend"


class AutoscalingPolicySpec(ApiModel):
    """How the number of replicas is decided; many deployments may share one policy."""

    mode: PolicyMode = Field(
        default=PolicyMode.ACTIVE,
        description="Active changes replicas. Recommend decides and explains, and changes nothing. Default Active.",
    )
    objectives: Objectives = Field(
        default=Objectives(),
        description="Latency that users should get. Optional; without objectives the signals decide.",
    )
    signals: Signals = Field(
        default=Signals(), description="What decides the number of replicas. Default: all signals, with their defaults."
    )
    behavior: Behavior = Field(default=Behavior(), description="How fast the number of replicas may change.")
    cold_start: ColdStart = Field(default=ColdStart(), description="How long a new replica takes until it serves.")
    idle: Idle = Field(default=Idle(), description="What happens while there are no requests.")
    schedules: Annotated[tuple[Schedule, ...], KeyedList("name", lambda one: one.name)] = Field(
        default=(),
        max_length=32,
        description="Other bounds at certain times; where two overlap, the higher minimum and the higher maximum "
        "count; a maximum wins over a minimum above it.",
    )
    budget: Budget | None = Field(default=None, description="What a deployment may cost. Default: no limit.")
    warm_pool: WarmPool = Field(default=WarmPool(), description="Replicas above what is needed. Default: none.")
    speculation: AdaptiveSpeculation = Field(
        default=AdaptiveSpeculation(),
        description="What happens to speculative decoding while it costs more than it gains.",
    )
    metrics: Metrics = Field(default=Metrics(), description="Where figures come from. Default: scraped directly.")
