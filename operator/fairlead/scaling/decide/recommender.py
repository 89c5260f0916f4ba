"""One decision, from facts and memory to a recommendation and the next memory: signals give needs, limits the
answer."""

from fairlead.scaling.decide import limit_rules, pod_inventory, pod_signals, sample_trust, signals
from fairlead.scaling.decide.recommendation import Recommendation
from fairlead.scaling.decide.scaling_state import ScalingState
from fairlead.scaling.facts import ScalingFacts
from fairlead.scaling.learn import estimates, overprovisioning
from fairlead.scaling.learn.estimates import DecisionFeedback


def recommend(facts: ScalingFacts, memory: ScalingState, now: float) -> tuple[Recommendation, ScalingState]:
    """How many replicas now, why, and the memory for the next decision."""
    called = pod_inventory.take(facts, now)
    trust = sample_trust.assess(facts, called, now)
    heard = estimates.with_arrivals(memory.learnt, facts, called, now)
    view = signals.SignalInputs(facts=facts, roster=called, learnt=heard, now=now)
    wish = signals.evaluate(view)
    asked = signals.summarize(view, wish, trust)
    limited, pacing = limit_rules.apply_limits(asked, facts, memory.pacing, now)
    answer = Recommendation(
        replicas=limited.replicas,
        reason=limited.reason,
        message=limited.message,
        asleep=limited.asleep,
        speculates=limited.speculates,
        candidates=asked.candidates,
        limits=limited.limits,
        questions=asked.questions,
        advice=limited.advice,
        figures=signals.figures(view, wish),
    )
    moment = DecisionFeedback(
        now=now,
        reckoned=wish.reckoning.reckoned if wish.reckoning else None,
        need=overprovisioning.tracked_need(wish.reckoning.need, limited.limits, facts) if wish.reckoning else None,
        waiting=pod_signals.waiting(called),
        pressed_since=wish.pressed_since,
    )
    return answer, ScalingState(learnt=estimates.updated(memory.learnt, facts, called, heard, moment), pacing=pacing)
