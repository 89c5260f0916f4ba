"""Recommendations in order, as a watch of the object receives them: polling would add its own pauses."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from types import TracebackType
from typing import Final, Self

from devcluster.kubectl_watch import KubectlWatch
from tests import worlds
from tests.node.serving.scaling.fleets import NAME
from tests.node.stories import Stage
from tests.waiting import eventually

TEMPLATE: Final = "{.object.status.scaling.recommended} {.object.status.scaling.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CountChange:
    """One change of the count."""

    at: float
    """By the monotonic clock of this machine."""
    replicas: int
    reason: str


class Trail:
    """Every count that was recommended while the block lasts."""

    def __init__(self, stage: Stage) -> None:
        words = ("infd", NAME, f"--namespace={stage.namespace}")
        self._watch = KubectlWatch(worlds.kubectl_of(stage.door), stage.door.kubeconfig, words, TEMPLATE)

    def __enter__(self) -> Self:
        """Records the current count first."""
        self._watch.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watch.__exit__(kind, problem, trace)

    @property
    def changes(self) -> list[CountChange]:
        """In order."""
        found: list[CountChange] = []
        for at, count, reason in self._recommendations():
            if not found or found[-1].replicas != count:
                found.append(CountChange(at=at, replicas=count, reason=reason))
        return found

    def _recommendations(self) -> Iterator[tuple[float, int, str]]:
        """Moment, count and reason of every event that has them."""
        for line in tuple(self._watch.lines):
            count, _, reason = line.text.partition(" ")
            if count.isdigit():
                yield line.at, int(count), reason

    def reasons(self, replicas: int) -> set[str]:
        """The reasons given while this many were recommended."""
        return {reason for _, count, reason in self._recommendations() if count == replicas}

    @property
    def counts(self) -> list[int]:
        """The numbers alone."""
        return [one.replicas for one in self.changes]

    def next_after(self, moment: float, least: int, within_s: float = 60.0) -> CountChange:
        """The first change to at least this many that was received after a moment."""
        found = eventually(
            lambda: [one for one in self.changes if one.at >= moment and one.replicas >= least],
            f"a recommendation of {least} or more; heard so far: {self.counts}",
            within_s,
        )
        return found[0]

    def counts_before(self, moment: float) -> list[int]:
        """The counts received before a moment in seconds since 1970."""
        until = time.monotonic() - (time.time() - moment)
        return [one.replicas for one in self.changes if one.at < until]

    @property
    def reversals(self) -> int:
        """How often it switched between growing and shrinking."""
        steps = [after - before for before, after in pairwise(self.counts)]
        return sum(one * other < 0 for one, other in pairwise(steps))
