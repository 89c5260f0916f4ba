"""A canary while `spec.rollout.paused` is true: no step begins or ends, and only a gate that fails ends it."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.canaries import CanaryGate, CanaryPhase, CanaryPlan, CanaryStep, CanaryVerb, UndecidedAction
from fairlead.fleet.gate_verdicts import Verdict
from tests.planning.trials import NO_SPARE, ONE_SPARE, PLAN, Trial, reason, trial

HELD = CanaryPlan(steps=(CanaryStep(replicas=1, traffic=5), CanaryStep(replicas=1, traffic=50)))


def pause(made: Trial, *, paused: bool = True) -> Trial:
    """Set spec.rollout.paused."""
    made.rollout = replace(made.rollout, rules=replace(made.rollout.rules, paused=paused))
    made.facts = replace(made.facts, paused=paused)
    return made


def place(made: Trial) -> tuple[CanaryPhase | None, int | None, int | None]:
    """Its phase, its step and the share that routers are given."""
    return made.phase, made.stored.step if made.stored else None, made.percent


def test_its_share_stays_until_the_pause_ends() -> None:
    """It went from 5 to 50 percent and was promoted, while the rollout counted as paused."""
    made = trial(plan=HELD).until(lambda at: at.percent == 5)
    before = place(pause(made))
    for at in made.rounds(200):
        assert place(at) == before
    pause(made, paused=False).until(lambda at: at.phase is CanaryPhase.PROMOTED)


def test_an_order_to_promote_waits_for_the_end_of_the_pause() -> None:
    """`fairlead rollout` refuses it, but the annotation can be set with kubectl."""
    made = trial(plan=replace(HELD, steps=tuple(replace(one, gates=(CanaryGate.MANUAL,)) for one in HELD.steps)))
    before = place(pause(made.until(lambda at: at.percent == 5)))
    made.order(CanaryVerb.PROMOTE)
    for at in made.rounds(50):
        assert place(at) == before
    assert place(pause(made, paused=False).run(50)) == (CanaryPhase.STEPPING, 1, 50), "it counts once"


def test_an_order_to_promote_is_dropped_if_another_follows_during_the_pause() -> None:
    made = pause(trial(plan=HELD).until(lambda at: at.percent == 5))
    made.order(CanaryVerb.PROMOTE)
    made.run(5)
    made.order(CanaryVerb.PAUSE)
    made.run(5)
    assert place(pause(made, paused=False).run(50)) == (CanaryPhase.STEPPING, 0, 5)


def test_no_first_step_begins_during_a_pause() -> None:
    made = pause(trial())
    for at in made.rounds(50):
        assert (at.phase, at.counts["a"]) == (CanaryPhase.WAITING, (3, 3))
    assert reason(made) == "the rollout is paused; replicas by revision: a 3, b 0"
    assert pause(made, paused=False).run(5).counts == {"a": (2, 2), "b": (1, 1)}


def test_a_pause_does_not_use_up_the_time_to_start_in() -> None:
    """A change freeze over a weekend must not leave a canary that only a person can start."""
    made = pause(trial())
    for _ in made.rounds(60, seconds=60 * 60.0):
        pass
    assert pause(made, paused=False).run(5).phase is CanaryPhase.STEPPING


def test_a_short_time_to_start_in_begins_anew_once_a_minute_at_most() -> None:
    made = pause(trial(plan=replace(PLAN, start_within_seconds=1.0)))
    since = {at.stored.since for at in made.rounds(60, seconds=10.0) if at.stored is not None}
    assert len(since) == 10


def test_with_a_spare_or_without_such_a_time_a_pause_writes_nothing() -> None:
    for made in (trial(rules=ONE_SPARE), trial(plan=replace(PLAN, start_within_seconds=None))):
        since = {at.stored.since for at in pause(made).rounds(50, seconds=60 * 60.0) if at.stored is not None}
        assert len(since) == 1


def test_a_gate_that_fails_rejects_during_a_pause() -> None:
    made = trial().until(lambda at: at.percent == 5)
    pause(made).judge(Verdict.FAILED)
    made.until(lambda at: at.phase is CanaryPhase.REJECTED).run(5)
    assert (made.counts, made.percent) == ({"a": (3, 3), "b": (0, 0)}, 0)
    assert reason(made) == "b was given up; a serves with 3 replicas, as many as desired"
    before = place(made), made.counts
    assert (place(pause(made, paused=False).run(5)), made.counts) == before


def test_an_order_to_abort_is_carried_out_during_a_pause() -> None:
    for rules in (NO_SPARE, ONE_SPARE):
        made = pause(trial(rules=rules).until(lambda at: at.percent == 5))
        made.order(CanaryVerb.ABORT)
        assert made.run(5).counts == {"a": (3, 3), "b": (0, 0)}


def test_a_rejected_revision_gives_its_gpus_back_during_a_pause_only_when_no_router_sends_to_it() -> None:
    made = pause(trial().until(lambda at: at.percent == 5))
    made.judge(Verdict.FAILED)
    made.diverted = False
    made.until(lambda at: at.phase is CanaryPhase.REJECTED).run()
    assert made.counts == {"a": (2, 2), "b": (1, 1)}
    made.diverted = True
    assert made.run(5).counts == {"a": (3, 3), "b": (0, 0)}


def test_an_edit_of_what_was_rejected_waits_for_the_end_of_the_pause() -> None:
    made = pause(trial().until(lambda at: at.percent == 5))
    made.judge(Verdict.FAILED)
    made.until(lambda at: at.phase is CanaryPhase.REJECTED).run(5)
    made.judge(None)
    made.edit("c")
    assert {name: made.run(20).counts.get(name) for name in "abc"} == {"a": (3, 3), "b": (0, 0), "c": None}


def test_a_gate_that_stays_undecided_rejects_only_after_the_pause() -> None:
    plan = replace(PLAN, undecided=UndecidedAction.ROLL_BACK, undecided_seconds=600.0)
    made = trial(plan=plan).until(lambda at: at.percent == 5)
    assert pause(made).run(60).phase is CanaryPhase.STEPPING
    assert pause(made, paused=False).run(2).phase is CanaryPhase.REJECTED


def test_a_share_that_was_not_reached_begins_after_the_pause() -> None:
    made = trial(plan=HELD).until(lambda at: at.stored is not None and at.stored.step == 1)
    assert place(pause(made).run(50)) == (CanaryPhase.STEPPING, 1, 5)
    pause(made, paused=False).until(lambda at: at.percent == 50)


@given(st.lists(st.sampled_from(["pause", "go on", "passed", "undecided", "retry", "promote"]), max_size=8))
def test_whatever_happens_before_a_pause_no_share_grows_during_it(events: list[str]) -> None:
    plan = replace(PLAN, steps=(*PLAN.steps, CanaryStep(replicas=2, traffic=80, gates=(CanaryGate.MANUAL,))))
    made = trial(plan=plan)
    for event in events:
        match event:
            case "pause" | "go on":
                pause(made, paused=event == "pause")
            case "retry" | "promote":
                made.order(CanaryVerb(event))
            case _:
                made.judge(Verdict.PASSED if event == "passed" else None)
        made.run(7)
    made.facts = replace(made.facts, order=None)
    before = place(pause(made).run(1))
    made.judge(Verdict.PASSED)
    made.order(CanaryVerb.PROMOTE)
    assert place(made.run(30)) == before
