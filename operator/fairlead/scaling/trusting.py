"""Which figures are missing or doubtful, said for people; and whether enough is known to take replicas away."""

from dataclasses import dataclass

from fairlead.scaling.facts import Doubt, Facts, Pod, Router
from fairlead.scaling.recommendation import Question
from fairlead.scaling.roster import Roster

SAID = {
    Doubt.NO_ANSWER: "does not answer",
    Doubt.UNREADABLE: "answers with what cannot be read",
    Doubt.STALE: "has only old metrics",
    Doubt.FROZEN: "has requests, and none of its counters moves",
    Doubt.RESET: "has started its counters again",
    Doubt.CONTRADICTORY: "reports metrics that contradict each other",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What can be relied on."""

    may_shrink: bool
    questions: tuple[Question, ...] = ()


def judged(facts: Facts, roster: Roster, now: float) -> Trust:
    """Every ready pod and every router must tell before anything goes; somebody must tell at all."""
    doubted: tuple[Pod | Router, ...] = (*roster.unknown, *roster.silent)
    questions = tuple(_question(one, now) for one in doubted)
    contradiction = tuple(
        Question(who=pod.name, what="reports more than 100% of its KV cache in use")
        for pod, figures in roster.known
        if figures.kv_usage is not None and not 0 <= figures.kv_usage <= 1
    )
    nobody = not roster.known and not roster.routers and bool(facts.pods or facts.routers)
    dumb = (Question(who="all pods", what="none reports how busy it is"),) if nobody and not questions else ()
    all_told = (*questions, *contradiction, *dumb)
    return Trust(may_shrink=not all_told, questions=all_told)


def _question(one: Pod | Router, now: float) -> Question:
    age = max(now - one.figures.at, 0.0) if one.figures is not None else None
    doubt = one.doubt or (Doubt.NO_ANSWER if one.figures is None else Doubt.STALE)
    return Question(who=one.name, what=SAID[doubt], age_seconds=age, because=one.because)
