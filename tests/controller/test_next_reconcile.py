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
from tests.controller.pretend import Pretend, deployment

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
    assert rest.outcome().after_s == next_reconcile.REST_POLL_S


@given(
    route=st.sampled_from([(), (NO_ROUTE,)]),
    pulled=st.sampled_from([None, BLOCKED_PULL]),
    uncreated_s=st.none() | st.floats(min_value=0.01, max_value=100.0),
)
def test_the_earliest_cause_counts(
    rest: _AtRest, route: tuple[UntimedCondition, ...], pulled: PrePullState | None, uncreated_s: float | None
) -> None:
    blocked = next_reconcile.REFERENCE_POLL_S if route or pulled else next_reconcile.REST_POLL_S
    found = rest.outcome(DONE._replace(route=route, pulled=pulled), uncreated_s)
    assert found == ReconcileOutcome(after_s=min(blocked, uncreated_s or blocked))


@given(st.sampled_from(ConditionReason))
def test_an_obstacle_is_waited_for_or_the_reconcile_failed_with_its_words(
    rest: _AtRest, reason: ConditionReason
) -> None:
    found = rest.outcome(DONE._replace(obstacle=Obstacle(reason=reason, message="it stands in the way")))
    waits = next_reconcile.WAITED_FOR.get(reason)
    assert found == ReconcileOutcome(after_s=waits, failed="" if waits else "it stands in the way")


def test_an_engine_that_turns_is_checked_before_anything_else_and_never_instead_of_a_failure(rest: _AtRest) -> None:
    turning = DONE._replace(turning=True, ending=True)
    assert rest.outcome(turning, 0.2).after_s == next_reconcile.SLEEP_POLL_S
    refused = Obstacle(reason=ConditionReason.NO_RIGHT, message="Fairlead may not create Deployments")
    assert rest.outcome(turning._replace(obstacle=refused)).failed == refused.message


def test_a_refused_spec_is_read_again_for_what_it_lacks(rest: _AtRest) -> None:
    refused = replace(rest.facts.review, accepted=replace(rest.facts.review.accepted, holds=False))
    facts = replace(rest.facts, review=refused)
    found = next_reconcile.outcome(facts, rest.decision, DONE, None)
    assert found.after_s == next_reconcile.REFERENCE_POLL_S
