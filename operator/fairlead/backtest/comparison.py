"""A comparison: its rows, how often each is played on which traffic, and what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from fairlead.backtest import reference_fleets
from fairlead.backtest.comparison_rows import ComparisonRow
from fairlead.backtest.lower_bound import LeastSeconds
from fairlead.backtest.play import PlayedCandidate, PlayedTraffic, PlaySettings
from fairlead.backtest.repeats import Repeated


class Repeat(NamedTuple):
    """One repeat of all rows: its traffic, and its settings with the random streams."""

    traffic: PlayedTraffic
    settings: PlaySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The rows and their repeats."""

    rows: tuple[ComparisonRow, ...]
    repeats: tuple[Repeat, ...]
    whole: PlayedTraffic
    """The traffic for which the lower bound is computed."""
    budget: float | None = None
    """USD an hour that it may cost on average; None: any."""

    @property
    def runs(self) -> list[tuple[int, int]]:
        """Indexes of rows and of repeats; all rows once, then again."""
        return [(who, turn) for turn in range(len(self.repeats)) for who in range(len(self.rows))]

    def least(self) -> dict[int, LeastSeconds]:
        """Compute lower bounds in GPU seconds by row, once for all with the same replicas and objectives."""
        found: dict[tuple[object, ...], LeastSeconds] = {}
        by_row: dict[int, LeastSeconds] = {}
        settings = self.repeats[0].settings
        for who, one in enumerate(self.rows):
            made = one.candidate
            terms = reference_fleets.terms_of(made, settings)
            same = (id(made.times), made.settings, made.ranks, made.gpus, made.answered_elsewhere, terms)
            if same not in found:
                found[same] = reference_fleets.bound(made, self.whole, settings)
            by_row[who] = found[same]
        return by_row


@dataclass(slots=True)
class Outcome:
    """The results."""

    runs: dict[tuple[int, int], PlayedCandidate] = field(default_factory=dict)
    least: dict[int, LeastSeconds] = field(default_factory=dict)
    """Lower bounds in GPU seconds by row."""
    interrupted: bool = False

    def rows(self, comparison: Comparison) -> Iterator[Repeated]:
        """Yield the rows that were played at least once."""
        first = comparison.repeats[0].traffic
        part = first.seconds - first.since
        for who, one in enumerate(comparison.rows):
            runs = tuple(self.runs[who, turn] for turn in range(len(comparison.repeats)) if (who, turn) in self.runs)
            if runs:
                yield Repeated(
                    name=one.name,
                    runs=runs,
                    compared=one.compared,
                    least=self.least.get(who),
                    times=comparison.whole.seconds / part if part else 1.0,
                    budget=comparison.budget,
                )

    def missing(self, comparison: Comparison) -> list[str]:
        """Names of rows with a missing run."""
        return [
            one.name
            for who, one in enumerate(comparison.rows)
            if any((who, turn) not in self.runs for turn in range(len(comparison.repeats)))
        ]
