"""The need by KV cache usage, computed as HorizontalPodAutoscaler computes it from a pod metric.

`ceil(sum of usage / target)` over the pods that report; nothing changes within a tenth of the target. Starting pods
count as empty when the fleet would grow and as exactly at the target when it would shrink, so that neither a start nor
its first samples change the count.
"""

from math import ceil, fsum
from typing import Final

from fairlead.fleet.plurals import count
from fairlead.scaling.decide.pod_inventory import PodInventory
from fairlead.scaling.decide.recommendation import DecisionFigure, ScalingSignal, SignalNeed

TOLERANCE: Final = 0.1
"""The default of kube-controller-manager's --horizontal-pod-autoscaler-tolerance."""


def usage(roster: PodInventory) -> float | None:
    """Mean over the ready replicas that report it."""
    told = [figures.kv_usage for _, figures in roster.known if figures.kv_usage is not None]
    return fsum(told) / len(told) if told else None


def candidate(roster: PodInventory, target: float, spares: int = 0) -> SignalNeed:
    """The need by this signal alone; a ready replica without a sample counts as full as the mean. It is without spares,
    which a limit adds later, so a result that keeps the count subtracts them."""
    mean = usage(roster)
    if mean is None:
        return SignalNeed(
            signal=ScalingSignal.KV_CACHE, replicas=None, because="no ready replica reports its KV cache use"
        )
    over = count(len(roster.ready), "replica")
    replicas = _replicas(mean / target, len(roster.ready), len(roster.coming), spares)
    return SignalNeed(
        signal=ScalingSignal.KV_CACHE,
        replicas=replicas,
        because=f"KV caches are {mean:.0%} full on average over {over}, the target is {target:.0%}",
        figures=(DecisionFigure(name="kv.usage", value=mean),),
    )


def _replicas(ratio: float, ready: int, coming: int, spares: int) -> int:
    """The need; starting pods may damp the change that ready ones call for, and never reverse it."""
    count = ready + coming
    as_it_is = max(count - spares, 0)
    if abs(ratio - 1) <= TOLERANCE:
        return as_it_is
    whole = ready * ratio if ratio > 1 else ready * ratio + coming
    again = whole / count
    turned = (again - 1) * (ratio - 1) < 0
    return as_it_is if turned or abs(again - 1) <= TOLERANCE else ceil(whole)
