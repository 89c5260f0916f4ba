"""Conversion of an AutoscalingPolicy into the policy that the autoscaler uses."""

from decimal import Decimal

from fairlead.api import amounts
from fairlead.api.policy import AutoscalingPolicySpec, Behavior, MetricsSource, PolicyMode, Signals, SwitchOff
from fairlead.api.value_mapping import value
from fairlead.fleet.desired_state import SecretKey
from fairlead.fleet.policies import PrometheusAccess, ScalingPace, ScalingPolicy, SignalTargets


def policy(spec: AutoscalingPolicySpec) -> ScalingPolicy:
    """Convert a whole AutoscalingPolicy."""
    zero = spec.idle.scale_to_zero
    return value(
        spec,
        ScalingPolicy,
        signals=_signals(spec.signals),
        pace=_pace(spec.behavior),
        zero_after_seconds=amounts.seconds(zero.after) if zero else None,
        max_cost_per_hour=Decimal(spec.budget.max_cost_per_hour) if spec.budget else None,
        prometheus=_prometheus(spec),
        stale_after_seconds=amounts.seconds(spec.metrics.stale_after),
        switches_speculation=spec.speculation.switch_off is SwitchOff.WHEN_IT_COSTS,
        active=spec.mode is PolicyMode.ACTIVE,
    )


def _signals(spec: Signals) -> SignalTargets:
    """Convert the signals: setting one switches the others off; setting none leaves all of them on."""
    if spec == Signals():
        return SignalTargets()
    return value(
        spec,
        SignalTargets,
        queue_per_replica=spec.queue_depth.target_per_replica if spec.queue_depth else None,
        kv_target=float(spec.kv_cache.target) if spec.kv_cache else None,
        token_headroom=float(spec.tokens.headroom) if spec.tokens else None,
    )


def _pace(spec: Behavior) -> ScalingPace:
    return ScalingPace(
        up_max_step=spec.scale_up.max_step,
        up_max_factor=float(spec.scale_up.max_factor),
        down_after_seconds=float(spec.scale_down.stabilization_window_seconds),
        down_max_step=spec.scale_down.max_step,
    )


def _prometheus(spec: AutoscalingPolicySpec) -> PrometheusAccess | None:
    """None unless Prometheus is the source; admission refuses the field otherwise."""
    found = spec.metrics.prometheus if spec.metrics.source is MetricsSource.PROMETHEUS else None
    if found is None:
        return None
    token, ca = found.token_secret, found.ca_secret
    return PrometheusAccess(
        url=found.url, token=value(token, SecretKey) if token else None, ca=value(ca, SecretKey) if ca else None
    )
