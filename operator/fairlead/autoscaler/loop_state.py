"""What the loop keeps about one deployment from round to round; gone with the deployment."""

import asyncio
from dataclasses import dataclass
from typing import Final

from fairlead.autoscaler.scaling_spec import ScalingSpec
from fairlead.autoscaler.scaling_status import ScalingFields
from fairlead.scaling.decision_record import DecisionRecord
from fairlead.scaling.estimates import Estimates
from fairlead.scaling.scaling_state import ScalingState

ECHO_S: Final = 5.0
"""The watch brings our own write back well within this; what differs later was written by somebody else."""
LONGEST_PAUSE_S: Final = 30.0


@dataclass(slots=True, kw_only=True)
class DeploymentLoopState:
    """One deployment, as long as it is ours to decide."""

    uid: str
    since: float
    """When it became ours."""
    generation: int = -1
    subject: ScalingSpec | None = None
    memory: ScalingState | None = None
    """Nothing until it is known what was learnt before."""
    record: DecisionRecord | None = None
    """The last whole decision."""
    written: ScalingFields | None = None
    """What we last wrote, until it surely came back."""
    written_at: float = 0.0
    failures: int = 0
    not_before: float = 0.0
    """After a write that failed."""
    kept: Estimates | None = None
    """What was written down of what was learnt."""
    kept_at: float = 0.0
    task: asyncio.Task[None] | None = None
    """A write under way; one at a time."""
    bugs: int = 0
    """Decisions in a row that raised."""

    @property
    def is_writing(self) -> bool:
        """Whether the last write has not ended yet."""
        return self.task is not None and not self.task.done()

    @property
    def recommended(self) -> int | None:
        """What was recommended last to somebody who follows."""
        record = self.record
        return record.recommendation.replicas if record is not None and record.facts.policy.active else None

    @property
    def learnt_more(self) -> bool:
        """Whether there is anything to write down."""
        return self.memory is not None and self.memory.learnt != self.kept

    def before(self, stored: ScalingFields, now: float) -> ScalingFields:
        """What stands there: our own word until the watch has surely brought it."""
        if self.written is not None and now - self.written_at < ECHO_S:
            return self.written
        return stored

    def wrote(self, found: ScalingFields, now: float) -> None:
        """A write went well."""
        self.written, self.written_at, self.failures = found, now, 0

    def failed(self, now: float) -> None:
        """A write did not; it is tried again later each time, since the reason seldom goes by itself."""
        self.failures += 1
        self.not_before = now + min(LONGEST_PAUSE_S, 2.0 ** min(self.failures, 5))
