"""When a deployment is reconciled next: the earliest of what no event reports, unless it failed."""

from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.controller import next_reconcile
from fairlead.controller.desired_state import DesiredState
from fairlead.controller.reconcile_facts import ApplyResult, ReconcileFacts
from fairlead.controller.status.pre_pull_status import PrePullState
from fairlead.controller.status.status_inputs import Obstacle
from fairlead.controller.work_queue import ReconcileOutcome
from fairlead.fleet.conditions import ConditionReason, ConditionType, UntimedCondition
from fairlead.fleet.gateways import GatewayReference
from tests.controller.pretend import Pretend, deployment

AT_REST_S: Final = 60.0
UNWATCHED_S: Final = 15.0
"""Until what no watch reports is checked again."""
TURNING_S: Final = 0.5
LEFT_S: Final = 5.0
WAITS_S: Final = {ConditionReason.NAME_TAKEN: 15.0, ConditionReason.CHILD_TERMINATING: 1.0}
"""What another client or time removes; what else stands in the way needs a person, or another try with back-off."""
DONE: Final = ApplyResult(obstacle=None, turning=False, ending=False, pulled=None, route=())
NO_ROUTE: Final = UntimedCondition(
    type=ConditionType.ROUTE_ACCEPTED, holds=False, reason=ConditionReason.REFUSED, message="no parent took it"
)
BLOCKED_PULL: Final = PrePullState(
    daemon_set=None, obstacle=Obstacle(reason=ConditionReason.NAME_TAKEN, message="a DaemonSet has the name")
)


class _AtRest:
    """A deployment of which everything serves, as its last reconcile observed and decided it."""

    def __init__(self) -> None:
        self.facts: ReconcileFacts
        self.decision: DesiredState
        world, real = Pretend(), next_reconcile.outcome
        world.apply(deployment())

        def record(
            facts: ReconcileFacts, decision: DesiredState, result: ApplyResult, uncreated_s: float | None
        ) -> ReconcileOutcome:
            self.facts, self.decision = facts, decision
            return real(facts, decision, result, uncreated_s)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(next_reconcile, "outcome", record)
            world.settle()

    def outcome(self, result: ApplyResult = DONE, uncreated_s: float | None = None) -> ReconcileOutcome:
        """When it would be reconciled next, had the plan come to this."""
        return next_reconcile.outcome(self.facts, self.decision, result, uncreated_s)


@pytest.fixture(scope="module")
def rest() -> _AtRest:
    """One for all stories: values do not change."""
    return _AtRest()


def test_at_rest_only_its_routers_are_polled(rest: _AtRest) -> None:
    assert rest.outcome() == ReconcileOutcome(after_s=AT_REST_S)


def test_routers_of_a_gateway_that_was_left_are_read_until_they_have_no_request_of_it(rest: _AtRest) -> None:
    front = GatewayReference(namespace="default", name="front")
    facts = replace(rest.facts, move=replace(rest.facts.move, left=(front,)))
    assert next_reconcile.outcome(facts, rest.decision, DONE, None) == ReconcileOutcome(after_s=LEFT_S)


@pytest.mark.parametrize(("seconds", "after_s"), [(8.0, 8.0), (0.001, 0.1), (300.0, AT_REST_S)])
def test_a_move_goes_on_when_its_settling_time_is_over_and_never_spins(
    rest: _AtRest, seconds: float, after_s: float
) -> None:
    facts = replace(rest.facts, move=replace(rest.facts.move, wait_seconds=seconds))
    assert next_reconcile.outcome(facts, rest.decision, DONE, None) == ReconcileOutcome(after_s=after_s)


@given(
    route=st.sampled_from([(), (NO_ROUTE,)]),
    pulled=st.sampled_from([None, BLOCKED_PULL]),
    uncreated_s=st.none() | st.floats(min_value=0.01, max_value=100.0),
)
def test_the_earliest_cause_counts(
    rest: _AtRest, route: tuple[UntimedCondition, ...], pulled: PrePullState | None, uncreated_s: float | None
) -> None:
    blocked = UNWATCHED_S if route or pulled else AT_REST_S
    found = rest.outcome(DONE._replace(route=route, pulled=pulled), uncreated_s)
    assert found == ReconcileOutcome(after_s=min(blocked, uncreated_s or blocked))


@pytest.mark.parametrize("reason", ConditionReason)
def test_an_obstacle_is_waited_for_or_the_reconcile_failed_with_its_words(
    rest: _AtRest, reason: ConditionReason
) -> None:
    found = rest.outcome(DONE._replace(obstacle=Obstacle(reason=reason, message="it stands in the way")))
    waits = WAITS_S.get(reason)
    assert found == ReconcileOutcome(after_s=waits, failed="" if waits else "it stands in the way")


def test_an_engine_that_turns_is_checked_before_anything_else_and_never_instead_of_a_failure(rest: _AtRest) -> None:
    turning = DONE._replace(turning=True, ending=True)
    assert rest.outcome(turning, 0.2) == ReconcileOutcome(after_s=TURNING_S)
    refused = Obstacle(reason=ConditionReason.NO_RIGHT, message="Fairlead is not permitted to create Deployments")
    assert rest.outcome(turning._replace(obstacle=refused)) == ReconcileOutcome(failed=refused.message)


def test_a_refused_spec_is_read_again_for_what_it_lacks(rest: _AtRest) -> None:
    refused = replace(rest.facts.review, accepted=replace(rest.facts.review.accepted, holds=False))
    facts = replace(rest.facts, review=refused)
    found = next_reconcile.outcome(facts, rest.decision, DONE, None)
    assert found == ReconcileOutcome(after_s=UNWATCHED_S)
