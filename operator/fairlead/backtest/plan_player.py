"""Plays a plan's proposals: whole manifests, each on the same traffic, no longer than the verdict needs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Final

from fairlead.backtest import play
from fairlead.backtest.candidate import Candidate, Unplayable
from fairlead.backtest.play import KEPT_GOAL, PlayedCandidate, PlayedTraffic, PlaySettings
from fairlead.fleet.capacity_plan import FleetProposal

SURE: Final = 0.99
"""If this share is kept with one seed, others are not played."""


@dataclass(slots=True)
class PlanPlayer:
    """Plays one fleet per call."""

    made: Callable[[FleetProposal], Candidate | Unplayable]
    traffics: Sequence[PlayedTraffic]
    """One if it was recorded, several seeds if it is drawn."""
    settings: PlaySettings
    unplayable: dict[str, Unplayable] = field(default_factory=dict)
    """By the words of the configuration."""
    whole: bool = False
    """Play on where the objectives are missed for certain, for the share that is kept."""
    played: int = 0

    def __call__(self, proposal: FleetProposal) -> tuple[PlayedCandidate, ...]:
        """Play further runs only if the first leaves the verdict open."""
        candidate = self.made(proposal)
        if isinstance(candidate, Unplayable):
            self.unplayable[proposal.configuration.words] = candidate
            return ()
        self.played += 1
        runs: list[PlayedCandidate] = []
        for one in self.traffics:
            requests = sum(1 for _ in one.arrivals(candidate.settings.block_tokens))
            settings = replace(self.settings, may_miss=inf if self.whole else (1 - KEPT_GOAL) * requests)
            runs.append(play.play(candidate, one, settings))
            if not KEPT_GOAL <= runs[-1].report.kept < SURE:
                break
        return tuple(runs)

    def sped_up(self, times: float) -> "PlanPlayer":
        """Return the same player on that many times the requests, each run to its end."""
        return replace(self, traffics=[one.sped_up(times) for one in self.traffics], whole=True)
