"""How the number of replicas is decided: objectives, signals, speed, schedules, budget. Seconds and plain numbers."""

from dataclasses import dataclass
from decimal import Decimal

from fairlead.fleet.desired_state import SecretKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Objectives:
    """What users are to feel; an absent one is not held."""

    ttft_p95_seconds: float | None = None
    tpot_p95_seconds: float | None = None
    queue_time_p95_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalTargets:
    """What is looked at; an absent one is not."""

    queue_per_replica: int | None = 2
    kv_target: float | None = 0.80
    token_headroom: float | None = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingPace:
    """How fast the number of replicas may change."""

    up_max_step: int = 4
    up_max_factor: float = 2.0
    down_after_seconds: float = 300.0
    """How long fewer must have been enough."""
    down_max_step: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdStart:
    """How long a new replica takes until it serves."""

    assume_seconds: float = 120.0
    learn: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleWindow:
    """Other bounds at certain times."""

    name: str
    cron: str
    time_zone: str
    duration_seconds: float
    min_replicas: int | None = None
    max_replicas: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrometheusAccess:
    """A Prometheus to ask."""

    url: str
    token: SecretKey | None = None
    ca: SecretKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmPool:
    """Replicas above what is needed, for those who cannot wait for a cold start."""

    ready: int = 0
    """Routed to like all others."""
    asleep: int = 0
    """Their weights are off the GPU; awake within seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingPolicy:
    """How the number of replicas is decided."""

    objectives: Objectives = Objectives()
    signals: SignalTargets = SignalTargets()
    pace: ScalingPace = ScalingPace()
    cold_start: ColdStart = ColdStart()
    zero_after_seconds: float | None = None
    """Absent: the last replica stays."""
    schedules: tuple[ScheduleWindow, ...] = ()
    max_cost_per_hour: Decimal | None = None
    prometheus: PrometheusAccess | None = None
    """Absent: engines and routers are asked themselves."""
    stale_after_seconds: float = 30.0
    warm_pool: WarmPool = WarmPool()
    switches_speculation: bool = False
    """Replicas go over to the revision without speculation while guessing costs more than it gives."""
    active: bool = True
    """Otherwise it decides and explains, and changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaBounds:
    """Between which numbers a policy decides for one deployment."""

    least: int
    most: int
    policy: str | None = None
