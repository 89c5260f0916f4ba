"""Runs whose verdict is no longer needed, until their pods have ended: each beside the others, and again after a pause.

A namespace that refuses the deletion of its pods, or lets it hang, delays no other run.
"""

import asyncio
import logging
from dataclasses import dataclass
from math import inf
from typing import Final

from fairlead.cluster.api_errors import ApiError
from fairlead.cluster.fencing import NotLeading
from fairlead.controller.evaluations.runner_run import RunnerRun

FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0

log = logging.getLogger("fairlead.evaluations")


@dataclass(slots=True, eq=False)
class _DroppedRun:
    run: RunnerRun
    pause_s: float
    not_before: float = -inf
    """The next attempt, on the event loop's clock."""
    ending: asyncio.Task[None] | None = None


class DroppedRuns:
    """All of one process."""

    def __init__(self) -> None:
        self._left: list[_DroppedRun] = []

    def add(self, run: RunnerRun) -> None:
        """Have the pod of a run ended."""
        self._left.append(_DroppedRun(run, FIRST_PAUSE_S))

    def end_due(self) -> None:
        """Begin to end those that are due; one that may still create a pod waits until it has."""
        now = asyncio.get_running_loop().time()
        for one in self._left:
            if one.ending is None and now >= one.not_before and not one.run.is_advancing:
                one.ending = asyncio.create_task(self._end(one), name="evaluation dropped")

    async def end(self) -> None:
        """Try to end all at once, whenever they are due."""
        for one in self._left:
            one.not_before = -inf
        self.end_due()
        await asyncio.gather(*(one.ending for one in self._left if one.ending is not None))

    async def cancel(self) -> None:
        """Stop what is in flight; a restarted operator finds the pods again."""
        ending = [one.ending for one in self._left if one.ending is not None]
        for one in ending:
            one.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    async def _end(self, dropped: _DroppedRun) -> None:
        try:
            await dropped.run.close()
        except (ApiError, NotLeading) as problem:
            log.warning("a pod of an evaluation could not be ended yet: %s", problem)
        except Exception:  # a bug that one run brings to light must not keep the pods of others
            log.exception("an internal error of Fairlead in an evaluation; please report it")
        else:
            self._left.remove(dropped)
            return
        dropped.not_before = asyncio.get_running_loop().time() + dropped.pause_s
        dropped.pause_s = min(2 * dropped.pause_s, LONGEST_PAUSE_S)
        dropped.ending = None
