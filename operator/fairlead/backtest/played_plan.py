"""The cheapest fleet that kept its objectives when played: what arithmetic proposes, and its neighbours.

The number of replicas of each configuration is searched for, since arithmetic errs both ways: fewer while the
objectives hold, more while they do not and another fleet is not cheaper. If first tokens are late or the pace is
missed, but not both, other batches are played too: larger ones against late first tokens, smaller ones against a missed
pace, and those between one that is too small and one that is too large. What costs no less than the best so far is not
played. The best is played with other batches at the end if it only just holds: one that keeps more at the same cost
also holds on other traffic.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Final

from fairlead.backtest.plan_player import SURE
from fairlead.backtest.play import KEPT_GOAL, PlayedCandidate
from fairlead.fleet.capacity_plan import CapacityPlan, FleetProposal, ServingConfiguration
from fairlead.simulator.virtual_fleet.report import SimulationReport
from fairlead.sizing.capacity_planning import USABLE

CONFIGURATIONS: Final = 12
OF_ONE_PRODUCT: Final = 3
MAX_PLAYS: Final = 60
MIN_PART: Final = 0.3
"""Share of the replicas that arithmetic proposes: fewer were never seen to hold.

Of those it proposes at all of the roofline, fewer than the part it loads cannot hold.
"""
SMALLER: Final = (0.6,)
LARGER: Final = (1.7, 3.0)
"""Other batches, as factors of what arithmetic proposes."""
OTHER_BATCHES: Final = 4
"""Played at most for one number of replicas: two larger ones and two in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedProposal:
    """One fleet, its estimate, and the result of playing it."""

    proposal: FleetProposal
    """With the replicas, the batch and the cost that were played."""
    reckoned: int
    """Replicas that arithmetic proposes."""
    runs: tuple[PlayedCandidate, ...]
    """One for each seed; fewer if the first one suffices."""

    @property
    def kept(self) -> float:
        """The share of requests kept, averaged over the runs."""
        return fmean(one.report.kept for one in self.runs)

    @property
    def keeps(self) -> bool:
        """Whether every run keeps the objectives."""
        return all(one.report.kept >= KEPT_GOAL for one in self.runs)


