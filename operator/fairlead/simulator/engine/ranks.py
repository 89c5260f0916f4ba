"""The data-parallel ranks of one server: several schedulers, and vLLM's rule for which rank gets the next request.

The rule uses what each rank reported at the last full tenth of a second, and its exact number of requests now. Ranks
share nothing else: it is not modelled that ranks of a mixture of experts wait for each other in each step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.engine.steps import SchedulerRefusal

REPORT_EVERY_S: Final = 0.1
"""The coordinator's interval (vllm.md 1.3)."""
WAITING_WEIGHT: Final = 6
"""Extra weight of a waiting request per share of the KV cache held above one half."""
UNPENALISED_USAGE: Final = 0.5


@dataclass(slots=True)
class _ReportedLoad:
    """The load that one rank last reported."""

    running: int = 0
    waiting: int = 0
    usage: float = 0.0


class EngineRanks:
    """One server with several ranks, numbered as in vLLM's label `engine`."""

    __slots__ = ("_reported", "_reported_at", "cores")

    def __init__(self, cores: Sequence[EngineCore]) -> None:
        self.cores = tuple(cores)
        self._reported = [_ReportedLoad() for _ in cores]
        self._reported_at = -1
        """When the loads were last reported, in intervals since the start."""

    def choose(self, now: float) -> int:
        """Return the rank with the lowest score, the first of equal ones."""
        self._listen(now)
        return min(range(len(self.cores)), key=self._score)

    def add(self, request: EngineRequest, now: float, rank: int | None = None) -> SchedulerRefusal | None:
        """Add a request to the given rank, as with `X-data-parallel-rank`, or to the chosen one."""
        return self.cores[self.choose(now) if rank is None else rank].add(request)

    def _score(self, rank: int) -> float:
        core, reported = self.cores[rank], self._reported[rank]
        load = max(core.running + core.waiting, reported.running + reported.waiting)
        return load + reported.waiting * WAITING_WEIGHT * max(0.0, reported.usage - UNPENALISED_USAGE)

    def _listen(self, now: float) -> None:
        interval = int(now / REPORT_EVERY_S)
        if interval == self._reported_at:
            return
        self._reported_at = interval
        self._reported = [_ReportedLoad(core.running, core.waiting, core.usage) for core in self.cores]
