"""Advice on one deployment: what may hold it back, each lever for it played, and the one that helps most first.

Whoever keeps the objectives comes before whoever does not, then the cheaper, then whoever leaves the model as it is,
then whoever keeps more.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from fairlead.backtest import hindrances, levers, parted_prompts, play
from fairlead.backtest.candidate import Candidate, Unplayable
from fairlead.backtest.hindrances import Hindrance, PricedCard, Suspicion, TrafficSizes
from fairlead.backtest.levers import Lever
from fairlead.backtest.parted_prompts import PromptParting
from fairlead.backtest.play import PlayedCandidate, PlayedTraffic, PlaySettings

QUALITY: Final = ("weights=", "kvCache=")
"""Levers that change what the model answers: evaluate it before they are applied."""
BETTER: Final = 0.01
"""Of the requests: less is no gain."""
CHEAPER: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedLever:
    """One lever, why it was played, and what came of it."""

    suspicion: Suspicion
    lever: Lever
    played: PlayedCandidate

    @property
    def rank(self) -> tuple[bool, float, bool, float]:
        """The least is the best."""
        changes = any(one in self.lever.words for one in QUALITY)
        cost = spent(self.played) if self.played.keeps else 0.0
        return (not self.played.keeps, cost, changes, -self.played.report.kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What was found."""

    before: PlayedCandidate
    sizes: TrafficSizes
    tried: tuple[PlayedLever, ...]
    """The best first."""
    partings: tuple[PromptParting, ...] = ()
    """Of prompts that part too early; what loses most first."""

    @property
    def best(self) -> PlayedLever | None:
        """None where nothing helps that was tried."""
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
        """What held it back, since its lever helped."""
        return None if self.best is None else self.best.suspicion.hindrance


def spent(one: PlayedCandidate) -> float:
    """USD; GPU hours where no price is known."""
    return one.report.gpu_hours if one.cost is None else one.cost


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisedService:
    """Who is to be advised, and how a lever is pulled."""

    candidate: Candidate
    changed: Callable[[Lever], Candidate | Unplayable]
    cards: Sequence[PricedCard]
    """The cheapest first."""


def advise(service: AdvisedService, traffic: PlayedTraffic, chosen: PlaySettings) -> Advice:
    """Everything that is suspected is played."""
    before = play.play(service.candidate, traffic, chosen)
    sizes = TrafficSizes.of(
        traffic.arrivals(service.candidate.settings.block_tokens), service.candidate.settings.block_tokens
    )
    found = hindrances.suspicions(service.candidate, before, sizes, service.cards)
    tried = sorted(_played(service, found, traffic, chosen), key=lambda one: one.rank)
    block_tokens = service.candidate.settings.block_tokens
    parted = parted_prompts.partings(traffic.arrivals(block_tokens), block_tokens)
    return Advice(before=before, sizes=sizes, tried=tuple(tried), partings=parted)


def _played(
    service: AdvisedService, found: Iterable[Suspicion], traffic: PlayedTraffic, chosen: PlaySettings
) -> list[PlayedLever]:
    """Of a suspicion's levers no more than the first that is enough."""
    tried = []
    for suspicion in found:
        for words in suspicion.levers:
            lever = levers.read(words)
            made = service.changed(lever)
            if isinstance(made, Unplayable):
                continue
            tried.append(PlayedLever(suspicion=suspicion, lever=lever, played=play.play(made, traffic, chosen)))
            if tried[-1].played.keeps and suspicion.hindrance is not Hindrance.TOO_MANY_REPLICAS:
                break
    return tried
