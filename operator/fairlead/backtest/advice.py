"""Advice on one deployment: what may hold it back, each lever for it played, and the best one first.

First come candidates that keep the objectives, then cheaper ones, those that leave the model as it is, and those that
keep more requests.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fairlead.backtest import hindrances, levers, parted_prompts, play
from fairlead.backtest.candidate import Candidate, Unplayable
from fairlead.backtest.hindrances import Hindrance, PricedCard, Suspicion, TrafficSizes
from fairlead.backtest.levers import Lever
from fairlead.backtest.parted_prompts import PromptParting
from fairlead.backtest.play import PlayedCandidate, PlayedTraffic, PlaySettings

QUALITY: Final = ("weights=", "kvCache=")
"""Levers that change the model's answers: evaluate before applying them."""
BETTER: Final = 0.01
"""As a share of the requests: less is no gain."""
CHEAPER: Final = 0.95
GAUGES: Final = 100
"""Measurements of load while the traffic lasts, at least."""
OFTENEST_SECONDS: Final = 0.2
"""The shortest time between two of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedLever:
    """A lever, why it was played, and the result."""

    suspicion: Suspicion
    lever: Lever
    played: PlayedCandidate

    @property
    def rank(self) -> tuple[bool, bool, float, bool, float]:
        """Sort key: the least is the best.

        Without a price those of the same card come first, since their GPU hours do not compare with USD.
        """
        changes = any(one in self.lever.words for one in QUALITY)
        cost = spent(self.played) if self.played.keeps else 0.0
        priced = self.played.cost is not None
        return (not self.played.keeps, priced and self.played.keeps, cost, changes, -self.played.report.kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The results."""

    before: PlayedCandidate
    sizes: TrafficSizes
    tried: tuple[PlayedLever, ...]
    """The best first."""
    partings: tuple[PromptParting, ...] = ()
    """Where prompts diverge too early; the largest loss first."""

    @property
    def comparable(self) -> bool:
        """Whether all costs have one unit."""
        return len({one.cost is None for one in (self.before, *(each.played for each in self.tried))}) == 1

    @property
    def best(self) -> PlayedLever | None:
        """None if no tried lever helps."""
        first = next(iter(self.tried), None)
        if first is None:
            return None
        if self.before.keeps:
            helps = first.played.keeps and spent(first.played) < CHEAPER * spent(self.before)
        else:
            helps = first.played.keeps or first.played.report.kept > self.before.report.kept + BETTER
        return first if helps else None

    @property
    def hindrance(self) -> Hindrance | None:
        """What held it back, as its lever helped."""
        return None if self.best is None else self.best.suspicion.hindrance


def spent(one: PlayedCandidate) -> float:
    """Return USD, or GPU hours if no price is known."""
    return one.report.gpu_hours if one.cost is None else one.cost


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisedService:
    """The deployment to advise on, and how a lever changes it."""

    candidate: Candidate
    changed: Callable[[Lever], Candidate | Unplayable]
    cards: Sequence[PricedCard]
    """The cheapest first."""


def advise(service: AdvisedService, traffic: PlayedTraffic, settings: PlaySettings) -> Advice:
    """Play the levers of all suspicions."""
    before = play.play(service.candidate, traffic, replace(settings, snapshot_s=_often(traffic)))
    sizes = TrafficSizes.of(
        traffic.arrivals(service.candidate.settings.block_tokens), service.candidate.settings.block_tokens
    )
    found = hindrances.suspicions(service.candidate, before, sizes, service.cards)
    tried = sorted(_played(service, found, traffic, settings), key=lambda one: one.rank)
    block_tokens = service.candidate.settings.block_tokens
    parted = parted_prompts.partings(traffic.arrivals(block_tokens), block_tokens)
    return Advice(before=before, sizes=sizes, tried=tuple(tried), partings=parted)


def _often(traffic: PlayedTraffic) -> float:
    """Return the time between two gauges, so that traffic of less than a minute has enough of them, too."""
    return min(max(traffic.seconds / GAUGES, OFTENEST_SECONDS), play.SNAPSHOT_SECONDS)


def _played(
    service: AdvisedService, found: Iterable[Suspicion], traffic: PlayedTraffic, settings: PlaySettings
) -> list[PlayedLever]:
    """Play each suspicion's levers up to the first that suffices."""
    tried = []
    for suspicion in found:
        for words in suspicion.levers:
            lever = levers.read(words)
            made = service.changed(lever)
            if isinstance(made, Unplayable):
                continue
            tried.append(PlayedLever(suspicion=suspicion, lever=lever, played=play.play(made, traffic, settings)))
            if tried[-1].played.keeps and suspicion.hindrance is not Hindrance.TOO_MANY_REPLICAS:
                break
    return tried
