"""One decision, from facts and memory to a recommendation and the next memory: signals ask, limits answer."""

from fairlead.scaling import asking, exceeding, learning, limiting, queue_depth, roster, trusting
from fairlead.scaling.facts import Facts
from fairlead.scaling.learning import Moment
from fairlead.scaling.memory import Memory
from fairlead.scaling.recommendation import Recommendation


def recommend(facts: Facts, memory: Memory, now: float) -> tuple[Recommendation, Memory]:
    """How many replicas now, why, and what to remember."""
    called = roster.called(facts, now)
    trust = trusting.judged(facts, called, now)
    heard = learning.heard(memory.learnt, facts, called, now)
    view = asking.View(facts=facts, roster=called, learnt=heard, now=now)
    wish = asking.wished(view)
    asked = asking.asked(view, wish, trust)
    limited, pacing = limiting.limited(asked, facts, memory.pacing, now)
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
        figures=asking.figures(view, wish),
    )
    moment = Moment(
        now=now,
        reckoned=wish.reckoning.reckoned if wish.reckoning else None,
        need=exceeding.followed(wish.reckoning.need, limited.limits, facts) if wish.reckoning else None,
        waiting=queue_depth.waiting(called),
        pressed_since=wish.pressed_since,
    )
    return answer, Memory(learnt=learning.after(memory.learnt, facts, called, heard, moment), pacing=pacing)
