"""One decision, from facts and memory to a recommendation and the next memory: signals give needs, limits the
answer."""

from dataclasses import replace

from fairlead.scaling.decide import limit_rules, pod_inventory, sample_trust, signals
from fairlead.scaling.decide.recommendation import Recommendation
from fairlead.scaling.decide.scaling_state import ScalingState
from fairlead.scaling.facts import ScalingFacts
from fairlead.scaling.learn import estimates, overprovisioning
from fairlead.scaling.learn.estimates import DecisionFeedback


def recommend(facts: ScalingFacts, memory: ScalingState, now: float) -> tuple[Recommendation, ScalingState]:
    """Decide how many replicas now, why, and the memory for the next decision."""
    inventory = pod_inventory.take(facts, now)
    trust = sample_trust.assess(facts, inventory, now)
    learnt = estimates.with_arrivals(memory.estimates, facts, inventory, now)
    summary = signals.evaluate(inventory, learnt, trust)
    limited, history = limit_rules.apply_limits(summary, facts, memory.answer_history, now)
    answer = replace(
        limited,
        candidates=summary.candidates,
        questions=summary.questions,
        figures=signals.figures(inventory, summary),
    )
    reckoning = None if learnt.arrivals.unread_seconds else summary.reckoning  # what is not counted teaches nothing
    moment = DecisionFeedback(
        now=now,
        reckoned=reckoning.reckoned if reckoning else None,
        need=overprovisioning.tracked_need(reckoning.need, limited.limits, facts) if reckoning else None,
        waiting=summary.waiting,
        pressed_since=summary.pressed_since,
    )
    return answer, ScalingState(
        estimates=estimates.updated(memory.estimates, facts, inventory, learnt, moment), answer_history=history
    )
