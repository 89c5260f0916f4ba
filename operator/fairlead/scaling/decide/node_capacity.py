"""Limits from the nodes: a fleet grows no further than they can hold, and pods without a node are not recreated
endlessly.

If the free room is known, the answer is at most the placed replicas plus that room. If a pod finds no node for too
long, the answer falls back to the placed replicas; more are tried after one cold start, then after two, four, up to 32,
or as soon as the room grows. "Too long" is one cold start, since new nodes may come for pending pods; if the free room
is known, none will, and a tenth of it is enough. Never below minReplicas, which the user set, and never below one: a
single pod may wait for its node.
"""

from dataclasses import replace
from typing import Final

from fairlead.fleet.plurals import count
from fairlead.scaling.decide.answer_history import NodeShortage
from fairlead.scaling.decide.limit_context import LimitContext, limit
from fairlead.scaling.decide.recommendation import AppliedLimit, ScalingAdvice, ScalingBound
from fairlead.scaling.decide.scaling_steps import up_while
from fairlead.scaling.decide.signal_summary import SignalSummary
from fairlead.scaling.facts import EnginePodPhase, ScalingFacts

LONGEST: Final = 32
"""Most cold starts between two tries: one an hour at a cold start of two minutes."""
WITHOUT_NODE: Final = frozenset({EnginePodPhase.PENDING, EnginePodPhase.UNPLACEABLE, EnginePodPhase.DEAD})
"""Phases without a node. A draining pod has one, which is soon free."""


def placed(facts: ScalingFacts) -> int:
    """Return how many replicas have a node."""
    return sum(one.phase not in WITHOUT_NODE for one in facts.pods)


def observed_shortage(
    shortage: NodeShortage | None, summary: SignalSummary, facts: ScalingFacts, now: float
) -> NodeShortage | None:
    """Return the shortage of node capacity after these facts."""
    there, room = placed(facts), facts.room or 0
    if shortage is not None and (there > shortage.replicas or now >= shortage.until + 2 * shortage.wait):
        shortage = None
    if shortage is not None and now < shortage.until:
        return replace(shortage, until=now) if room > shortage.room else shortage
    wait_limit = summary.cold_start_seconds if facts.room is None else up_while(summary.cold_start_seconds)
    if not any(one.phase is EnginePodPhase.UNPLACEABLE and now - one.since >= wait_limit for one in facts.pods):
        return shortage
    wait = (
        summary.cold_start_seconds if shortage is None else min(2 * shortage.wait, LONGEST * summary.cold_start_seconds)
    )
    return NodeShortage(replicas=there, until=now + wait, wait=wait, room=room)


def no_room(n: int, context: LimitContext) -> AppliedLimit | None:
    """Limit to the replicas that have a node or would find one."""
    facts, shortage = context.facts, context.history.node_shortage
    there, why = placed(facts), f" ({facts.room_because})" if facts.room_because else ""
    if shortage is not None and context.now < shortage.until:
        kept = max(shortage.replicas, 1 if context.summary.is_sure else facts.wanted)
        words = (
            f"the nodes have room for {count(shortage.replicas, 'replica')}{why}; one more is tried "
            f"every {shortage.wait:.0f} s"
        )
        return limit(ScalingBound.NO_ROOM, n, min(n, max(kept, facts.bounds.least)), words)
    if facts.room is None:
        return None
    words = f"the nodes hold {count(there, 'replica')} and have room for {facts.room} more{why}"
    return limit(ScalingBound.NO_ROOM, n, min(n, max(there + facts.room, facts.wanted, facts.bounds.least)), words)


def node_advice(facts: ScalingFacts, shortage: NodeShortage | None) -> tuple[ScalingAdvice, ...]:
    """Advise if the nodes cannot even hold minReplicas."""
    least = facts.bounds.least
    if shortage is None or shortage.replicas >= least:
        return ()
    words = f"minReplicas is {least} and the nodes take {shortage.replicas}: add nodes, or lower minReplicas"
    return (ScalingAdvice(subject="policy", because=words),)


def free_replicas(n: int, context: LimitContext) -> int | None:
    """Return how many replicas the nodes could take beyond `n`; None if unknown."""
    facts, shortage = context.facts, context.history.node_shortage
    if shortage is not None and context.now < shortage.until:
        return shortage.replicas - n
    return None if facts.room is None else placed(facts) + facts.room - n
