"""What stories of limits begin with: a deployment of four replicas between 1 and 10, and signals that ask for some."""

from dataclasses import dataclass, field, replace
from typing import Final

from fairlead.fleet.policies import Policy, ReplicaBounds
from fairlead.scaling import limiting
from fairlead.scaling.asked import Asked, Limited
from fairlead.scaling.facts import Facts, Phase, Pod
from fairlead.scaling.pacing import Pacing
from fairlead.scaling.recommendation import Bound, Candidate, Signal

START: Final = 1_800_000_000.0
COLD: Final = 120.0
FACTS: Final = Facts(revision="new", bounds=ReplicaBounds(least=1, most=10), policy=Policy(), wanted=4)
ASKED: Final = Asked(candidates=(), may_shrink=True, cold_start_seconds=COLD, ready=4, last_arrival=START)


def asking(replicas: int | None, asked: Asked = ASKED) -> Asked:
    """Signals that ask for so many."""
    one = Candidate(signal=Signal.TOKENS, replicas=replicas, because="demand needs as many")
    return replace(asked, candidates=(one,))


def pods(phase: Phase, count: int, since: float = START) -> tuple[Pod, ...]:
    """So many pods that are where they are since then."""
    return tuple(Pod(name=f"{phase}-{number}", revision="new", phase=phase, since=since) for number in range(count))


@dataclass
class Fleet:
    """One deployment whose controller follows every answer at once."""

    facts: Facts = FACTS
    now: float = START
    pacing: Pacing = field(default_factory=Pacing)
    answers: list[int] = field(default_factory=list)

    def decides(self, asked: Asked) -> Limited:
        """One decision."""
        answer, self.pacing = limiting.limited(asked, self.facts, self.pacing, self.now)
        self.facts = replace(self.facts, wanted=answer.replicas)
        self.answers.append(answer.replicas)
        return answer

    def passes(self, seconds: float, asked: Asked, every: float = 1.0) -> Limited:
        """Decisions each so many seconds until that many have passed; the last one."""
        for _ in range(round(seconds / every) - 1):
            self.now += every
            self.decides(asked)
        self.now += every
        return self.decides(asked)


def bounds_of(answer: Limited) -> list[Bound]:
    """What moved it, in order."""
    return [one.bound for one in answer.limits]
