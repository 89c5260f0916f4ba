"""How many replicas the time in the queue asks for: more than there are, while requests wait longer than they may.

The number of those that wait grows all through a cold start, and who follows it asks for many times what is needed.
Here the ready replicas are the measure, so that a replica that was asked for and starts is not asked for again, and
nothing more is asked for while the wait gets shorter or a new replica has only begun to work off the queue.
"""

from math import ceil, fsum
from typing import Final

from fairlead.fleet.plurals import count, verb
from fairlead.fleet.policies import ScalingPolicy
from fairlead.scaling import queue_depth
from fairlead.scaling.facts import ScalingFacts
from fairlead.scaling.pod_inventory import PodInventory
from fairlead.scaling.queue_age import QueueAge
from fairlead.scaling.recommendation import DecisionFigure, ScalingSignal, SignalNeed

USUAL_SECONDS: Final = 3.0
"""In the queue, where the policy names no `queueTimeP95`: longer than that, people take it for a fault."""
GROWTH: Final = 1 / 4
"""Of the ready replicas, each time that the limit is exceeded by itself; at most as many again."""
SETTLING: Final = 1 / 4
"""Of a cold start: how long a replica that became ready is given to work off what had waited for it."""

EASING: Final = "; that is new, or falls, or a replica became ready just now, so no more are asked for"


def limit(policy: ScalingPolicy) -> float | None:
    """Seconds; nothing where a policy without `tokens` has said by its signals how much waiting is fine."""
    objectives = policy.objectives
    if objectives.queue_time_p95_seconds is not None:
        return objectives.queue_time_p95_seconds
    if policy.signals.token_headroom is None:
        return None
    return max(USUAL_SECONDS, objectives.ttft_p95_seconds or 0.0)


def candidate(
    facts: ScalingFacts, roster: PodInventory, queueing: QueueAge, most: float, cold_start: float
) -> SignalNeed:
    """By itself, whatever else is known; up to the limit it has nothing to say."""
    named = "the limit" if facts.policy.objectives.queue_time_p95_seconds is None else "queueTimeP95"
    words = f"requests wait up to {queueing.seconds:.1f} s in the queue, {named} is {most:g} s"
    serving = min(len(roster.ready), facts.wanted) - facts.policy.warm_pool.ready
    replicas = None
    if queueing.seconds > most and serving <= 0:
        words += ", and no replica serves yet"
    elif queueing.seconds > most:
        more = _more(serving, roster, queueing.seconds / most) if _lasts(roster, queueing, most, cold_start) else 0
        replicas = serving + len(roster.stuck) + more
        words += (
            f": {count(more, 'replica')} more than the {serving} that {verb(serving, 'serves')}" if more else EASING
        )
    shown = (
        DecisionFigure(name="queue.seconds", value=queueing.seconds, unit="s"),
        DecisionFigure(name="queue.limitSeconds", value=most, unit="s"),
    )
    return SignalNeed(signal=ScalingSignal.QUEUE_TIME, replicas=replicas, because=words, figures=shown)


def _lasts(roster: PodInventory, queueing: QueueAge, most: float, cold_start: float) -> bool:
    """Whether what is there has had its chance: the wait does not get shorter, and began after the newest was ready or
    is not worked off by it."""
    now = queueing.at or 0.0
    newest = max((pod.ready_at for pod in roster.ready if pod.ready_at is not None), default=0.0)
    settled = queueing.lowest <= 0 or now - newest >= SETTLING * cold_start
    return settled and now - queueing.since >= most


def _more(serving: int, roster: PodInventory, times: float) -> int:
    """By how far the limit is exceeded, and no more than all that wait would fill beside those that run."""
    by_time = ceil(serving * min(GROWTH * (times - 1), 1.0))
    running = fsum(figures.running or 0.0 for _, figures in roster.known)
    by_number = ceil(serving * queue_depth.waiting(roster) / running) if running > 0 else by_time
    return max(min(by_time, by_number), 1)
