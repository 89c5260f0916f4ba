"""Advice on one deployment: what may hold it back, each lever for it played, and the best one first.

First come levers that help; of these candidates that keep the objectives, then cheaper ones, those that leave the model
as it is, and those that keep more requests.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from fairlead.backtest import bottlenecks, levers, parted_prompts, play
from fairlead.backtest.bottlenecks import Bottleneck, PricedCard, Suspicion, TrafficSizes
from fairlead.backtest.candidate import Candidate, Unplayable
from fairlead.backtest.levers import Lever
from fairlead.backtest.parted_prompts import PromptParting
from fairlead.backtest.play import PlayedCandidate, PlayedTraffic, PlaySettings
from fairlead.fleet.policies import ReplicaBounds

QUALITY: Final = ("weights=", "kvCache=")
"""Levers that change the model's answers: evaluate before applying them."""
BETTER: Final = 0.01
"""As a share of the requests: less is no gain."""
CHEAPER: Final = 0.95
"""As a share of the cost: more is no saving."""
CARDS: Final = 10
"""Played for one suspicion, those of the nearest price that can be played; the packaged catalogue has ten."""
OF_CARDS: Final = frozenset({Bottleneck.CARD_TOO_LARGE, Bottleneck.CARD_TOO_SLOW})
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
        return next((one for one in self.tried if helps(one.played, self.before)), None)

    @property
    def bottleneck(self) -> Bottleneck | None:
        """What held it back, as its lever helped."""
        return None if self.best is None else self.best.suspicion.bottleneck


def spent(one: PlayedCandidate) -> float:
    """Return USD, or GPU hours if no price is known."""
    return one.report.gpu_hours if one.cost is None else one.cost


def helps(one: PlayedCandidate, before: PlayedCandidate) -> bool:
    """Whether it keeps more requests, or the objectives for less; GPU hours and USD do not compare."""
    if not before.keeps:
        return one.keeps or one.report.kept > before.report.kept + BETTER
    same_unit = (one.cost is None) == (before.cost is None)
    return one.keeps and same_unit and spent(one) < CHEAPER * spent(before)


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
    found = bottlenecks.suspicions(service.candidate, before, sizes, service.cards)

    def playing(one: Candidate) -> PlayedCandidate:
        return play.play(one, traffic, settings)

    played = [one for suspicion in found for one in _played(service, suspicion, before, playing)]
    tried = sorted(played, key=lambda one: (not helps(one.played, before), one.rank))
    block_tokens = service.candidate.settings.block_tokens
    parted = parted_prompts.partings(traffic.arrivals(block_tokens), block_tokens)
    return Advice(before=before, sizes=sizes, tried=tuple(tried), partings=parted)


def _often(traffic: PlayedTraffic) -> float:
    """Return the time between two gauges, so that traffic of less than a minute has enough of them, too."""
    return min(max(traffic.seconds / GAUGES, OFTENEST_SECONDS), play.SNAPSHOT_SECONDS)


def _played(
    service: AdvisedService,
    suspicion: Suspicion,
    before: PlayedCandidate,
    playing: Callable[[Candidate], PlayedCandidate],
) -> Iterator[PlayedLever]:
    """Play its levers up to the first that suffices."""
    for lever, made in _playable(service, suspicion):
        played = playing(made)
        yield PlayedLever(suspicion=suspicion, lever=lever, played=played)
        if played.keeps and helps(played, before) and not _all_count(service, suspicion):
            return


def _playable(service: AdvisedService, suspicion: Suspicion) -> list[tuple[Lever, Candidate]]:
    """Return what can be played of its levers, of cards the cheapest first: with a fixed number of replicas, the first
    that keeps the objectives is the best.
    """
    read = map(levers.read, suspicion.levers)
    made = ((lever, service.changed(lever)) for lever in read)
    found = list(islice(((lever, one) for lever, one in made if isinstance(one, Candidate)), CARDS))
    return found[::-1] if suspicion.bottleneck is Bottleneck.CARD_TOO_LARGE else found


def _all_count(service: AdvisedService, suspicion: Suspicion) -> bool:
    """Whether a later lever may be better than one that suffices: on a dearer card, a fleet that scales may need so few
    replicas that it costs less.
    """
    scales = isinstance(service.candidate.replicas, ReplicaBounds)
    return suspicion.bottleneck is Bottleneck.TOO_MANY_REPLICAS or (scales and suspicion.bottleneck in OF_CARDS)
