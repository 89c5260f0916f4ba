"""Low, likely and high, evaluated on starts whose group was left out of everything learnt from measurements."""

import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fairlead.fleet.fit import Estimate
from fairlead.sizing.sizing_input import GIB
from fitting import kv_intervals
from fitting.kv_starts import MeasuredStart

GroupKey = Callable[[MeasuredStart], str]
GROUPS: Final[Mapping[str, GroupKey]] = {
    "release, card and parallelism": lambda start: " ".join(start.group),
    "release": lambda start: start.group[0],
    "card": lambda start: start.group[1],
    "parallelism": lambda start: start.group[2],
    "model": lambda start: start.sizing.shape.name,
}
"""What may be left out together; the claim is about the first."""


@dataclass(frozen=True, slots=True)
class JudgedStart:
    """A start, and its prediction by a calibration without its group; bytes of cache."""

    group: str
    start: MeasuredStart
    measured: float
    predicted: Estimate

    @property
    def inside(self) -> bool:
        """Whether the truth lies between low and high."""
        return self.predicted.low <= self.measured <= self.predicted.high

    @property
    def error(self) -> float:
        """Of the likely value, absolute."""
        return abs(self.predicted.likely / self.measured - 1)

    @property
    def ratio(self) -> float:
        """High over low; a low of 0 counts as a thousandth of a GiB."""
        return self.predicted.high / max(self.predicted.low, GIB / 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOutFigures:
    """The results of one way of leaving out."""

    starts: int
    groups: int
    inside: int
    median_error: float
    group_error: float
    """Median of the groups' medians: the many starts of one card do not outweigh the others."""
    median_ratio: float
    worst: tuple[str, int, int]
    """The group with the smallest share inside: its name, starts inside, all its starts."""

    @property
    def coverage(self) -> float:
        """Share of the starts that lie inside."""
        return self.inside / self.starts


def left_out(starts: Sequence[MeasuredStart], key: GroupKey) -> list[JudgedStart]:
    """Predict every start by a calibration that saw no start with the same key."""
    learnt = [(key(start), kv_intervals.sized(kv_intervals.corrected(start))) for start in starts]
    judged = []
    for left in dict.fromkeys(group for group, _ in learnt):
        seen = [one for group, one in learnt if group != left]
        found = kv_intervals.outside(seen)
        share = kv_intervals.share(seen, found)
        for one in (kv_intervals.sized(start) for start in starts if key(start) == left):
            estimate = kv_intervals.predicted(one, found, share)
            judged.append(JudgedStart(left, one.start, one.measured, estimate))
    return judged


def figures(judged: Sequence[JudgedStart]) -> LeftOutFigures:
    """Errors and ratios cover starts that had a cache at all; one that failed for lack of memory counts as inside."""
    by_group: dict[str, list[JudgedStart]] = defaultdict(list)
    for one in judged:
        by_group[one.group].append(one)
    holding = [one for one in judged if one.measured > 0]
    medians = [
        statistics.median(one.error for one in members)
        for members in ([one for one in group if one.measured > 0] for group in by_group.values())
        if members
    ]
    held = {name: sum(one.inside for one in members) for name, members in by_group.items()}
    worst = min(by_group, key=lambda name: (held[name] / len(by_group[name]), name))
    return LeftOutFigures(
        starts=len(judged),
        groups=len(by_group),
        inside=sum(held.values()),
        median_error=statistics.median(one.error for one in holding),
        group_error=statistics.median(medians),
        median_ratio=statistics.median(one.ratio for one in holding),
        worst=(worst, held[worst], len(by_group[worst])),
    )
