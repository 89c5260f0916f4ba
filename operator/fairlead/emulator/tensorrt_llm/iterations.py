"""Iteration statistics: what the scheduler reports about each step; the metrics page shows those of the last one.

`_torch/pyexecutor/py_executor.py` counts requests when a step begins and the cache when it has ended, and makes no step
without requests. So the last statistic before it is idle still counts the requests that ended with it.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

MOST: Final = 1000
"""Maximum statistics kept for a reader (simulated)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IterationStatistics:
    """Statistics of one step."""

    number: int
    running: int
    waiting: int
    completed: int
    max_running: int
    prompts: int
    """Prompts with tokens computed in this step."""
    decodes: int
    blocks: int
    used: int
    block_tokens: int

    @property
    def json_object(self) -> dict[str, Any]:
        """As in `/metrics`, as far as it is known."""
        return {
            "iter": self.number,
            "numActiveRequests": self.running,
            "numQueuedRequests": self.waiting,
            "numCompletedRequests": self.completed,
            "maxNumActiveRequests": self.max_running,
            "kvCacheStats": {
                "maxNumBlocks": self.blocks,
                "freeNumBlocks": self.blocks - self.used,
                "usedNumBlocks": self.used,
                "tokensPerBlock": self.block_tokens,
            },
            "inflightBatchingStats": {
                "numScheduledRequests": self.prompts + self.decodes,
                "numContextRequests": self.prompts,
                "numGenRequests": self.decodes,
                "numPausedRequests": 0,
            },
        }


@dataclass(slots=True)
class IterationBuffer:
    """Passes statistics to the metrics page when a request ends, and to the first reader of `/metrics`."""

    made: deque[IterationStatistics] = field(default_factory=lambda: deque(maxlen=MOST))
    collected: deque[IterationStatistics] = field(default_factory=lambda: deque(maxlen=MOST))
    last: IterationStatistics | None = None
    """What the metrics page shows."""

    def collect(self) -> None:
        """Collect the statistics so far, when a request has ended."""
        if self.made:
            self.last = self.made[-1]
        self.collected += self.made
        self.made.clear()

    def taken(self) -> list[dict[str, Any]]:
        """Return and clear the unread ones; a second reader gets none."""
        found = [one.json_object for one in self.collected]
        self.collected.clear()
        return found
