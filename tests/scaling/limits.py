"""Inputs of the tests of limits: a deployment of four replicas between 1 and 10, and signals with a need."""

from dataclasses import dataclass, field, replace
from typing import Final

from fairlead.fleet.policies import ReplicaBounds, ScalingPolicy, ScalingSignal
from fairlead.scaling.decide import limit_rules
from fairlead.scaling.decide.answer_history import AnswerHistory
from fairlead.scaling.decide.recommendation import Recommendation, ScalingBound, SignalNeed
from fairlead.scaling.decide.signal_summary import SignalSummary
from fairlead.scaling.facts import EnginePod, EnginePodPhase, ScalingFacts

START: Final = 1_800_000_000.0
COLD: Final = 120.0
FACTS: Final = ScalingFacts(revision="new", bounds=ReplicaBounds(least=1, most=10), policy=ScalingPolicy(), wanted=4)
SUMMARY: Final = SignalSummary(candidates=(), may_shrink=True, cold_start_seconds=COLD, ready=4, last_arrival=START)


def summary_with(replicas: int | None, summary: SignalSummary = SUMMARY) -> SignalSummary:
    """Signals that need this many."""
    one = SignalNeed(signal=ScalingSignal.TOKENS, replicas=replicas, because="demand needs as many")
    return replace(summary, candidates=(one,))


def pods(phase: EnginePodPhase, count: int, since: float = START) -> tuple[EnginePod, ...]:
    """This many pods that have been in this phase since then."""
    return tuple(
        EnginePod(name=f"{phase}-{number}", revision="new", phase=phase, since=since) for number in range(count)
    )


@dataclass
class Fleet:
    """One deployment whose controller follows every recommendation at once."""

    facts: ScalingFacts = FACTS
    now: float = START
    history: AnswerHistory = field(default_factory=AnswerHistory)
    answers: list[int] = field(default_factory=list)

    def decides(self, summary: SignalSummary) -> Recommendation:
        """One decision."""
        answer, self.history = limit_rules.apply_limits(summary, self.facts, self.history, self.now)
        self.facts = replace(self.facts, wanted=answer.replicas)
        self.answers.append(answer.replicas)
        return answer

    def passes(self, seconds: float, summary: SignalSummary, every: float = 1.0) -> Recommendation:
        """Decide at this interval until these seconds have passed; returns the last decision."""
        for _ in range(round(seconds / every) - 1):
            self.now += every
            self.decides(summary)
        self.now += every
        return self.decides(summary)


def bounds_of(answer: Recommendation) -> list[ScalingBound]:
    """What moved it, in order."""
    return [one.bound for one in answer.limits]