Player = Callable[[FleetProposal], tuple[PlayedCandidate, ...]]
"""Plays a proposal once or several times; empty if it cannot be played."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedPlan:
    """What was played, and the best of it."""

    best: PlayedProposal | None
    tried: tuple[PlayedProposal, ...]
    """Cheapest first, including the best."""
    left: int
    """Configurations that were not played, since the number of plays is limited."""

    def with_best(self, best: PlayedProposal) -> "PlayedPlan":
        """Return the same with another best one."""
        among = any(one is best for one in self.tried)
        return replace(self, best=best, tried=self.tried if among else _sorted((best, *self.tried)))


def configurations(planned: CapacityPlan) -> tuple[FleetProposal, ...]:
    """Return the cheapest by arithmetic, a few of each product; then as many that may keep the objectives after all."""
    others = (one.proposal for one in (*planned.runners_up, *planned.others))
    found = [one for one in (planned.best, *others) if one is not None]
    usual, missing = ([one for one in found if one.at_best is best] for best in (False, True))
    return (*_cheapest(usual), *_cheapest(missing))


def _cheapest(proposals: Sequence[FleetProposal]) -> tuple[FleetProposal, ...]:
    taken: list[FleetProposal] = []
    for one in sorted(proposals, key=lambda each: each.cost_per_hour):
        product = one.configuration.product
        if sum(other.configuration.product == product for other in taken) < OF_ONE_PRODUCT:
            taken.append(one)
    return tuple(taken[:CONFIGURATIONS])


def search(options: Sequence[FleetProposal], player: Player) -> PlayedPlan:
    """Search in the order of estimated cost."""
    searched = _PlanSearch(player)
    left = 0
    for one in options:
        if len(searched.tried) < MAX_PLAYS:
            searched.configuration(one)
        else:
            left += 1
    searched.firm()
    return PlayedPlan(best=searched.best, tried=_sorted(searched.tried), left=left)


def _sorted(tried: Sequence[PlayedProposal]) -> tuple[PlayedProposal, ...]:
    return tuple(sorted(tried, key=lambda each: (each.proposal.cost_per_hour, -each.kept)))


@dataclass(slots=True)
class _PlanSearch:
    player: Player
    best: PlayedProposal | None = None
    tried: list[PlayedProposal] = field(default_factory=list)
    limits: dict[ServingConfiguration, int] = field(default_factory=dict)
    """Batches that made a configuration hold."""

    def configuration(self, proposal: FleetProposal) -> None:
        """Find its fewest replicas that keep the objectives, while they are cheaper than the best so far."""
        start = min(proposal.replicas, self._affordable(proposal))
        least = USABLE if proposal.at_best else MIN_PART
        if start < max(1, math.ceil(proposal.replicas * least)):
            return
        if self._holds(proposal, start):
            self._fewer(proposal, start)
        else:
            self._more(proposal, start)

    def _fewer(self, proposal: FleetProposal, keeps: int) -> None:
        """Go down in growing steps while it holds, then bisect what was skipped."""
        failed, stride = 0, 1
        while not failed and keeps > 1:
            number = max(keeps - stride, 1)
            if self._holds(proposal, number):
                keeps, stride = number, 2 * stride
            else:
                failed = number
        self._between(proposal, failed, keeps)

    def _more(self, proposal: FleetProposal, failed: int) -> None:
        """Go up, at most to twice the estimate, until it holds; then bisect what was skipped."""
        most, stride = min(self._affordable(proposal), _most(proposal)), 1
        while failed < most:
            number = min(failed + stride, most)
            if self._holds(proposal, number):
                self._between(proposal, failed, number)
                return
            failed, stride = number, 2 * stride

    def _between(self, proposal: FleetProposal, failed: int, keeps: int) -> None:
        while keeps - failed > 1:
            middle = (failed + keeps) // 2
            failed, keeps = (failed, middle) if self._holds(proposal, middle) else (middle, keeps)

    def _holds(self, proposal: FleetProposal, replicas: int) -> bool:
        """Play with the proposed batch, then with other ones."""
        found = self._play(proposal, replicas)
        return found is not None and (found.keeps or self._other_limits(proposal, found))

    def _other_limits(self, proposal: FleetProposal, missed: PlayedProposal) -> bool:
        """Whether the same replicas keep the objectives with another batch; the configuration then uses it."""
        batches, found = _BatchSearch(proposal.supply.concurrent), missed
        for _ in range(OTHER_BATCHES):
            limit = batches.after(found.proposal.supply.concurrent, found.runs[-1].report)
            tried = None if limit is None else self._play(proposal, missed.proposal.replicas, limit)
            if tried is None:
                return False
            if tried.keeps:
                self.limits[proposal.configuration] = tried.proposal.supply.concurrent
                return True
            found = tried
        return False

    def _affordable(self, proposal: FleetProposal) -> int:
        """Return replicas that cost less than the best so far; without one, the most that are played."""
        if self.best is None:
            return _most(proposal)
        each = proposal.cost_per_hour / proposal.replicas
        return math.ceil(self.best.proposal.cost_per_hour / each - 1e-9) - 1

    def _play(self, proposal: FleetProposal, replicas: int, limit: int | None = None) -> PlayedProposal | None:
        if len(self.tried) >= MAX_PLAYS:
            return None
        usual = self.limits.get(proposal.configuration, proposal.supply.concurrent)
        changed = with_replicas(proposal, replicas, limit or usual)
        found = self._played(changed, proposal.replicas)
        if found is None:
            return None
        if found.keeps and (self.best is None or changed.cost_per_hour < self.best.proposal.cost_per_hour):
            self.best = found
        return found

    def firm(self) -> None:
        """Play the best with other batches unless it is sure to hold, and take the one that keeps most."""
        near = self.best
        if near is None or near.kept >= SURE:
            return
        for proposal in firmer(near):
            found = self._played(proposal, near.reckoned)
            if found is not None and found.keeps and found.kept > near.kept:
                self.best = near = found

    def _played(self, changed: FleetProposal, reckoned: int) -> PlayedProposal | None:
        runs = self.player(changed)
        if not runs:
            return None
        found = PlayedProposal(proposal=changed, reckoned=reckoned, runs=runs)
        self.tried.append(found)
        return found


def _most(proposal: FleetProposal) -> int:
    """Return twice the estimate; four for an estimate of one, which may be too low by more than one."""
    return 2 * max(proposal.replicas, 2)


@dataclass(slots=True)
class _BatchSearch:
    """The next batch to play for one number of replicas.

    A larger batch lets first tokens come sooner and slows the pace, a smaller one the reverse.
    """

    usual: int
    too_small: int = 0
    """The largest that made first tokens late; 0: none did."""
    too_large: int = 0
    """The smallest that missed the pace; 0: none did."""

    def after(self, limit: int, report: SimulationReport) -> int | None:
        """Return the batch to play after this one has missed; None if no other one can hold."""
        if not (factors := _other_batches(report)):
            return None
        if larger := factors == LARGER:
            self.too_small = max(limit, self.too_small)
        else:
            self.too_large = min(limit, self.too_large or limit)
        if self.too_small and self.too_large:
            between = round(math.sqrt(self.too_small * self.too_large))
            return between if self.too_small < between < self.too_large else None
        batches = (max(1, round(self.usual * factor)) for factor in factors)
        return next((one for one in batches if (one > limit if larger else one < limit)), None)


def _other_batches(report: SimulationReport) -> tuple[float, ...]:
    """If first tokens are late, requests wait for room in the batch; if the pace is missed, it is too full.

    If both are missed, a batch against the one makes the other worse. If each is kept by enough requests, but not both
    by the same ones, the one that is missed more decides.
    """
    goal = KEPT_GOAL * report.answered / max(report.arrived, 1)
    first, pace = report.kept_first, report.kept_pace
    if (first < goal and pace < goal) or first == pace:
        return ()
    return LARGER if first < pace else SMALLER


def firmer(played: PlayedProposal) -> tuple[FleetProposal, ...]:
    """Return the same fleet with other batches, against what its worst run misses more."""
    proposal, report = played.proposal, min(played.runs, key=lambda one: one.report.kept).report
    if report.kept_first == report.kept_pace:
        return ()
    parts = LARGER if report.kept_first < report.kept_pace else SMALLER
    limits = (max(1, round(proposal.supply.concurrent * part)) for part in parts)
    return tuple(with_replicas(proposal, proposal.replicas, limit) for limit in limits)


def with_replicas(proposal: FleetProposal, replicas: int, limit: int) -> FleetProposal:
    """Return the configuration with another number and batch; its arithmetic stays the proposal's."""
    part = replicas / proposal.replicas
    return replace(
        proposal,
        replicas=replicas,
        supply=replace(proposal.supply, concurrent=limit),
        cost_per_hour=proposal.cost_per_hour * part,
        cost_per_thousand_tokens=proposal.cost_per_thousand_tokens * part,
    )


def best_first(played: PlayedPlan) -> Iterator[PlayedProposal]:
    """Yield the best, then each other configuration's cheapest that holds and each one's dearest that does not."""
    seen: set[tuple[str, bool]] = set()
    holding = [one for one in (played.best, *played.tried) if one is not None and one.keeps]
    failing = [one for one in reversed(played.tried) if not one.keeps]
    for one in (*holding, *failing):
        name = (one.proposal.configuration.words, one.keeps)
        if name not in seen:
            seen.add(name)
            yield one
