"""One rank's counts, and what each event of a request's life adds to them.

Gauges have the values of the last step: they do not change between steps or during sleep. Each kind of engine counts
more in a subclass.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fairlead.emulator.engine.submitted_jobs import RunningSequence, SubmittedJob
from fairlead.simulator.engine.batch import StepBatch
from fairlead.simulator.engine.requests import FinishReason


@dataclass(slots=True, kw_only=True)
class StepGauges:
    """The values of the gauges after one step."""

    running: int = 0
    waiting: int = 0
    deferred: int = 0
    usage: float = 0.0


@dataclass(slots=True)
class FinishedSequence:
    """What the histograms record about one finished sequence; all in seconds by the server's clock."""

    finish: str
    now: float
    queue: float
    """From arrival to the first step."""
    prefill: float
    """From the first step to the first token."""


@dataclass(slots=True)
class RankTally:
    """Counts since the start, and the gauges of the last step."""

    gauges: StepGauges = field(default_factory=StepGauges)
    prompt_tokens: int = 0
    cached_tokens: int = 0
    loaded_tokens: int = 0
    """How many of these were loaded from main memory."""
    generation_tokens: int = 0
    finished: dict[str, int] = field(default_factory=dict)
    adapters: dict[str, float] = field(default_factory=dict)
    """Sets of running adapters, with the time each set last ran."""

    def stepped(self, batch: StepBatch, generated: int) -> None:  # noqa: ARG002 - for subclasses
        """Count one step's computed and generated tokens."""
        self.generation_tokens += generated

    def first(self, sequence: RunningSequence, now: float) -> None:  # noqa: ARG002 - for subclasses
        """Count a prompt at its first token."""
        self.prompt_tokens += sequence.prompt_tokens
        self.cached_tokens += sequence.cached_tokens
        self.loaded_tokens += sequence.loaded_tokens

    def later(self, gap: float, times: int) -> None:
        """Count an inter-token latency shared by `times` outputs."""

    def ended(self, sequence: RunningSequence, finished: FinishedSequence) -> None:  # noqa: ARG002 - for subclasses
        """Count a completed sequence; one whose client disconnected is not counted."""
        self.finished[finished.finish] = self.finished.get(finished.finish, 0) + 1

    def taken(self) -> Sequence[dict[str, Any]]:
        """Return and clear statistics of steps; most kinds keep none."""
        return ()

    def aborted(self, sequences: int) -> None:
        """Count sequences that the engine itself ended early."""
        self.finished[FinishReason.ABORT] = self.finished.get(FinishReason.ABORT, 0) + sequences

    def answered(self, job: SubmittedJob) -> None:
        """Count a job whose sequences have all completed."""
