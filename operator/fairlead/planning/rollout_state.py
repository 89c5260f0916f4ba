"""The input of a rollout's rules, counted once: the current revision, the older ones, and how many may go or come.

Floor and budget are computed here, so that no rule computes its own.
"""

from dataclasses import dataclass
from datetime import datetime

from fairlead.fleet.rollouts import CanaryLimit, RolloutSnapshot
from fairlead.planning import revision_counts, rollback
from fairlead.planning.revision_counts import RevisionCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutState:
    """One rollout at one moment."""

    rollout: RolloutSnapshot
    now: datetime
    current: RevisionCounts
    """The revision that the rollout works towards."""
    others: tuple[RevisionCounts, ...]
    """All other revisions, in the order in which they give up replicas."""
    fallback: RevisionCounts | None
    """The fallback among the others: the revision that the target would be given up for."""

    @property
    def wanted(self) -> int:
        """Wanted replicas over all revisions."""
        return self.rollout.desired_replicas

    @property
    def floor(self) -> int:
        """How many replicas must stay available."""
        return max(0, self.wanted - self.rollout.rules.max_unavailable)

    @property
    def spare(self) -> int:
        """How many available replicas may be removed now."""
        return max(0, sum(each.promised for each in self.all) - self.floor)

    @property
    def ceiling(self) -> int:
        """The most replicas allowed."""
        return self.wanted + self.rollout.rules.max_surge

    @property
    def budget(self) -> int:
        """How many more replicas may be requested before too many GPUs are taken.

        If no other revision is left and the room on the nodes is known, ending replicas do not count: that room already
        excludes their GPUs, and a burst cannot wait for the last stream of a draining replica.
        """
        ending = self.current.ending if self.alone and self.rollout.room.replicas is not None else 0
        return max(0, self.ceiling - sum(each.occupied for each in self.all) + ending)

    @property
    def excess(self) -> int:
        """How many replicas are requested beyond the ceiling."""
        return sum(each.requested for each in self.all) - self.ceiling

    @property
    def all(self) -> tuple[RevisionCounts, ...]:
        """Every revision, the current one last."""
        return (*self.others, self.current)

    @property
    def returning(self) -> bool:
        """Whether the target is given up for now."""
        return self.current.name != self.rollout.target

    @property
    def paused(self) -> bool:
        """Whether the mix of revisions stays as it is; a target that was rejected is left even during a pause."""
        left = self.returning and rollback.is_rejected(self.rollout)
        return self.rollout.rules.paused and not left

    @property
    def alone(self) -> bool:
        """Whether no replica of any other revision is left."""
        return all(each.gone for each in self.others)

    @property
    def unproven(self) -> bool:
        """Whether no replica of the target is available while a fallback exists: then it gets few replicas."""
        return self.fallback is not None and self.current.available == 0

    @property
    def kept(self) -> int:
        """How many replicas older revisions keep for an unproven target: at least those that must be available."""
        return self.floor if self.unproven else 0

    @property
    def trial(self) -> CanaryLimit | None:
        """What the current revision may have, while it is the target and on trial."""
        return None if self.returning else self.rollout.canary

    @property
    def extra(self) -> int:
        """Replicas beyond the wanted number during a trial, so that the older revisions keep all of theirs."""
        return self.rollout.rules.max_surge if self.trial else 0

    @property
    def max_on_trial(self) -> int:
        """How many replicas a target on trial may have: one of the older revisions always stays."""
        if self.trial is None:
            return self.wanted
        return max(0, min(self.trial.replicas, self.wanted, self.wanted + self.extra - 1))

    @property
    def kept_on_trial(self) -> int:
        """How many replicas the older revisions should have while the target is on trial."""
        return self.wanted - max(0, self.max_on_trial - self.extra) if self.trial else 0

    @property
    def diverting(self) -> bool:
        """Whether routers may still send conversations to a rejected target."""
        return self.returning and self.rollout.canary is not None and self.rollout.canary.diverting

    @property
    def goal(self) -> int:
        """How many replicas the current revision should have for now.

        An unproven target is tried on no more than surge and unavailability allow, and gets what is wanted beyond the
        older revisions, which keep what they have and never grow.
        """
        if not self.unproven:
            return self.max_on_trial
        rules = self.rollout.rules
        tried = max(1, rules.max_surge + rules.max_unavailable)
        return min(self.max_on_trial, max(tried, self.wanted - sum(each.requested for each in self.others)))

    @property
    def complete(self) -> bool:
        """Whether the current revision alone serves everything that is wanted."""
        return self.current.exists and self.alone and self.current.requested == self.wanted <= self.current.available


def of(rollout: RolloutSnapshot, now: datetime) -> RolloutState:
    """Count everything once."""
    rules = rollout.rules
    seen = {each.name: revision_counts.of(each, rules.min_ready_seconds, now) for each in rollout.revisions}
    name, best = rollback.current(rollout, now), rollback.fallback(rollout)
    fallback = rollback.allowed_fallback(rollout) if name == rollout.target else None
    others = [each for each in seen.values() if each.name != name]
    others.sort(key=lambda each: (each.revision.created_at, each.name), reverse=True)
    others.sort(key=lambda each: (best is not None and each.name == best.name, each.revision.served))
    return RolloutState(
        rollout=rollout,
        now=now,
        current=seen.get(name) or revision_counts.absent(name, now),
        others=tuple(others),
        fallback=seen[fallback.name] if fallback else None,
    )
