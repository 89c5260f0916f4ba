"""The need by queue time: more replicas than are ready, while requests queue longer than the limit.

Queue depth grows throughout a cold start, so a signal that follows it overshoots many times. This need is relative to
the ready replicas, so that a starting replica is not recommended twice, and stays at zero while the wait falls or a new
replica has only begun to work off the queue.
"""

from math import ceil, fsum
from typing import Final

from fairlead.fleet.plurals import count, verb
from fairlead.fleet.policies import ScalingPolicy, ScalingSignal
from fairlead.scaling.decide import pod_signals
from fairlead.scaling.decide.pod_inventory import PodInventory
from fairlead.scaling.decide.queue_age import QueueAge
from fairlead.scaling.decide.recommendation import DecisionFigure, SignalNeed
from fairlead.scaling.facts import ScalingFacts

USUAL_SECONDS: Final = 3.0
"""The limit if the policy has no `queueTimeP95`: users take a longer wait for a fault."""
GROWTH: Final = 1 / 4
"""Share of the ready replicas added for each multiple of the limit by which it is exceeded; at most doubles them."""
SETTLING: Final = 1 / 4
"""In cold starts: how long a new replica gets to work off the queue that built up before it."""

EASING: Final = "; the wait is new or falling, or a replica has just become ready, so no more are requested"


def limit(policy: ScalingPolicy) -> float | None:
    """Return the limit in seconds; None for a policy without `tokens`, whose other signals set how much may wait."""
    objectives = policy.objectives
    if objectives.queue_time_p95_seconds is not None:
        return objectives.queue_time_p95_seconds
    if policy.signals.token_headroom is None:
        return None
    return max(USUAL_SECONDS, objectives.ttft_p95_seconds or 0.0)


def candidate(
    facts: ScalingFacts, inventory: PodInventory, queueing: QueueAge, most: float, cold_start: float
) -> SignalNeed:
    """Return the need by this signal alone; none within the limit."""
    named = "the limit" if facts.policy.objectives.queue_time_p95_seconds is None else "queueTimeP95"
    words = f"requests wait up to {queueing.seconds:.1f} s in the queue, {named} is {most:g} s"
    serving = min(len(inventory.ready), facts.wanted) - facts.policy.warm_pool.ready
    replicas = None
    if queueing.seconds > most and serving <= 0:
        words += ", and no replica serves yet"
    elif queueing.seconds > most:
        more = (
            _more(serving, inventory, queueing.seconds / most) if _lasts(inventory, queueing, most, cold_start) else 0
        )
        replicas = serving + len(inventory.hung) + more
        words += (
            f": {count(more, 'replica')} more than the {serving} that {verb(serving, 'serves')}" if more else EASING
        )
    shown = (
        DecisionFigure(name="queue.seconds", value=queueing.seconds, unit="s"),
        DecisionFigure(name="queue.limitSeconds", value=most, unit="s"),
    )
    return SignalNeed(signal=ScalingSignal.QUEUE_TIME, replicas=replicas, because=words, figures=shown)


def _lasts(inventory: PodInventory, queueing: QueueAge, most: float, cold_start: float) -> bool:
    """Return whether the ready replicas cannot clear the queue: it does not shorten, although the newest had its
    time."""
    now = queueing.at or 0.0
    settled = queueing.lowest <= 0 or now - inventory.newest_ready_at(0.0) >= SETTLING * cold_start
    return settled and now - queueing.since >= most


def _more(serving: int, inventory: PodInventory, times: float) -> int:
    """Return replicas in proportion to the excess, but no more than the waiting requests would fill at the present load
    per replica."""
    by_time = ceil(serving * min(GROWTH * (times - 1), 1.0))
    running = fsum(figures.running or 0.0 for _, figures in inventory.measured)
    by_number = ceil(serving * pod_signals.waiting(inventory) / running) if running > 0 else by_time
    return max(min(by_time, by_number), 1)
