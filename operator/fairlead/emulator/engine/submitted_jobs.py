"""One sequence of a job while the engine works on it: the scheduler's request, and whom to tell."""

from collections.abc import Callable
from dataclasses import dataclass, field

from fairlead.emulator.surface.jobs import EngineJob, JobEnding, JobListener, SequenceTimes
from fairlead.simulator.engine.requests import EngineRequest, EngineRequestStatus


@dataclass(slots=True, eq=False, kw_only=True)
class RunningSequence(EngineRequest):
    """A request of the scheduler that knows its feed."""

    feed: "SubmittedJob" = field(repr=False)
    index: int
    """Which sequence of its job."""
    came: float
    """When the server had read it: the clock's time, where `arrived` is the engine's."""
    max_tokens: int
    told: float = 0.0
    """When its last token was told, by the clock."""
    begun: float = 0.0
    """When its first token was told."""
    salt: str | None = None


class SubmittedJob:
    """A job that the engine took, until each of its sequences has ended."""

    __slots__ = ("_drop", "cached_tokens", "job", "left", "listener", "over", "runs", "times")

    def __init__(self, job: EngineJob, listener: JobListener, drop: "Callable[[SubmittedJob], None]") -> None:
        self.job = job
        self.listener = listener
        self.runs: list[RunningSequence] = []
        self.left = len(job.sequences)
        self.over = False
        """Nobody is to be told anything more."""
        self.cached_tokens = [0] * self.left
        self.times: SequenceTimes | None = None
        self._drop = drop

    def cancel(self) -> None:
        """The client is gone."""
        if not self.over:
            self.over = True
            self._drop(self)

    def end(self, ending: JobEnding) -> None:
        """From below; said once."""
        if not self.over:
            self.over = True
            self.listener.on_end(ending)

    @property
    def unfinished(self) -> list[RunningSequence]:
        """Those that the scheduler still knows."""
        return [run for run in self.runs if run.standing is not EngineRequestStatus.ENDED]
