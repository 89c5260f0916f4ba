"""What a played candidate is compared with: a fleet of constant size, and the least possible cost."""

from typing import NamedTuple

from fairlead.backtest import lower_bound, play
from fairlead.backtest.candidate import Candidate
from fairlead.backtest.lower_bound import BoundQuestion, LeastSeconds
from fairlead.backtest.play import KEPT_GOAL, PlayedCandidate, PlayedTraffic, PlaySettings
from fairlead.fleet.accelerators import replica_price
from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.fleet.policies import ReplicaBounds
from fairlead.scaling.decide import bounds as scaling_bounds


class BoundTerms(NamedTuple):
    """What decides a candidate's least possible cost, beside its engines and the traffic."""

    objectives: LatencyObjectives
    least: int
    """Fewest replicas at any time."""
    cold_s: float
    """The shortest cold start."""


def static_peak(candidate: Candidate, traffic: PlayedTraffic, settings: PlaySettings) -> PlayedCandidate:
    """Find the fewest replicas within its bounds that keep the objectives throughout, or the most if none do.

    More replicas never keep fewer requests, chance aside, so the number is bisected.
    """
    bounds = candidate.replicas
    least, most = (max(bounds.least, 1), bounds.most) if isinstance(bounds, ReplicaBounds) else (1, bounds)
    low, high, found = least - 1, least, play.play(candidate.fixed(least), traffic, settings)
    while not found.keeps and high < most:
        low, high = high, min(2 * high, most)
        found = play.play(candidate.fixed(high), traffic, settings)
    while found.keeps and high - low > 1:
        middle = (low + high) // 2
        run = play.play(candidate.fixed(middle), traffic, settings)
        low, high, found = (low, middle, run) if run.keeps else (middle, high, found)
    return found


def bound(candidate: Candidate, traffic: PlayedTraffic, settings: PlaySettings) -> LeastSeconds:
    """Return GPU seconds that no policy with these replicas and minimum undercuts while keeping the objectives."""
    terms = terms_of(candidate, settings)
    question = BoundQuestion(
        settings=candidate.settings,
        times=candidate.times,
        ranks=candidate.ranks,
        objectives=terms.objectives,
        goal=KEPT_GOAL,
        least=terms.least,
        cold_s=terms.cold_s,
        arrivals=lambda: play.reaching_engines(candidate, traffic, settings),
        seconds=traffic.seconds,
    )
    return lower_bound.least(question).times(candidate.gpus)


def terms_of(candidate: Candidate, settings: PlaySettings) -> BoundTerms:
    """Return its terms: candidates with the same ones, and the same engines, have the same bound."""
    return BoundTerms(
        objectives=play.objectives_of(candidate, settings),
        least=_least(candidate),
        cold_s=play.cold_starts_of(candidate, settings).least,
    )


def _least(candidate: Candidate) -> int:
    """Return the fewest replicas at any time: a budget that pays for fewer than the minimum wins over it."""
    bounds, price = candidate.replicas, candidate.price_an_hour
    if not isinstance(bounds, ReplicaBounds):
        return min(bounds, 1)
    paid = scaling_bounds.paid_for(
        candidate.policy.max_cost_per_hour, None if price is None else replica_price(price, candidate.gpus)
    )
    return bounds.least if paid is None else min(bounds.least, paid)
