"""The number of replicas over time, and how far two such courses are apart."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A count that changes at moments; each value holds until the next."""

    moments: tuple[tuple[float, int], ...]
    """Sorted by time, the first at 0 seconds."""

    @classmethod
    def of(cls, first: int, changes: Iterable[tuple[float, int]]) -> Self:
        """Build from a first count; changes before 0 seconds replace the first count."""
        moments = [(0.0, first)]
        for at, count in sorted(changes, key=lambda one: one[0]):
            if at <= 0:
                moments = [(0.0, count)]
            elif count != moments[-1][1]:
                moments.append((at, count))
        return cls(moments=tuple(moments))

    def at(self, moment: float) -> int:
        """The count at this moment."""
        return [count for since, count in self.moments if since <= moment][-1]

    def seconds(self, until: float) -> float:
        """Replica-seconds."""
        return sum(count * (after - at) for at, after, count in self._spans(until))

    def apart(self, other: "Course", until: float) -> float:
        """Replica-seconds by which they differ, in either direction, as a share of this one's."""
        edges = sorted({at for one in (self, other) for at, _ in one.moments if at < until} | {until})
        differing = sum(abs(self.at(at) - other.at(at)) * (after - at) for at, after in pairwise(edges))
        return differing / self.seconds(until)

    def _spans(self, until: float) -> Iterable[tuple[float, float, int]]:
        ends = [at for at, _ in self.moments[1:]] + [until]
        return (
            (at, min(after, until), count) for (at, count), after in zip(self.moments, ends, strict=True) if at < until
        )

    def __str__(self) -> str:
        """Minutes and counts."""
        return ", ".join(f"{at / 60:.1f} min {count}" for at, count in self.moments)
