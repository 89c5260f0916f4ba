"""What a played candidate is compared with: a fleet of constant size, and the least possible cost."""

from fairlead.backtest import lower_bound, play
from fairlead.backtest.candidate import Candidate
from fairlead.backtest.lower_bound import BoundQuestion, LeastSeconds
from fairlead.backtest.play import KEPT_GOAL, PlayedCandidate, PlayedTraffic, PlaySettings
from fairlead.fleet.policies import ReplicaBounds


def static_peak(candidate: Candidate, traffic: PlayedTraffic, chosen: PlaySettings) -> PlayedCandidate:
    """Find the fewest replicas that keep the objectives throughout, or the most allowed if none do.

    More replicas never keep fewer requests, chance aside, so the number is bisected.
    """
    bounds = candidate.replicas
    most = bounds.most if isinstance(bounds, ReplicaBounds) else bounds
    low, high, found = 0, 1, play.play(candidate.fixed(1), traffic, chosen)
    while not found.keeps and high < most:
        low, high = high, min(2 * high, most)
        found = play.play(candidate.fixed(high), traffic, chosen)
    while found.keeps and high - low > 1:
        middle = (low + high) // 2
        run = play.play(candidate.fixed(middle), traffic, chosen)
        low, high, found = (low, middle, run) if run.keeps else (middle, high, found)
    return found


def bound(candidate: Candidate, traffic: PlayedTraffic, chosen: PlaySettings) -> LeastSeconds:
    """Return GPU seconds that no policy with these replicas and minimum undercuts while keeping the objectives."""
    bounds = candidate.replicas
    question = BoundQuestion(
        settings=candidate.settings,
        times=candidate.times,
        ranks=candidate.ranks,
        objectives=play.objectives_of(candidate, chosen),
        goal=KEPT_GOAL,
        least=bounds.least if isinstance(bounds, ReplicaBounds) else min(bounds, 1),
        cold_s=play.cold_starts_of(candidate, chosen).least,
        arrivals=lambda: play.reaching_engines(candidate, traffic, chosen),
        seconds=traffic.seconds,
    )
    return lower_bound.least(question).times(candidate.gpus)
