"""The values of a scaling policy: objectives, signals, pace, schedules, budget; and the reasons of its decisions.

Durations are seconds.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from fairlead.fleet.desired_state import SecretKey


class ScalingSignal(StrEnum):
    """A signal, by its name in a policy."""

    QUEUE_DEPTH = "queueDepth"
    KV_CACHE = "kvCache"
    TOKENS = "tokens"
    QUEUE_TIME = "queueTime"
    """Used wherever `objectives.queueTimeP95` is set, and with a limit of a few seconds wherever `tokens` is."""


class ScalingReason(StrEnum):
    """Reason of a recommendation; `status.scaling.reason`."""

    QUEUE_DEPTH = "QueueDepth"
    KV_CACHE = "KvCache"
    QUEUE_TIME = "QueueTime"
    TOKEN_DEMAND = "TokenDemand"
    STEADY = "Steady"
    """The count is right as it is."""
    IDLE = "Idle"
    WAKING = "Waking"
    """Starting from zero, since requests wait."""
    AT_MINIMUM = "AtMinimum"
    AT_MAXIMUM = "AtMaximum"
    SCHEDULED = "Scheduled"
    OVER_BUDGET = "OverBudget"
    NO_ROOM = "NoRoom"
    STEP_LIMITED = "StepLimited"
    STABILIZING = "Stabilizing"
    FIGURES_MISSING = "FiguresMissing"
    """The count is held: the message says whose figures are missing, and why."""
    SPARES = "Spares"
    NO_POLICY = "NoPolicy"
    """The count is held: the named policy does not exist, or cannot be read, and nothing was decided."""
    INTERNAL_ERROR = "InternalError"
    """The count is held: Fairlead fails at each decision on this deployment, and nothing was decided."""


UNDECIDED: Final = frozenset({ScalingReason.NO_POLICY, ScalingReason.INTERNAL_ERROR})
"""Reasons of a count that is held because nothing could be decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objectives:
    """Latencies that users should see; an objective of None is not pursued."""

    ttft_p95_seconds: float | None = None
    tpot_p95_seconds: float | None = None
    queue_time_p95_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalTargets:
    """Targets of the signals; a signal without a target is off."""

    queue_per_replica: int | None = 2
    kv_target: float | None = 0.80
    token_headroom: float | None = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingPace:
    """How fast the number of replicas may change."""

    up_max_step: int = 4
    up_max_factor: float = 2.0
    down_after_seconds: float = 300.0
    """How long fewer replicas must have been enough before a fleet shrinks."""
    down_max_step: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdStart:
    """From the start of an engine's container to its first readiness."""

    assume_seconds: float = 120.0
    learn: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleWindow:
    """Other bounds at scheduled times."""

    name: str
    cron: str
    time_zone: str
    duration_seconds: float
    min_replicas: int | None = None
    max_replicas: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrometheusAccess:
    """A Prometheus to read samples from."""

    url: str
    token: SecretKey | None = None
    ca: SecretKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmPool:
    """Replicas beyond the need, for requests that cannot wait for a cold start."""

    ready: int = 0
    """Ready replicas beyond the need; routers send them requests like any others."""
    asleep: int = 0
    """Sleeping replicas: their weights are off the GPU, and they wake within seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingPolicy:
    """How the number of replicas is decided."""

    objectives: Objectives = Objectives()
    signals: SignalTargets = SignalTargets()
    pace: ScalingPace = ScalingPace()
    cold_start: ColdStart = ColdStart()
    zero_after_seconds: float | None = None
    """None: the last replica stays."""
    schedules: tuple[ScheduleWindow, ...] = ()
    max_cost_per_hour: Decimal | None = None
    prometheus: PrometheusAccess | None = None
    """None: engines and routers are scraped directly."""
    stale_after_seconds: float = 30.0
    warm_pool: WarmPool = WarmPool()
    switches_speculation: bool = False
    """Replicas change to the revision without speculation while speculation costs more than it gives."""
    active: bool = True
    """False: it decides and explains, but changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaBounds:
    """The least and the most replicas that the autoscaler may set for one deployment."""

    least: int
    most: int
    policy: str | None = None
