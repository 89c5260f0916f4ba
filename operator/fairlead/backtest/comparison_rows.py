"""The rows of one comparison: candidates, each scaling one followed by other autoscalers of its replicas."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from fairlead.backtest import play, reference_fleets
from fairlead.backtest.baselines import BASELINES
from fairlead.backtest.candidate import Candidate
from fairlead.backtest.play import PlayedCandidate, PlayedTraffic, PlaySettings
from fairlead.fleet.policies import ReplicaBounds

STATIC: Final = "static"
AGAINST: Final = (*BASELINES, STATIC)
"""What a candidate may be played against."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRow:
    """One row of the comparison."""

    name: str
    candidate: Candidate
    compared: bool = False
    """Whether it is only there for comparison."""
    searched: bool = False
    """Whether the smallest fixed number that keeps the objectives is searched for."""

    def played(self, traffic: PlayedTraffic, settings: PlaySettings) -> PlayedCandidate:
        """Play it and return the result."""
        if self.searched:
            return reference_fleets.static_peak(self.candidate, traffic, settings)
        return play.play(self.candidate, traffic, settings)


class NothingToScale(ValueError):
    """A baseline is requested, but no candidate has a number of replicas that changes."""


def of(candidates: Sequence[Candidate], against: Sequence[str]) -> Iterator[ComparisonRow]:
    """Yield each candidate, followed by those that it is played against."""
    scaling = [one for one in candidates if isinstance(one.replicas, ReplicaBounds) and not one.what_if]
    if against and not scaling:
        raise NothingToScale(
            f"--against {against[0]}: no deployment among the files has spec.scaling, so there are no bounds on "
            "the replicas that others may choose; give one that has it"
        )
    for one in candidates:
        yield ComparisonRow(name=one.name, candidate=one, compared=one.in_force or bool(one.what_if))
        for word in against if one in scaling else ():
            yield _against(one, word)


def _against(one: Candidate, word: str) -> ComparisonRow:
    if word == STATIC:
        return ComparisonRow(name=f"{one.name}, static peak", candidate=one, compared=True, searched=True)
    made = one.under(BASELINES[word])
    return ComparisonRow(name=made.name, candidate=made, compared=True)
