"""Which figures are missing or have a problem, in words for people, and whether enough is known to shrink."""

from dataclasses import dataclass

from fairlead.scaling.decide import pod_inventory
from fairlead.scaling.decide.pod_inventory import PodInventory
from fairlead.scaling.decide.recommendation import UntrustedSample
from fairlead.scaling.facts import EnginePod, RouterPod, SampleProblem, ScalingFacts

PROBLEM_TEXT = {
    SampleProblem.NO_ANSWER: "does not answer",
    SampleProblem.UNREADABLE: "answers with unreadable content",
    SampleProblem.STALE: "has only old metrics",
    SampleProblem.FROZEN: "has requests, but none of its counters moves",
    SampleProblem.RESET: "restarted its counters",
    SampleProblem.CONTRADICTORY: "reports metrics that contradict each other",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleTrust:
    """Whether the facts allow shrinking, and the problems with them."""

    may_shrink: bool
    questions: tuple[UntrustedSample, ...] = ()


def assess(facts: ScalingFacts, inventory: PodInventory, now: float) -> SampleTrust:
    """Shrinking needs figures of every ready pod and every router; a fleet without any figures never shrinks."""
    doubted: tuple[EnginePod | RouterPod, ...] = (*inventory.unknown, *inventory.silent)
    stale = facts.policy.stale_after_seconds
    questions = tuple(_question(one, stale, now) for one in doubted)
    contradiction = tuple(
        UntrustedSample(who=pod.name, what="reports more than 100% of its KV cache in use")
        for pod, figures in inventory.measured
        if figures.kv_usage is not None and not 0 <= figures.kv_usage <= 1
    )
    no_figures = not inventory.measured and not inventory.routers and bool(facts.pods or facts.routers)
    dumb = (UntrustedSample(who="all pods", what="none reports its load"),) if no_figures and not questions else ()
    all_questions = (*questions, *contradiction, *dumb)
    return SampleTrust(may_shrink=not all_questions, questions=all_questions)


def _question(one: EnginePod | RouterPod, stale: float, now: float) -> UntrustedSample:
    problem = pod_inventory.problem_of(one, stale, now)
    assert problem is not None
    age = max(now - one.figures.at, 0.0) if one.figures is not None else None
    return UntrustedSample(who=one.name, what=PROBLEM_TEXT[problem], age_seconds=age, because=one.because)
