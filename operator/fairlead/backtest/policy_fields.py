"""The fields of a policy that can be searched: the values to try, and how each is written into a policy."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from fairlead.fleet.policies import ScalingPolicy, SignalTargets

Spec = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyField:
    """One number of a policy."""

    name: str
    """As users write it, below `spec`."""
    values: tuple[float, ...]
    """Ascending; the policy's own value is tried among them."""
    value: Callable[[ScalingPolicy], float | None]
    """None: the policy does not use it, and it stays unset."""
    with_value: Callable[[ScalingPolicy, float], ScalingPolicy]

    def neighbours(self, policy: ScalingPolicy) -> tuple[float, ...]:
        """Return the next smaller and the next larger value."""
        own = self.value(policy)
        if own is None:
            return ()
        below, above = [one for one in self.values if one < own], [one for one in self.values if one > own]
        return (*below[-1:], *above[:1])


FIELDS: Final = (
    PolicyField(
        name="signals.tokens.headroom",
        values=(0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5),
        value=lambda one: one.signals.token_headroom,
        with_value=lambda one, value: replace(one, signals=replace(one.signals, token_headroom=value)),
    ),
    PolicyField(
        name="signals.queueDepth.targetPerReplica",
        values=(1, 2, 4, 8, 16),
        value=lambda one: one.signals.queue_per_replica,
        with_value=lambda one, value: replace(one, signals=replace(one.signals, queue_per_replica=int(value))),
    ),
    PolicyField(
        name="signals.kvCache.target",
        values=(0.6, 0.7, 0.8, 0.9, 0.95),
        value=lambda one: one.signals.kv_target,
        with_value=lambda one, value: replace(one, signals=replace(one.signals, kv_target=value)),
    ),
    PolicyField(
        name="behavior.scaleDown.stabilizationWindowSeconds",
        values=(60, 120, 300, 600, 1200, 2400),
        value=lambda one: one.pace.down_after_seconds,
        with_value=lambda one, value: replace(one, pace=replace(one.pace, down_after_seconds=value)),
    ),
    PolicyField(
        name="warmPool.ready",
        values=(0, 1, 2, 3),
        value=lambda one: one.warm_pool.ready,
        with_value=lambda one, value: replace(one, warm_pool=replace(one.warm_pool, ready=int(value))),
    ),
)


def patch(before: ScalingPolicy, after: ScalingPolicy) -> Spec:
    """Return what to merge into the spec. Signals are written whole, since naming one disables those not named."""
    found: Spec = {}
    if before.signals != after.signals:
        found["signals"] = _written(after.signals)
    if before.pace.down_after_seconds != after.pace.down_after_seconds:
        window = {"stabilizationWindowSeconds": int(after.pace.down_after_seconds)}
        found["behavior"] = {"scaleDown": window}
    if before.warm_pool.ready != after.warm_pool.ready:
        found["warmPool"] = {"ready": after.warm_pool.ready}
    return found


def _written(signals: SignalTargets) -> Spec:
    found: Spec = {}
    if signals.queue_per_replica is not None:
        found["queueDepth"] = {"targetPerReplica": signals.queue_per_replica}
    if signals.kv_target is not None:
        found["kvCache"] = {"target": f"{signals.kv_target:g}"}
    if signals.token_headroom is not None:
        found["tokens"] = {"headroom": f"{signals.token_headroom:g}"}
    return found
