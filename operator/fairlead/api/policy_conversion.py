"""From an AutoscalingPolicy as written to the policy the autoscaler decides by."""

from decimal import Decimal

from fairlead.api import amounts
from fairlead.api.model import SecretKeyRef
from fairlead.api.policy import AutoscalingPolicySpec, MetricsSource, PolicyMode, Prometheus, Schedule, SwitchOff
from fairlead.api.policy import Behavior as BehaviorSpec
from fairlead.api.policy import Signals as SignalsSpec
from fairlead.fleet.desired_state import SecretKey
from fairlead.fleet.policies import (
    ColdStart,
    Objectives,
    PrometheusAccess,
    ScalingPace,
    ScalingPolicy,
    ScheduleWindow,
    SignalTargets,
    WarmPool,
)


def policy(spec: AutoscalingPolicySpec) -> ScalingPolicy:
    """Everything that one policy object specifies."""
    zero = spec.idle.scale_to_zero
    prometheus = spec.metrics.prometheus if spec.metrics.source is MetricsSource.PROMETHEUS else None
    return ScalingPolicy(
        objectives=Objectives(
            ttft_p95_seconds=amounts.maybe_seconds(spec.objectives.ttft_p95),
            tpot_p95_seconds=amounts.maybe_seconds(spec.objectives.tpot_p95),
            queue_time_p95_seconds=amounts.maybe_seconds(spec.objectives.queue_time_p95),
        ),
        signals=_signals(spec.signals),
        pace=_pace(spec.behavior),
        cold_start=ColdStart(assume_seconds=amounts.seconds(spec.cold_start.assume), learn=spec.cold_start.learn),
        zero_after_seconds=amounts.seconds(zero.after) if zero else None,
        schedules=tuple(_window(one) for one in spec.schedules),
        max_cost_per_hour=Decimal(spec.budget.max_cost_per_hour) if spec.budget else None,
        prometheus=_prometheus(prometheus) if prometheus else None,
        stale_after_seconds=amounts.seconds(spec.metrics.stale_after),
        warm_pool=WarmPool(ready=spec.warm_pool.ready, asleep=spec.warm_pool.asleep),
        switches_speculation=spec.speculation.switch_off is SwitchOff.WHEN_IT_COSTS,
        active=spec.mode is PolicyMode.ACTIVE,
    )


def _signals(spec: SignalsSpec) -> SignalTargets:
    """Naming one switches the others off; naming none leaves all of them on."""
    if spec == SignalsSpec():
        return SignalTargets()
    return SignalTargets(
        queue_per_replica=spec.queue_depth.target_per_replica if spec.queue_depth else None,
        kv_target=float(spec.kv_cache.target) if spec.kv_cache else None,
        token_headroom=float(spec.tokens.headroom) if spec.tokens else None,
    )


def _pace(spec: BehaviorSpec) -> ScalingPace:
    return ScalingPace(
        up_max_step=spec.scale_up.max_step,
        up_max_factor=float(spec.scale_up.max_factor),
        down_after_seconds=float(spec.scale_down.stabilization_window_seconds),
        down_max_step=spec.scale_down.max_step,
    )


def _window(one: Schedule) -> ScheduleWindow:
    return ScheduleWindow(
        name=one.name,
        cron=one.cron,
        time_zone=one.time_zone,
        duration_seconds=amounts.seconds(one.duration),
        min_replicas=one.min_replicas,
        max_replicas=one.max_replicas,
    )


def _prometheus(spec: Prometheus) -> PrometheusAccess:
    return PrometheusAccess(url=spec.url, token=_secret(spec.token_secret), ca=_secret(spec.ca_secret))


def _secret(ref: SecretKeyRef | None) -> SecretKey | None:
    return SecretKey(name=ref.name, key=ref.key) if ref else None
