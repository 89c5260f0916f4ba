"""A canary that users redirect, and its invariants: enough serve, and nothing extra is held."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.canaries import (
    CanaryFacts,
    CanaryGate,
    CanaryPhase,
    CanaryPlan,
    CanaryStep,
    CanaryVerb,
    UndecidedAction,
)
from fairlead.fleet.desired_state import DesiredRollout
from fairlead.fleet.gate_verdicts import Verdict
from fairlead.planning import canary
from tests.planning.states import T0
from tests.planning.trials import NO_SPARE, ONE_SPARE, PLAN, reason, trial, verdict

MANUAL = CanaryPlan(steps=(CanaryStep(traffic=5, gates=(CanaryGate.MANUAL,)), CanaryStep(replicas=2, traffic=50)))


def test_a_rejected_revision_starts_nothing_again_until_the_spec_changes() -> None:
    made = trial()
    made.judge(Verdict.FAILED)
    made.until(lambda at: at.phase is CanaryPhase.REJECTED).run(3)
    made.judge(Verdict.PASSED)
    for at in made.rounds(500):
        assert at.counts["b"][0] == 0
    made.edit("a")
    made.run(2)
    assert made.counts == {"a": (3, 3)}
    made.edit("b")
    made.until(lambda at: at.phase is CanaryPhase.PROMOTED)


def test_an_abort_keeps_the_old_revision_at_the_desired_count() -> None:
    """Argo's abort scaled stable to nothing (argo-rollouts#1292, #2050)."""
    made = trial(plan=MANUAL).run(4)
    made.order(CanaryVerb.ABORT)
    for at in made.rounds(10):
        assert at.counts["a"][1] >= 2
    assert made.counts == {"a": (3, 3), "b": (0, 0)}


def test_a_retry_begins_anew_and_remembers_no_verdict() -> None:
    """Argo's retry aborted at once on the previous analysis (argo-rollouts#2824)."""
    made = trial()
    made.judge(Verdict.FAILED)
    made.until(lambda at: at.phase is CanaryPhase.REJECTED).run(8)
    made.judge(None)
    made.order(CanaryVerb.RETRY)
    made.run(8)
    assert made.phase is CanaryPhase.STEPPING
    assert made.stored is not None
    assert made.stored.verdicts == ()
    assert made.counts == {"a": (2, 2), "b": (1, 1)}


def test_a_retry_follows_the_plan_that_the_spec_has_now() -> None:
    """The limits by which it failed were edited, and a retry was judged by the old ones."""
    made = trial()
    made.judge(Verdict.FAILED)
    made.facts = replace(made.facts, plan=MANUAL)
    made.until(lambda at: at.phase is CanaryPhase.REJECTED).run(8)
    assert made.stored is not None
    assert made.stored.plan == PLAN, "an edit alone changes no canary that has begun"
    made.judge(None)
    made.order(CanaryVerb.RETRY)
    made.tick()
    assert made.stored.plan == MANUAL


def test_a_person_promotes_a_manual_gate_and_an_order_counts_once() -> None:
    made = trial(plan=MANUAL).run(30)
    assert reason(made) == "step 1 of 2: gate Manual waits for a person; run `fairlead rollout promote` to go on"
    made.order(CanaryVerb.PROMOTE)
    made.tick()
    made.tick()
    assert made.stored is not None
    assert made.stored.step == 1
    assert made.run(20).counts == {"b": (3, 3)}


def test_a_pause_holds_a_step_that_has_passed_until_a_person_promotes() -> None:
    made = trial().run(4)
    made.judge(Verdict.PASSED)
    made.order(CanaryVerb.PAUSE)
    made.run(60)
    assert reason(made) == "step 1 of 3: paused; run `fairlead rollout promote` to go on"
    made.order(CanaryVerb.PROMOTE)
    assert made.run(30).phase is CanaryPhase.PROMOTED


def test_a_gate_that_fails_during_a_pause_rejects_all_the_same() -> None:
    made = trial().run(10)
    made.order(CanaryVerb.PAUSE)
    made.run()
    made.judge(Verdict.FAILED)
    assert made.run().phase is CanaryPhase.REJECTED


