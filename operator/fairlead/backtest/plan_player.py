"""Plays what a plan proposes: whole manifests, each on the same traffic, no longer than it takes to know."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from fairlead.backtest import play
from fairlead.backtest.candidate import Candidate, Unplayable
from fairlead.backtest.play import KEPT_GOAL, PlayedCandidate, PlayedTraffic, PlaySettings
from fairlead.fleet.capacity_plan import FleetProposal

SURE: Final = 0.99
"""Whoever keeps so many with one seed is not played with others."""


@dataclass(slots=True)
class PlanPlayer:
    """One call a fleet."""

    made: Callable[[FleetProposal], Candidate | Unplayable]
    traffics: Sequence[PlayedTraffic]
    """One where it was recorded, several seeds where it is drawn."""
    settings: PlaySettings
    unplayable: dict[str, Unplayable] = field(default_factory=dict)
    """By the words of the configuration."""
    played: int = 0

    def __call__(self, proposal: FleetProposal) -> tuple[PlayedCandidate, ...]:
        """The next runs are played only where the first leaves it open."""
        found = self.made(proposal)
        if isinstance(found, Unplayable):
            self.unplayable[proposal.configuration.words] = found
            return ()
        self.played += 1
        runs: list[PlayedCandidate] = []
        for one in self.traffics:
            requests = sum(1 for _ in one.arrivals(found.settings.block_tokens))
            settings = replace(self.settings, may_miss=(1 - KEPT_GOAL) * requests)
            runs.append(play.play(found, one, settings))
            if not KEPT_GOAL <= runs[-1].report.kept < SURE:
                break
        return tuple(runs)
