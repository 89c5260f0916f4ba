"""Which revision a rollout works towards: the target, or the fallback while the target is given up.

Deadlines and back-offs follow from observed facts alone: a failure is recorded on the revision that failed.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from fairlead.fleet.rollouts import RevisionFailure, RevisionState, RolloutSnapshot

SHORTEST_BACK_OFF: Final = timedelta(minutes=10)
"""A large model takes this long to load: more frequent retries would keep GPUs busy with failing starts."""
LONGEST_BACK_OFF: Final = timedelta(hours=6)
"""A cause that was fixed outside the cluster (a hub, a registry) is noticed the same working day."""
_DOUBLINGS: Final = 16
"""More doublings than the longest back-off ever needs; keeps the product within a timedelta's range."""


def fallback(rollout: RolloutSnapshot) -> RevisionState | None:
    """Return, of the other revisions that served, one not given up, then one with replicas, then the newest."""
    served = [each for each in rollout.revisions if each.served and each.name != rollout.target]
    return max(served, key=_preference, default=None)


def allowed_fallback(rollout: RolloutSnapshot) -> RevisionState | None:
    """Return the fallback, as long as the target may be given up for it.

    The target may be given up while the fallback still has replicas requested or, if the target never served, while the
    fallback exists. So a revision that took over completely is never given up because more replicas of it are requested
    later.
    """
    best, target = fallback(rollout), target_state(rollout)
    return best if best and (best.requested or not (target and target.served)) else None


def target_state(rollout: RolloutSnapshot) -> RevisionState | None:
    """Return the target as observed; None while it does not exist."""
    return next((each for each in rollout.revisions if each.name == rollout.target), None)


def current(rollout: RolloutSnapshot, now: datetime) -> str:
    """Return the revision to work towards: the target, unless it is given up for now and another revision served."""
    best, retry = fallback(rollout), retry_at(rollout)
    given_up = is_rejected(rollout) or (retry is not None and now < retry)
    return best.name if best and given_up else rollout.target


def is_rejected(rollout: RolloutSnapshot) -> bool:
    """Whether a gate or a person rejected the target since the spec last came to name it."""
    failure = _failure_of_target(rollout)
    return failure is not None and failure.rejected


def retry_at(rollout: RolloutSnapshot) -> datetime | None:
    """Return when a target that was given up is retried; never automatically if it was rejected."""
    failure = _failure_of_target(rollout)
    if failure is None or failure.rejected:
        return None
    return failure.at + back_off(failure, rollout.rules.progress_deadline_seconds)


def back_off(failure: RevisionFailure, deadline_seconds: int) -> timedelta:
    """Return how long a failed revision is not retried: twice as long after each failure.

    The deadline of that failure counts if it was recorded: one raised since would only postpone the retry.
    """
    deadline = failure.deadline_seconds or deadline_seconds
    wait = timedelta(seconds=deadline * 2 ** min(failure.times, _DOUBLINGS))
    return min(max(wait, SHORTEST_BACK_OFF), LONGEST_BACK_OFF)


def due(rollout: RolloutSnapshot, target: RevisionState) -> datetime:
    """Return when the target is given up, unless it makes progress before."""
    return max(_moves(rollout, target)) + timedelta(seconds=rollout.rules.progress_deadline_seconds)


def failed(target: RevisionState, now: datetime) -> RevisionFailure:
    """Return the failure to record on a target that is given up now."""
    before = _failure(target)
    return RevisionFailure(at=now, times=before.times + 1 if before else 1)


def _preference(revision: RevisionState) -> tuple[bool, bool, datetime, str]:
    return revision.failure is None, revision.requested > 0, revision.created_at, revision.name


def _failure(target: RevisionState) -> RevisionFailure | None:
    """Return the failure that counts: one from before the spec last came to name this revision is ignored."""
    failure = target.failure
    wanted_again = failure and target.wanted_since and failure.at < target.wanted_since
    return None if wanted_again else failure


def _failure_of_target(rollout: RolloutSnapshot) -> RevisionFailure | None:
    """Return the failure that counts, unless a person has asked for a retry since."""
    target, retried = target_state(rollout), rollout.canary.retried_at if rollout.canary else None
    failure = _failure(target) if target else None
    return None if failure and retried and failure.at <= retried else failure


def _moves(rollout: RolloutSnapshot, target: RevisionState) -> Iterable[datetime]:
    """Return every moment that counts as progress, including the end of a back-off."""
    step = rollout.canary.since if rollout.canary else None
    moments = (target.created_at, target.wanted_since, target.grown_at, step, retry_at(rollout))
    ready = (replica.ready_since for replica in target.replicas if not replica.ending)
    return (moment for moment in (*moments, *ready) if moment is not None)
