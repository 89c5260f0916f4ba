"""How much room a planned fleet has: the share it keeps of more requests, and of the same with a replica fewer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fairlead.backtest.played_plan import PlayedProposal, Player, with_replicas

STEPS: Final = (1.1, 1.25, 1.5, 2.0)
"""Times as many requests, in the same order and of the same lengths; played until the objectives are missed."""


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


def measured(best: PlayedProposal, sped_up: Callable[[float], Player]) -> FleetRoom:
    """Play the fleet with more and more requests; `sped_up` returns the player of that many times as many."""
    proposal, busier = best.proposal, list[BusierTraffic]()
    for times in STEPS:
        found = PlayedProposal(proposal=proposal, reckoned=best.reckoned, runs=sped_up(times)(proposal))
        busier.append(BusierTraffic(times=times, kept=found.kept, keeps=found.keeps))
        if not found.keeps:
            break
    return FleetRoom(busier=tuple(busier), without_one=_without_one(best, sped_up(1.0)))


def _without_one(best: PlayedProposal, player: Player) -> float | None:
    proposal = best.proposal
    if proposal.replicas == 1:
        return None
    fewer = with_replicas(proposal, proposal.replicas - 1, proposal.supply.concurrent)
    return PlayedProposal(proposal=fewer, reckoned=best.reckoned, runs=player(fewer)).kept