def test_a_pause_before_the_first_step_keeps_every_old_replica() -> None:
    made = trial()
    made.order(CanaryVerb.PAUSE)
    made.run(10)
    assert made.counts == {"a": (3, 3), "b": (0, 0)}
    assert reason(made) == "paused before its first step; run `fairlead rollout promote` to go on"
    made.order(CanaryVerb.PROMOTE)
    assert made.run(5).counts == {"a": (2, 2), "b": (1, 1)}


def test_without_a_spare_it_waits_until_a_replica_can_be_spared_and_says_so() -> None:
    made = trial()
    made.facts = replace(made.facts, spared=False, load="31 requests in flight, 2 replicas run 16")
    made.run(10)
    assert made.counts == {"a": (3, 3), "b": (0, 0)}
    assert reason(made) == (
        "no replica can be spared yet (31 requests in flight, 2 replicas run 16); it waits until 2026-11-21 12:00 UTC"
    )
    made.facts = replace(made.facts, spared=True)
    assert made.run(4).counts == {"a": (2, 2), "b": (1, 1)}


def test_no_trough_in_time_is_never_forced() -> None:
    made = trial(plan=replace(PLAN, start_within_seconds=3600.0))
    made.facts = replace(made.facts, spared=False, load="busy")
    made.run(70)
    made.facts = replace(made.facts, spared=True)
    made.run(10)
    assert made.counts == {"a": (3, 3), "b": (0, 0)}
    assert reason(made) == (
        "no replica could be spared within 1 h (busy); set rollout.maxSurge above 0, run "
        "`fairlead rollout promote` to wait again, or `fairlead rollout abort`"
    )
    made.order(CanaryVerb.ABORT)
    assert made.run(2).phase is CanaryPhase.REJECTED


@pytest.mark.parametrize("paused", [False, True])
def test_a_person_who_promotes_after_the_time_to_start_begins_that_time_anew(*, paused: bool) -> None:
    """A pause over a weekend must not use up the day in which the first step may begin."""
    made = trial(plan=replace(PLAN, start_within_seconds=3600.0))
    made.facts = replace(made.facts, spared=False, load="busy")
    if paused:
        made.order(CanaryVerb.PAUSE)
    made.run(90)
    assert made.phase is CanaryPhase.WAITING
    made.order(CanaryVerb.PROMOTE)
    assert reason(made.run(50)).startswith("no replica can be spared yet (busy); it waits until")
    made.facts = replace(made.facts, spared=True)
    assert made.run(4).counts == {"a": (2, 2), "b": (1, 1)}


def test_a_time_that_no_calendar_reaches_means_never() -> None:
    long = 9_999_999 * 86_400.0
    held = CanaryPlan(
        steps=(CanaryStep(traffic=5, hold_seconds=long, gates=(CanaryGate.SERVICE,)),),
        start_within_seconds=long,
        undecided_seconds=long,
        undecided=UndecidedAction.ROLL_BACK,
    )
    waiting = trial(plan=held)
    waiting.facts = replace(waiting.facts, spared=False, load="busy")
    assert reason(waiting.run(2)) == "no replica can be spared yet (busy); it waits until 2126-10-27 12:00 UTC"
    held_for_good = trial(plan=held).run(200)
    assert (held_for_good.phase, held_for_good.percent) == (CanaryPhase.STEPPING, 5)
    assert reason(held_for_good).startswith("step 1 of 1: 5 % of the conversations, held for 863,999,913,600 seconds")


def test_a_third_revision_in_the_middle_comes_back_to_the_old_one_and_not_to_the_one_on_trial() -> None:
    """Argo sent all to one pod (argo-rollouts#3372)."""
    made = trial(plan=MANUAL).run(5)
    made.edit("c")
    for at in made.rounds(10):
        assert at.counts["a"][1] >= 2
        assert at.held <= 3
    assert made.counts == {"a": (2, 2), "c": (1, 1)}
    assert made.stored is not None
    assert (made.stored.revision, made.stored.stable) == ("c", "a")


def test_a_revert_in_the_middle_turns_round() -> None:
    made = trial(plan=MANUAL).run(5)
    made.edit("a")
    made.run(10)
    assert made.counts == {"a": (3, 3)}


