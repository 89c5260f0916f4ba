"""What the loop keeps about one deployment between rounds; dropped with the deployment."""

import asyncio
from dataclasses import dataclass
from typing import Final

from fairlead.autoscaler import memory_store, scaling_status
from fairlead.autoscaler.decision_facts import ScalingCase
from fairlead.autoscaler.scaling_spec import ScalingSpec
from fairlead.autoscaler.scaling_status import ScalingFields
from fairlead.cluster import store
from fairlead.cluster.kinds import Manifest
from fairlead.scaling.decide.scaling_state import ScalingState
from fairlead.scaling.explain.decision_record import DecisionRecord

LONGEST_PAUSE_S: Final = 30.0


@dataclass(slots=True, kw_only=True)
class DeploymentLoopState:
    """The state of one deployment, as long as this process decides it."""

    uid: str
    since: float
    """When this process began to decide it."""
    generation: int = -1
    subject: ScalingSpec | None = None
    followed: ScalingCase | None = None
    """The last case with a usable policy: its pods are scraped on while a round leaves the deployment out."""
    memory: ScalingState | None = None
    """None until earlier estimates have been read."""
    record: DecisionRecord | None = None
    """The last whole decision."""
    written: ScalingFields | None = None
    """The fields of our last write, used until the watch has delivered them."""
    written_version: int = -1
    """The object's version that has them."""
    failures: int = 0
    not_before: float = 0.0
    """No write before this time, after a failed one."""
    kept: ScalingState | None = None
    """What was last saved; None while that is unknown, so that nothing may be saved over it."""
    kept_at: float = 0.0
    task: asyncio.Task[None] | None = None
    """The write in flight; there is one at a time."""
    bugs: int = 0
    """Decisions in a row that raised."""

    @property
    def is_writing(self) -> bool:
        """Whether the last write is still in flight."""
        return self.task is not None and not self.task.done()

    @property
    def recommended(self) -> int | None:
        """The last recommendation, if the policy is active."""
        record = self.record
        return record.recommendation.replicas if record is not None and record.facts.policy.active else None

    @property
    def learnt_more(self) -> bool:
        """Whether there is something to save."""
        if self.memory is None or self.kept is None:
            return False
        return memory_store.lasting(self.memory) != self.kept

    def before(self, document: Manifest) -> ScalingFields:
        """Return the stored fields, or our own last write until the watch has delivered it: a difference after that
        comes from another process."""
        if self.written is not None and store.version_of(document) < self.written_version:
            return self.written
        return scaling_status.stored(document)

    def follow_clock(self, now: float) -> None:
        """Keep no time after the present: a clock that steps back would stop decisions and writes for its step."""
        self.since, self.kept_at = min(self.since, now), min(self.kept_at, now)
        self.not_before = min(self.not_before, now + LONGEST_PAUSE_S)

    def wrote(self, found: ScalingFields, version: int) -> None:
        """Record a write that succeeded, and the version that the object has since."""
        self.written, self.written_version, self.failures = found, version, 0

    def failed(self, now: float) -> None:
        """Record a write that failed; each retry waits longer, since the cause seldom passes quickly."""
        self.failures += 1
        self.not_before = now + min(LONGEST_PAUSE_S, 2.0 ** min(self.failures, 5))
