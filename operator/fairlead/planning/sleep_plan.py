"""Which replicas sleep: how many of the wanted revision, which ones, and what that leaves for a rollout to plan.

A rollout plans only for replicas that are awake. If replicas are missing, sleepers wake before anything new is started,
since waking takes seconds; sleepers beyond the wanted number wake too, and are then removed as surplus. Sleepers of a
revision that is not wanted wake in the same way: they serve, or are removed first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from fairlead.fleet.rollouts import ReplicaStep, RevisionState, RolloutPlan, RolloutReplica, RolloutSnapshot
from fairlead.planning import rollback


@dataclass(frozen=True, slots=True, kw_only=True)
class SleepPlan:
    """Names of replicas, by what they should do."""

    stay: tuple[str, ...] = ()
    """They are asleep or falling asleep, and stay so."""
    fall: tuple[str, ...] = ()
    """They are awake and not needed, and should fall asleep."""
    wake: tuple[str, ...] = ()

    @property
    def sleepers(self) -> frozenset[str]:
        """All replicas that sleep once this is carried out."""
        return frozenset((*self.stay, *self.fall))


NO_SLEEP: Final = SleepPlan()


def plan_sleep(rollout: RolloutSnapshot, asleep: int, busy: Mapping[str, int], *, given_up: bool) -> SleepPlan:
    """Choose the replicas that sleep; `rollout.wanted` should be awake, `busy` has requests in flight by replica."""
    target = rollback.target_state(rollout)
    others = (each for each in rollout.revisions if each is not target or given_up)
    wake = tuple(one.name for each in others for one in _live(each) if one.asleep)
    if target is None or given_up:
        return SleepPlan(wake=wake)
    sleepers = sorted(one.name for one in _live(target) if one.asleep)
    serving = [one for one in _live(target) if not one.asleep and one.ready_since is not None]
    missed = max(0, rollout.desired_replicas - len(serving), len(sleepers) - asleep)
    staying = tuple(sleepers[missed:])
    spare = 0 if missed else min(len(serving) - rollout.desired_replicas, asleep - len(staying))
    proved = sorted((one for one in serving if one.routable is not False), key=_newest_first)
    fall = sorted((one.name for one in proved), key=lambda name: busy.get(name, 0))[: max(0, spare)]
    return SleepPlan(stay=staying, fall=tuple(fall), wake=(*wake, *sleepers[:missed]))


def awake(rollout: RolloutSnapshot, asleep: int, plan: SleepPlan) -> RolloutSnapshot:
    """Return the snapshot for a rollout to plan; sleepers still missing start as replicas that are awake."""
    sleepers = plan.sleepers
    without = tuple(_without(each, sleepers) if each.name == rollout.target else each for each in rollout.revisions)
    return replace(
        rollout, desired_replicas=rollout.desired_replicas + max(0, asleep - len(sleepers)), revisions=without
    )


def with_sleepers(plan: RolloutPlan, target: str, sleep_plan: SleepPlan) -> RolloutPlan:
    """Return the plan with the sleepers added again, since a Deployment's count includes them."""
    step, count = plan.step, len(sleep_plan.sleepers)
    if not (count and isinstance(step, ReplicaStep) and step.revision == target):
        return plan
    because = f"{step.because}; {count} more asleep"
    return replace(plan, step=replace(step, replicas=step.replicas + count, because=because))


def _newest_first(replica: RolloutReplica) -> tuple[float, str]:
    """Sort newest first: sleep empties the KV cache, and the newest holds least; one that just woke is not newest."""
    return -replica.ready_since.timestamp() if replica.ready_since else 0.0, replica.name


def _live(state: RevisionState) -> tuple[RolloutReplica, ...]:
    return tuple(one for one in state.replicas if not one.ending)


def _without(state: RevisionState, sleepers: frozenset[str]) -> RevisionState:
    rest = tuple(one for one in state.replicas if one.name not in sleepers)
    return replace(state, replicas=rest, requested=max(0, state.requested - len(sleepers)))