def test_orders_that_mean_nothing_now_do_nothing() -> None:
    state = canary.begun("b", "a", PLAN, T0)
    facts = trial().facts
    for verb, phase in ((CanaryVerb.RETRY, CanaryPhase.STEPPING), (CanaryVerb.ABORT, CanaryPhase.PROMOTED)):
        made = trial()
        made.order(verb)
        at = replace(state, phase=phase)
        after = canary.follow(at, replace(facts, wanted=3, order=made.facts.order), T0)
        assert after == replace(at, ordered_at=T0)


def test_an_order_from_before_a_canary_is_not_for_it() -> None:
    made = trial()
    made.order(CanaryVerb.ABORT)
    made.now += timedelta(minutes=1)
    assert made.run(5).phase is CanaryPhase.STEPPING


def test_a_final_verdict_stays_and_another_one_is_replaced() -> None:
    made = trial().until(lambda at: at.percent == 5)
    for found in (Verdict.UNDECIDED, Verdict.PASSED):
        made.judge(found)
        made.tick()
    made.judge(Verdict.UNDECIDED)
    made.tick()
    assert made.stored is not None
    assert [(one.step, one.verdict) for one in made.stored.verdicts] == [(1, verdict(Verdict.PASSED))]


ORDERS = st.sampled_from([None, None, None, *CanaryVerb])
VERDICTS = st.sampled_from([None, Verdict.UNDECIDED, Verdict.PASSED, Verdict.PASSED, Verdict.FAILED])
EVENTS = st.tuples(ORDERS, VERDICTS, st.booleans(), st.sampled_from(["b", "b", "b", "c", "a"]))


@pytest.mark.trial(10)
@given(st.sampled_from([NO_SPARE, ONE_SPARE]), st.integers(2, 4), st.lists(EVENTS, max_size=25))
def test_whatever_happens_enough_serve_and_nothing_beyond_is_held(
    rules: DesiredRollout, wanted: int, events: list[tuple[CanaryVerb | None, Verdict | None, bool, str]]
) -> None:
    made = trial(wanted=wanted, rules=rules)
    for verb, found, diverted, target in events:
        if verb is not None:
            made.order(verb)
        made.judge(found)
        made.diverted = diverted
        if target != made.rollout.target:
            made.edit(target)
        for at in made.rounds():
            assert at.held <= wanted + rules.max_surge
            assert at.serving >= wanted - rules.max_unavailable


@pytest.mark.trial(10)
@given(st.lists(EVENTS, max_size=20), st.integers(0, 200))
def test_an_operator_killed_at_any_step_comes_to_the_same_verdict(
    events: list[tuple[CanaryVerb | None, Verdict | None, bool, str]], killed: int
) -> None:
    """What a reconcile decided and did not store is decided again, and nothing was done on it."""
    one, other = trial(), trial()
    ticks = 0
    for verb, found, diverted, _ in events:
        for made in (one, other):
            if verb is not None:
                made.order(verb)
            made.judge(found)
            made.diverted = diverted
            for _ in made.rounds():
                ticks += 1
                if made is other and ticks == killed:
                    stored = made.stored
                    made.tick()
                    made.stored = stored
    assert one.stored == other.stored
    assert one.counts == other.counts


def test_a_promoted_canary_has_no_limit_and_no_share() -> None:
    state = replace(canary.begun("b", "a", PLAN, T0), phase=CanaryPhase.PROMOTED)
    assert canary.share(state) is None
    assert canary.limit(state, CanaryFacts(wanted=3), T0, diverted=True) is None


def test_a_revision_whose_replicas_served_users_and_stopped_is_rejected() -> None:
    made = trial().until(lambda at: at.stored is not None and at.stored.step == 1 and at.stored.reached_at is not None)
    made.facts = replace(made.facts, given_up="its probes pass, and it writes no tokens")
    made.run(1)
    made.facts = replace(made.facts, given_up="")
    assert made.stored is not None
    assert made.stored.phase is CanaryPhase.REJECTED
    assert made.stored.because == "its replicas stopped serving in step 2: its probes pass, and it writes no tokens"
    for at in made.rounds(200):
        assert at.phase is CanaryPhase.REJECTED
    assert made.counts == {"a": (3, 3), "b": (0, 0)}
