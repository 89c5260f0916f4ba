"""`python -m bench.simulated_rollouts [127 [SEED]]`: candidates whose truth is known, as the gates judge them.

Every rollout draws its items and requests anew; the gates are the product's. Figures of one seed vary like any sample
of that size: another seed moves a rate of 1 % in 1,000 by some 0.3 points.
"""

import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from math import exp
from statistics import median
from typing import Final

from fairlead.comparing import quality, sample_size, service
from fairlead.comparing.item_pairs import ItemPair, ScoredAnswer
from fairlead.comparing.quality import QualityPlan
from fairlead.comparing.sample_size import ItemPlan
from fairlead.comparing.service import ServicePlan
from fairlead.fleet.gate_verdicts import GateVerdict, Verdict
from fairlead.fleet.request_samples import RequestSample

MARGIN: Final = 0.02
ROLLOUTS: Final = 1000
_AT_ONCE: Final = 2
_RIGHT: Final = ScoredAnswer(right=True, tokens=100)
_WRONG: Final = ScoredAnswer(right=False, tokens=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """The truth about a candidate."""

    difference: float = 0.0
    """Difference in the rate of right answers."""
    discordance: float = 0.05
    slower: float = 1.0
    """Factor on the time to first token."""
    sigma: tuple[float, float] = (0.5, 1.0)
    """Of the logarithm of TTFT, drawn for each rollout between these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Rollouts of one kind."""

    candidate: Candidate
    items: int = 1000
    every: int = 50
    """Items between two verdicts."""
    requests: int = 0
    """Per side; 0 means no service gate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """The end of one rollout."""

    quality: Verdict
    stopped_at: int
    service: Verdict

    @property
    def rolled_back(self) -> bool:
        """Whether either gate failed."""
        return Verdict.FAILED in (self.quality, self.service)


def rollouts(case: Case, seed: int, number: int = ROLLOUTS) -> list[Rollout]:
    """Run them on both cores."""
    with ProcessPoolExecutor(_AT_ONCE) as pool:
        seeds = [f"{seed}/{place}" for place in range(number)]
        return list(pool.map(_Rollouts(case), seeds, chunksize=20))


@dataclass(frozen=True, slots=True)
class _Rollouts:
    case: Case

    def __call__(self, seed: str) -> Rollout:
        rng = random.Random(seed)  # noqa: S311  # a simulation
        judged = _quality(self.case, rng)
        served = _service(self.case, rng) if self.case.requests else None
        return Rollout(
            quality=judged.verdict,
            stopped_at=judged.n,
            service=Verdict.PASSED if served is None else served.verdict,
        )


def _quality(case: Case, rng: random.Random) -> GateVerdict:
    """The final verdict, checked after every `every` items."""
    pairs = [_pair(place, case.candidate, rng) for place in range(case.items)]
    plan = QualityPlan(items=case.items, margin=MARGIN)
    ends = range(case.every, case.items, case.every)
    early = next((end for end in ends if quality.decided_early(pairs[:end], plan)), case.items)
    return quality.report(pairs[:early], plan).verdict


def _pair(place: int, candidate: Candidate, rng: random.Random) -> ItemPair:
    drawn, gained = rng.random(), (candidate.discordance + candidate.difference) / 2
    if drawn < gained:
        both = _WRONG, _RIGHT
    elif drawn < candidate.discordance:
        both = _RIGHT, _WRONG
    else:
        both = (_RIGHT, _RIGHT) if rng.random() < 0.7 else (_WRONG, _WRONG)
    return ItemPair(item=str(place), baseline=both[0], candidate=both[1])


def _service(case: Case, rng: random.Random) -> GateVerdict:
    """The verdict after a first minute that counts as cold."""
    sigma = rng.uniform(*case.candidate.sigma)
    samples = [
        one for place in range(case.requests + 20) for one in _requests(place, case.candidate.slower, sigma, rng)
    ]
    return service.report(samples, ServicePlan()).verdict


def _requests(place: int, slower: float, sigma: float, rng: random.Random) -> Iterator[RequestSample]:
    for candidate in (False, True):
        prompt = int(exp(rng.uniform(5, 8)))
        factor = slower if candidate else 1.0
        yield RequestSample(
            at=3.0 * place,
            candidate=candidate,
            conversation=f"{candidate}-{place}",
            prompt_tokens=prompt,
            cached_tokens=prompt // 2,
            load=place % 2,
            ttft_s=0.0001 * prompt * factor * exp(rng.gauss(0, sigma)),
            tpot_s=0.02 * exp(rng.gauss(0, 0.3)),
        )


def first_claim(seed: int) -> dict[str, float]:
    """How often gates are wrong, and right."""
    equal = rollouts(Case(candidate=Candidate(), requests=400), seed)
    worse = rollouts(Case(candidate=Candidate(difference=-0.03)), seed)
    broken = rollouts(Case(candidate=Candidate(difference=-0.10, discordance=0.14), every=5), seed, 400)
    return {
        "equal_rolled_back": _share(equal, lambda one: one.rolled_back),
        "equal_passed_quality": _share(equal, lambda one: one.quality is Verdict.PASSED),
        "equal_passed_service": _share(equal, lambda one: one.service is Verdict.PASSED),
        "worse_promoted": _share(worse, lambda one: one.quality is Verdict.PASSED),
        "broken_stopped_at": median(one.stopped_at for one in broken),
    }


def second_claim(seed: int) -> dict[str, float]:
    """A slow candidate, and one that gets no traffic."""
    slow = Candidate(slower=1.3, sigma=(1.0, 1.0))
    ended = rollouts(Case(candidate=slow, items=1, every=1, requests=400), seed)
    idle = [
        RequestSample(at=float(second), candidate=False, conversation=str(second), prompt_tokens=500, ttft_s=0.1)
        for second in range(3600)
    ]
    verdicts = Counter(service.report(idle[:end], ServicePlan()).verdict.verdict for end in range(0, 3601, 60))
    return {
        "slow_rolled_back": _share(ended, lambda one: one.service is Verdict.FAILED),
        "slow_passed": _share(ended, lambda one: one.service is Verdict.PASSED),
        "idle_undecided": verdicts[Verdict.UNDECIDED] / verdicts.total(),
    }


def planned_power(seed: int) -> list[dict[str, float]]:
    """What plans promise, and how often such candidates pass."""
    found = []
    for discordance in (0.02, 0.05, 0.10):
        plan = ItemPlan(margin=MARGIN, discordance=discordance)
        needed = sample_size.items_needed(plan) or 0
        case = Case(candidate=Candidate(discordance=discordance), items=needed, every=needed)
        passed = _share(rollouts(case, seed, 300), lambda one: one.quality is Verdict.PASSED)
        found.append({"discordance": discordance, "items": needed, "planned": plan.power, "passed": passed})
    return found


def _share(ended: list[Rollout], holds: Callable[[Rollout], bool]) -> float:
    return sum(map(holds, ended)) / len(ended)


CLAIMS: Final[dict[str, Callable[[int], object]]] = {"1": first_claim, "2": second_claim, "7": planned_power}

if __name__ == "__main__":
    chosen = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    print(json.dumps({one: CLAIMS[one](chosen) for one in (sys.argv[1] if len(sys.argv) > 1 else "127")}, indent=1))
