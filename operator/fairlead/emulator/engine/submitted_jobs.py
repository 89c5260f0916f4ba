"""A job in the engine: each sequence is a scheduler request, and a listener gets its tokens."""

from collections.abc import Callable
from dataclasses import dataclass, field

from fairlead.emulator.surface.jobs import EngineJob, JobEnding, JobListener, SequenceTimes
from fairlead.simulator.engine.requests import EngineRequest, EngineRequestStatus


@dataclass(slots=True, eq=False, kw_only=True)
class RunningSequence(EngineRequest):
    """A scheduler request with a reference to its job."""

    job: "SubmittedJob" = field(repr=False)
    index: int
    """Its index among the sequences of its job."""
    came: float
    """When the server had read it, by the wall clock; the scheduler uses `arrived`."""
    max_tokens: int
    last_token: float = 0.0
    """When its last token was emitted, by the wall clock."""
    begun: float = 0.0
    """When its first token was emitted."""
    salt: str | None = None


class SubmittedJob:
    """An accepted job, until all its sequences have ended."""

    __slots__ = ("_drop", "cached_tokens", "job", "left", "listener", "over", "runs", "times")

    def __init__(self, job: EngineJob, listener: JobListener, drop: "Callable[[SubmittedJob], None]") -> None:
        self.job = job
        self.listener = listener
        self.runs: list[RunningSequence] = []
        self.left = len(job.sequences)
        self.over = False
        """Whether the listener gets nothing more."""
        self.cached_tokens = [0] * self.left
        self.times: SequenceTimes | None = None
        self._drop = drop

    def cancel(self) -> None:
        """Free everything after the client has disconnected."""
        if not self.over:
            self.over = True
            self._drop(self)

    def end(self, ending: JobEnding) -> None:
        """End the job on the engine's side; the listener is called at most once."""
        if not self.over:
            self.over = True
            self.listener.on_end(ending)

    @property
    def unfinished(self) -> list[RunningSequence]:
        """The sequences that the scheduler still holds."""
        return [sequence for sequence in self.runs if sequence.status is not EngineRequestStatus.ENDED]
