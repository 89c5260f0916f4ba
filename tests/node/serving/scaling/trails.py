"""What was recommended, one after the other, as a watch of the object hears it: polling would add its own pauses."""

import subprocess
import threading
import time
from dataclasses import dataclass
from itertools import pairwise
from types import TracebackType
from typing import Final, Self

from tests import worlds
from tests.node.serving.scaling.fleets import NAME
from tests.node.stories import Stage
from tests.waiting import eventually

WORDS: Final = "{.object.status.scaling.recommended} {.object.status.scaling.reason}{'\\n'}"


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
        words = ["get", "infd", NAME, "--watch", "--output-watch-events", "-o", f"jsonpath={WORDS}"]
        where = [f"--kubeconfig={stage.door.kubeconfig}", f"--namespace={stage.namespace}"]
        self._watch = subprocess.Popen(
            [str(worlds.kubectl_of(stage.door)), *where, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._changes: list[CountChange] = []
        self._thread = threading.Thread(target=self._listen, name="trail")

    def __enter__(self) -> Self:
        """The count that stands is heard first."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self._watch.kill()
        self._watch.communicate()
        self._thread.join()

    @property
    def counts(self) -> list[int]:
        """The numbers alone."""
        return [one.replicas for one in self._changes]

    def next_after(self, moment: float, least: int, within_s: float = 60.0) -> CountChange:
        """The first change to at least so many that was heard after a moment."""
        found = eventually(
            lambda: [one for one in list(self._changes) if one.at >= moment and one.replicas >= least],
            f"a recommendation of {least} or more; heard so far: {self.counts}",
            within_s,
        )
        return found[0]

    def counts_before(self, moment: float) -> list[int]:
        """The numbers that were heard before a moment in seconds since 1970."""
        until = time.monotonic() - (time.time() - moment)
        return [one.replicas for one in self._changes if one.at < until]

    @property
    def reversals(self) -> int:
        """How often it turned from growing to shrinking or back."""
        steps = [after - before for before, after in pairwise(self.counts)]
        return sum(one * other < 0 for one, other in pairwise(steps))

    def _listen(self) -> None:
        for line in self._watch.stdout or ():
            count, _, reason = line.strip().partition(" ")
            if count.isdigit() and (not self._changes or self._changes[-1].replicas != int(count)):
                self._changes.append(CountChange(at=time.monotonic(), replicas=int(count), reason=reason))
