"""Inputs of a canary's decision: whose state counts, user commands, and whether a replica can be spared."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from fairlead.controller import canary_trial
from fairlead.controller.canary_trial import NO_TRIAL, TrialObservation
from fairlead.fleet.canaries import (
    CanaryGate,
    CanaryOrder,
    CanaryPhase,
    CanaryPlan,
    CanaryStep,
    CanaryVerb,
    StepVerdict,
)
from fairlead.fleet.desired_state import DesiredRollout, RolloutStrategy
from fairlead.fleet.gate_verdicts import Verdict
from fairlead.fleet.rollouts import RevisionFailure, RolloutSnapshot
from fairlead.fleet.traffic_shares import TrafficShare
from fairlead.planning import canary
from fairlead.review import order_annotation
from fairlead.review.order_annotation import ORDER
from tests.planning.states import T0, given, revision
from tests.planning.trials import verdict

PLAN = CanaryPlan(
    steps=(
        CanaryStep(hold_seconds=120),
        CanaryStep(traffic=5, gates=(CanaryGate.SERVICE,)),
        CanaryStep(replicas=2, traffic=50, gates=(CanaryGate.SERVICE,)),
    )
)
NO_SPARE = DesiredRollout(strategy=RolloutStrategy.CANARY, max_surge=0, max_unavailable=1, canary=PLAN)
START = TrialObservation()


def question(*, served: bool = False, rules: DesiredRollout = NO_SPARE, **others: Any) -> RolloutSnapshot:  # noqa: ANN401 - any field
    """Revision b is to replace a, of which three serve."""
    new = replace(revision("b", ready=0), served=served, **others)
    return given("b", 3, revision("a", ready=3), new, rules=rules)


def stored(phase: CanaryPhase = CanaryPhase.STEPPING) -> TrialObservation:
    """With a state in the status."""
    return TrialObservation(stored=replace(canary.begun("b", "a", PLAN, T0), phase=phase))


def test_the_first_reconcile_stores_a_state_and_does_nothing_yet() -> None:
    found = canary_trial.trial(question(), START, T0)
    assert found.state is not None
    assert (found.state.phase, found.state.revision, found.state.stable) == (CanaryPhase.WAITING, "b", "a")
    assert found.limit is not None
    assert found.limit.replicas == 0
    assert found.share is not None
    assert found.share.percent == 0


@pytest.mark.parametrize(
    ("rollout", "observed"),
    [
        (question(rules=DesiredRollout()), stored()),
        (question(rules=replace(NO_SPARE, canary=None)), stored()),
        (question(served=True), stored()),
        (given("b", 3, rules=NO_SPARE), START),
    ],
    ids=["no canary", "no plan", "serves already", "nothing to compare with"],
)
def test_no_canary_starts_without_a_plan_a_baseline_or_an_untried_revision(
    rollout: RolloutSnapshot, observed: TrialObservation
) -> None:
    later = T0 - timedelta(days=2)
    rollout = replace(rollout, revisions=tuple(replace(one, wanted_since=later) for one in rollout.revisions))
    assert canary_trial.trial(rollout, observed, T0) == NO_TRIAL


def test_a_rejected_canary_that_the_status_has_lost_is_read_from_the_deployment_and_can_be_retried() -> None:
    """No order reached it: nothing starts, and a retry was ignored for ever."""
    failure = RevisionFailure(at=T0, times=1, rejected=True, because="a person aborted it")
    rollout, later = question(failure=failure, wanted_since=T0 - timedelta(days=2)), T0 + timedelta(hours=1)
    found = canary_trial.trial(rollout, START, later)
    assert found.state is not None
    assert found.limit is not None
    assert (found.state.phase, found.state.because) == (CanaryPhase.REJECTED, "a person aborted it")
    assert (found.limit.replicas, found.limit.rejected, found.share) == (
        *(0, "a person aborted it"),
        TrafficShare(revision="b", percent=0, stable="a"),
    )
    retry = TrialObservation(stored=found.state, order=CanaryOrder(verb=CanaryVerb.RETRY, at=later))
    again = canary_trial.trial(rollout, retry, later).state
    assert again is not None
    assert (again.phase, again.retried_at) == (CanaryPhase.WAITING, later)


def test_what_was_promoted_is_remembered_and_limited_no_more() -> None:
    observed = stored(CanaryPhase.PROMOTED)
    found = canary_trial.trial(question(served=True), observed, T0)
    assert (found.limit, found.share, found.state) == (None, None, observed.stored)


def test_an_order_for_an_earlier_canary_ends_no_later_one_even_if_its_clock_was_ahead() -> None:
    order = CanaryOrder(verb=CanaryVerb.ABORT, at=T0 + timedelta(minutes=10))
    began = canary_trial.trial(question(), replace(START, order=order), T0).state
    later = T0 + timedelta(minutes=2)
    found = canary_trial.trial(question(), TrialObservation(stored=began, order=order), later).state
    assert found is not None
    assert found.phase is not CanaryPhase.REJECTED
    again = replace(order, at=order.at + timedelta(seconds=1))
    ended = canary_trial.trial(question(), TrialObservation(stored=found, order=again), later).state
    assert ended is not None
    assert ended.phase is CanaryPhase.REJECTED


def test_the_state_of_another_revision_is_not_taken_over() -> None:
    observed = stored()
    assert observed.stored is not None
    found = canary_trial.trial(question(), replace(observed, stored=replace(observed.stored, revision="z")), T0)
    assert found.state is not None
    assert (found.state.revision, found.state.phase) == ("b", CanaryPhase.WAITING)


def test_a_refused_spec_keeps_the_stored_canary_though_its_own_plan_is_another() -> None:
    observed = stored()
    found = canary_trial.held(question(rules=DesiredRollout()), observed, T0)
    assert found.limit is not None
    assert (found.limit.replicas, found.limit.rejected, found.state) == (1, "", observed.stored)


def test_an_order_that_waits_keeps_no_canary_of_a_refused_spec_from_being_rejected() -> None:
    failed = StepVerdict(step=0, gate=CanaryGate.SERVICE, verdict=verdict(Verdict.FAILED))
    observed = stored()
    assert observed.stored is not None
    observed = replace(observed, stored=replace(observed.stored, verdicts=(failed,)))
    for verb in CanaryVerb:
        found = canary_trial.held(question(), replace(observed, order=CanaryOrder(verb=verb, at=T0)), T0)
        assert found.state is not None
        assert found.state.phase is CanaryPhase.REJECTED


@pytest.mark.parametrize(
    "rollout", [given("c", 3, rules=NO_SPARE), given("b", 3, rules=NO_SPARE)], ids=["another target", "no baseline"]
)
def test_a_refused_spec_loses_no_canary_that_limits_nothing(rollout: RolloutSnapshot) -> None:
    observed = stored()
    found = canary_trial.held(rollout, observed, T0)
    assert (found.limit, found.share, found.state) == (None, None, observed.stored)
    assert canary_trial.held(rollout, START, T0) == NO_TRIAL


@pytest.mark.parametrize(
    ("busy", "sequences", "starts"),
    [(32, 16, True), (33, 16, False), (999, None, True)],
    ids=["fits", "busy", "unknown"],
)
def test_it_starts_when_all_that_is_in_flight_would_run_on_one_replica_less(
    busy: int, sequences: int | None, starts: bool
) -> None:
    observed = replace(stored(CanaryPhase.WAITING), busy=busy, replica_concurrency=sequences)
    found = canary_trial.trial(question(), observed, T0)
    assert found.state is not None
    assert (found.state.phase is CanaryPhase.STEPPING) is starts
    if busy == 33:
        assert found.limit is not None
        assert "(33 requests in flight, 2 replicas can run 32 at once)" in found.limit.because


@pytest.mark.parametrize(
    ("words", "order"),
    [
        (
            "promote 2026-11-22T21:00:00Z",
            CanaryOrder(verb=CanaryVerb.PROMOTE, at=datetime(2026, 11, 22, 21, tzinfo=UTC)),
        ),
        ("promote 2026-11-22T21:00:00", None),
        ("promote", None),
        ("explode 2026-11-22T21:00:00Z", None),
        ("promote soon", None),
        ("", None),
    ],
)
def test_an_order_is_a_verb_with_a_time(words: str, order: CanaryOrder | None) -> None:
    assert order_annotation.read({"metadata": {"annotations": {ORDER: words}}}) == order
    assert order_annotation.read({"metadata": {}}) is None


def test_figures_alone_do_not_call_for_another_reconcile_at_once() -> None:
    state = stored().stored
    assert state is not None
    assert not canary_trial.has_moved(replace(state, because="other words"), state)
    assert canary_trial.has_moved(replace(state, step=1), state)
    assert canary_trial.has_moved(state, None)
    assert not canary_trial.has_moved(None, None)


def test_each_move_of_a_canary_is_reported_once() -> None:
    """Its phase, its step or a pause; its gates' verdicts are in the condition."""
    began = canary.begun("b", "a", PLAN, T0)
    first = replace(began, phase=CanaryPhase.STEPPING)
    second = replace(first, step=1)
    paused = replace(second, paused=True)
    promoted = replace(second, phase=CanaryPhase.PROMOTED, because="all steps passed")
    states = [None, began, first, second, paused, promoted, promoted]
    assert [canary_trial.news(after, before) for before, after in pairwise(states)] == [
        ("CanaryBegan", "b against a: 3 steps, the first when a replica can be spared"),
        ("CanaryStep", "b against a: step 1 of 3, 0 % of the conversations once replicas serve it"),
        ("CanaryStep", "b against a: step 2 of 3, 5 % of the conversations once replicas serve it"),
        ("CanaryPaused", "b against a: a person paused it at step 2 of 3"),
        ("CanaryPromoted", "b against a: all steps passed"),
        None,
    ]
    assert canary_trial.news(None, promoted) is None
    assert canary_trial.news(replace(began, revision="c"), began) is not None


@pytest.mark.parametrize(
    ("reached", "failure", "because"),
    [
        (None, RevisionFailure(at=T0, times=1, because="no image"), ""),
        (T0, None, ""),
        (T0, RevisionFailure(at=T0 - timedelta(seconds=1), times=1, because="no image"), ""),
        (T0, RevisionFailure(at=T0, times=1, because="it writes no tokens"), "it writes no tokens"),
        (T0, RevisionFailure(at=T0, times=1), "they made no progress until the deadline"),
    ],
    ids=["a start that fails is tried again", "well", "from an earlier try", "stopped", "stopped without a word"],
)
def test_a_revision_that_served_users_and_was_given_up_is_rejected(
    reached: datetime | None, failure: RevisionFailure | None, because: str
) -> None:
    observed = stored()
    assert observed.stored is not None
    observed = replace(observed, stored=replace(observed.stored, reached_at=reached))
    found = canary_trial.trial(question(failure=failure), observed, T0 + timedelta(seconds=9)).state
    assert found is not None
    assert (found.phase is CanaryPhase.REJECTED) == bool(because)
    assert found.because.endswith(because)
