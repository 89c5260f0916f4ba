"""The signals computed from pod samples alone: queue depth and KV cache usage. `SIGNALS` lists them.

Queue depth: `ceil(waiting / target)`, over routers and engines together. KV cache usage works like a pod metric of
HorizontalPodAutoscaler: `ceil(sum of usage / target)` over the pods that report, with no change within a tenth of the
target. Starting pods count as empty when the fleet would grow and as exactly at the target when it would shrink, so
that neither a start nor its first samples change the count. What a rollout runs beyond the count is no reason to raise
it. A hung replica is none to lower it, nor is it replaced by one more: the next may hang too, without end.
"""

from collections.abc import Callable
from math import ceil, fsum
from typing import Final

from fairlead.fleet.plurals import count, formatted, verb
from fairlead.fleet.policies import ScalingPolicy, ScalingSignal
from fairlead.scaling.decide.pod_inventory import PodInventory
from fairlead.scaling.decide.recommendation import DecisionFigure, SignalNeed

TOLERANCE: Final = 0.1
"""The default of kube-controller-manager's --horizontal-pod-autoscaler-tolerance."""


def needs(inventory: PodInventory, policy: ScalingPolicy) -> list[SignalNeed]:
    """Return the need by each signal that the policy uses."""
    return [need for signal in SIGNALS if (need := signal(inventory, policy)) is not None]


def waiting(inventory: PodInventory) -> float:
    """Return the requests that no engine runs yet, without the batch lane; pods without a sample count as the mean."""
    return in_routers(inventory) + in_engines(inventory)


def in_routers(inventory: PodInventory) -> float:
    """Return requests in routers, without the batch lane, which uses idle capacity and never grows a fleet."""
    counted = fsum(figures.waiting for _, figures in inventory.routers)
    return counted * _for_all(len(inventory.routers), len(inventory.silent))


def in_engines(inventory: PodInventory) -> float:
    """Return requests in ready engines; more replicas do not help requests that a hung one holds."""
    counted = [figures.waiting for _, figures in inventory.measured if figures.waiting is not None]
    return fsum(counted) * _for_all(len(counted), len(inventory.ready) - len(counted))


def _for_all(reporting: int, silent: int) -> float:
    return (reporting + silent) / reporting if reporting else 1.0


def queue_depth(inventory: PodInventory, policy: ScalingPolicy) -> SignalNeed | None:
    """Return the need by waiting requests."""
    target = policy.signals.queue_per_replica
    if target is None:
        return None
    if not inventory.routers and not any(figures.waiting is not None for _, figures in inventory.measured):
        return SignalNeed(
            signal=ScalingSignal.QUEUE_DEPTH, replicas=None, because="no router or engine reports its queue"
        )
    routers, engines = in_routers(inventory), in_engines(inventory)
    replicas = ceil((routers + engines) / target)
    return SignalNeed(
        signal=ScalingSignal.QUEUE_DEPTH,
        replicas=replicas,
        because=f"{count(routers, 'request')} {verb(routers, 'waits')} in routers and {formatted(engines)} in engines, "
        f"{target} per replica {verb(target, 'is')} acceptable",
        figures=(
            DecisionFigure(name="queue.routers", value=routers, unit="requests"),
            DecisionFigure(name="queue.engines", value=engines, unit="requests"),
        ),
    )


def usage(inventory: PodInventory) -> float | None:
    """Return the mean over the ready replicas that report it."""
    shares = [figures.kv_usage for _, figures in inventory.measured if figures.kv_usage is not None]
    return fsum(shares) / len(shares) if shares else None


def kv_cache(inventory: PodInventory, policy: ScalingPolicy) -> SignalNeed | None:
    """Return the need by KV cache usage; a ready replica without a sample counts as the mean. Spares are added by a
    later limit, so a result that keeps the count subtracts them."""
    target, mean = policy.signals.kv_target, usage(inventory)
    if not target:
        return None
    if mean is None:
        return SignalNeed(
            signal=ScalingSignal.KV_CACHE, replicas=None, because="no ready replica reports its KV cache use"
        )
    over = count(len(inventory.ready), "replica")
    replicas = _replicas(mean / target, inventory, policy.warm_pool.ready)
    return SignalNeed(
        signal=ScalingSignal.KV_CACHE,
        replicas=replicas,
        because=f"KV caches are {mean:.0%} full on average over {over}, the target is {target:.0%}",
        figures=(DecisionFigure(name="kv.usage", value=mean),),
    )


def _replicas(ratio: float, inventory: PodInventory, spares: int) -> int:
    """Return the need; starting pods may damp the change that ready ones call for, but never reverse it."""
    ready, coming, hung = len(inventory.ready), len(inventory.coming), len(inventory.hung)
    count = ready + coming
    as_it_is = max(inventory.counted - spares, 0)
    if abs(ratio - 1) <= TOLERANCE:
        return as_it_is
    whole = ready * ratio if ratio > 1 else ready * ratio + coming
    again = whole / count
    turned = (again - 1) * (ratio - 1) < 0
    if turned or abs(again - 1) <= TOLERANCE:
        return as_it_is
    return max(ceil(whole), as_it_is) if ratio > 1 else min(ceil(whole) + hung, as_it_is)


SIGNALS: Final[tuple[Callable[[PodInventory, ScalingPolicy], SignalNeed | None], ...]] = (queue_depth, kv_cache)
"""In the order of explanations."""
