"""How much room a planned fleet has: the share it keeps of more requests, and of the same with a replica fewer.

Other batches cost the same. Where the fleet misses its objectives because its batch is too small or too large for that
much traffic, others are played, and the one with most room is proposed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from fairlead.backtest import played_plan
from fairlead.backtest.plan_player import SURE
from fairlead.backtest.played_plan import PlayedProposal, Player
from fairlead.fleet.capacity_plan import FleetProposal

STEPS: Final = (1.1, 1.25, 1.5, 2.0)
"""Times as many requests, in the same order and of the same lengths; played until the objectives are missed."""

CLEARLY: Final = 0.05
"""Another batch is proposed for no less of the requests: it may have effects that are not played."""

SpedUp = Callable[[float], Player]
"""Returns the player of this many times the planned requests, which plays to the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusierTraffic:
    """What the fleet keeps of more requests."""

    times: float
    """Requests, as a factor of those that were planned for."""
    kept: float
    keeps: bool
    """Whether it keeps the objectives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRoom:
    """What the fleet keeps beyond what it was planned for."""

    busier: tuple[BusierTraffic, ...]
    """Least traffic first; only the last one may miss the objectives."""
    without_one: float | None
    """The share kept by one replica fewer; None if it has only one."""

    @property
    def holding(self) -> BusierTraffic | None:
        """The most traffic that it keeps the objectives with."""
        return next((one for one in reversed(self.busier) if one.keeps), None)

    @property
    def missing(self) -> BusierTraffic | None:
        """The traffic that it misses them with; None if none of it was too much."""
        return next((one for one in self.busier if not one.keeps), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomiestPlay:
    """The fleet with the batch that has most room."""

    best: PlayedProposal
    """As played on the traffic that was planned for."""
    room: FleetRoom


def roomiest(best: PlayedProposal, sped_up: SpedUp) -> RoomiestPlay:
    """Play the fleet, and the same with other batches if it misses its objectives, with more and more requests."""
    busier = _busier(best, sped_up)
    for proposal in () if busier[-1].keeps else played_plan.firmer(busier[-1]):
        found = _played(best, proposal, sped_up(1.0))
        if not (found.runs and found.keeps and found.kept >= min(best.kept, SURE)):
            continue
        others = _busier(found, sped_up)
        if _holds_more(others, busier):
            best, busier = found, others
    steps = zip(STEPS, busier, strict=False)
    room = tuple(BusierTraffic(times=times, kept=one.kept, keeps=one.keeps) for times, one in steps)
    return RoomiestPlay(best=best, room=FleetRoom(busier=room, without_one=_without_one(best, sped_up(1.0))))


def _busier(best: PlayedProposal, sped_up: SpedUp) -> Sequence[PlayedProposal]:
    """Play one step after the other, until the objectives are missed."""
    found: list[PlayedProposal] = []
    for times in STEPS:
        found.append(_played(best, best.proposal, sped_up(times)))
        if not found[-1].keeps:
            break
    return found


def _holds_more(others: Sequence[PlayedProposal], busier: Sequence[PlayedProposal]) -> bool:
    """Whether another batch holds for more steps, or keeps clearly more of the first that both miss."""
    steps, more = (sum(one.keeps for one in each) for each in (busier, others))
    return more > steps or (more == steps and others[-1].kept >= busier[-1].kept + CLEARLY)


def _without_one(best: PlayedProposal, player: Player) -> float | None:
    proposal = best.proposal
    if proposal.replicas == 1:
        return None
    fewer = played_plan.with_replicas(proposal, proposal.replicas - 1, proposal.supply.concurrent)
    return _played(best, fewer, player).kept


def _played(best: PlayedProposal, proposal: FleetProposal, player: Player) -> PlayedProposal:
    """Play a fleet; one with another batch may be refused, and then has no runs."""
    return PlayedProposal(proposal=proposal, reckoned=best.reckoned, runs=player(proposal))
