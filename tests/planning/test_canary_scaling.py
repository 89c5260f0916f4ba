"""A canary of a deployment that is scaled meanwhile: what it waits for, and what the new revision may have."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fairlead.fleet.canaries import CanaryFacts, CanaryGate, CanaryPhase, CanaryPlan, CanaryStep, UndecidedAction
from fairlead.fleet.desired_state import DesiredRollout
from fairlead.fleet.gate_verdicts import Verdict
from fairlead.fleet.rollouts import RolloutSnapshot
from fairlead.planning import canary
from tests.planning.trials import NO_SPARE, ONE_SPARE, PLAN, reason, trial

MANUAL = CanaryPlan(steps=(CanaryStep(traffic=5, gates=(CanaryGate.MANUAL,)), CanaryStep(replicas=2, traffic=50)))
BY_TIME = CanaryPlan(steps=(CanaryStep(traffic=10, hold_seconds=600), CanaryStep(traffic=50, hold_seconds=600)))


def test_one_replica_without_a_spare_waits_for_a_second_one() -> None:
    made = trial(wanted=1).run(10)
    assert made.counts == {"a": (1, 1), "b": (0, 0)}
    assert reason(made) == "a canary without a spare accelerator needs 2 replicas, and 1 replica is desired"
    made.rollout = replace(made.rollout, desired_replicas=2)
    made.run(6)
    assert made.counts == {"a": (1, 1), "b": (1, 1)}


def test_a_canary_of_one_replica_with_one_spare_runs_beside_the_old_one() -> None:
    assert trial(wanted=1, rules=ONE_SPARE).run(6).counts == {"a": (1, 1), "b": (1, 1)}


def test_with_a_spare_it_waits_for_a_first_replica_for_as_long_as_none_is_wanted() -> None:
    """A change made while a deployment is scaled to zero is tried when requests come, a week later too."""
    made = trial(wanted=1, rules=ONE_SPARE, plan=replace(PLAN, start_within_seconds=3600.0))
    made.facts = replace(made.facts, spared=False)
    made.rollout = replace(made.rollout, desired_replicas=0)
    made.run(70)
    assert made.phase is CanaryPhase.WAITING
    assert made.counts == {"a": (0, 0), "b": (0, 0)}
    made.rollout = replace(made.rollout, desired_replicas=1)
    assert made.run(6).counts == {"a": (1, 1), "b": (1, 1)}


def test_scaling_down_mid_canary_never_leaves_only_the_new_revision() -> None:
    made = trial(plan=MANUAL).run(5)
    made.rollout = replace(made.rollout, desired_replicas=1)
    made.run(10)
    assert made.counts == {"a": (1, 1), "b": (0, 0)}


@pytest.mark.parametrize(("wanted", "rules"), [(1, NO_SPARE), (0, NO_SPARE), (0, ONE_SPARE)])
def test_a_revision_that_may_have_no_replica_is_not_promoted_by_time_alone(wanted: int, rules: DesiredRollout) -> None:
    """An autoscaler that scales in before the new replica is ready would have an image that never ran take over."""
    made = trial(rules=rules, plan=BY_TIME).until(lambda at: at.phase is CanaryPhase.STEPPING)
    made.rollout = replace(made.rollout, desired_replicas=wanted)
    for at in made.rounds(200):
        assert (at.phase, at.percent) == (CanaryPhase.STEPPING, 0)
    assert made.counts == {"a": (wanted, wanted), "b": (0, 0)}
    made.rollout = replace(made.rollout, desired_replicas=3)
    shares = [at.percent for at in made.rounds(40)]
    assert list(dict.fromkeys(shares)) == [0, 10, 50, None]


def with_b(rollout: RolloutSnapshot, *, routable: bool) -> RolloutSnapshot:
    """Whether replicas of revision b answer."""
    return replace(
        rollout,
        revisions=tuple(
            replace(each, replicas=tuple(replace(one, routable=routable) for one in each.replicas))
            if each.name == "b"
            else each
            for each in rollout.revisions
        ),
    )


def test_a_revision_whose_replicas_have_stopped_is_not_promoted_by_time_alone() -> None:
    """Promoted, it would have been started again and again on all replicas, as one that no gate has judged."""
    made = trial(plan=BY_TIME).until(lambda at: at.percent == 50)
    for _ in range(12):
        made.rollout = with_b(made.rollout, routable=False)
        made.tick()
        made.now += timedelta(minutes=1)
    assert made.stored is not None
    assert made.phase is CanaryPhase.STEPPING
    found = canary.limit(made.stored, CanaryFacts(wanted=3), made.now, diverted=True)
    assert found is not None
    assert found.because == "step 2 of 2: no replica of b serves now; it goes on once one does"
    made.rollout = with_b(made.rollout, routable=True)
    made.until(lambda at: at.phase is CanaryPhase.PROMOTED)


def test_a_step_whose_replicas_were_scaled_away_says_so_and_begins_again_with_them() -> None:
    rolls_back = replace(PLAN, undecided=UndecidedAction.ROLL_BACK, undecided_seconds=3600.0)
    made = trial(plan=rolls_back).until(lambda at: at.percent == 5)
    made.rollout = replace(made.rollout, desired_replicas=1)
    made.run(100)
    assert reason(made) == (
        "step 2 of 3: a canary without a spare accelerator needs 2 replicas, and 1 replica is desired"
    )
    made.rollout = replace(made.rollout, desired_replicas=3)
    made.until(lambda at: at.percent == 5).run(50)
    assert made.phase is CanaryPhase.STEPPING, "the night without a replica decides nothing"
    made.judge(Verdict.PASSED)
    made.until(lambda at: at.phase is CanaryPhase.PROMOTED)


def test_scaling_up_mid_canary_adds_replicas_of_the_old_revision() -> None:
    made = trial(plan=MANUAL).run(5)
    made.rollout = replace(made.rollout, desired_replicas=5)
    made.run(5)
    assert made.counts == {"a": (4, 4), "b": (1, 1)}
