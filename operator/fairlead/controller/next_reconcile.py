"""When a deployment is reconciled next: as soon as anything may have changed of which no event says so. Pure."""

from datetime import datetime
from typing import Final

from fairlead.api import canary_status
from fairlead.controller import canary_trial, router_sides
from fairlead.controller.desired_state import DesiredState
from fairlead.controller.evaluations import questions
from fairlead.controller.pods.preflight import AGAIN_S
from fairlead.controller.reconcile_facts import ApplyResult, ReconcileFacts
from fairlead.controller.status.status_inputs import Obstacle
from fairlead.controller.work_queue import ReconcileOutcome
from fairlead.fleet.canaries import CanaryPhase, CanaryState
from fairlead.fleet.conditions import ConditionReason
from fairlead.planning.router_move import MovePhase

PROBE_POLL_S: Final = 1.0
"""Poll interval while routers probe a ready replica, or take over from others: no event says when they are done."""
REFERENCE_POLL_S: Final = 15.0
"""How often missing references, taken names and what blocks images pulled in advance are checked again, unwatched."""
TERMINATING_POLL_S: Final = 1.0
CANARY_POLL_S: Final = 5.0
"""How often users' requests to both revisions of a canary are compared."""
SLEEP_POLL_S: Final = 0.5
"""Poll interval while engines fall asleep or wake: neither routers nor engines send an event when it is done."""
LEFT_POLL_S: Final = 5.0
"""How often routers of a gateway that was left are read, until the last request has ended, which may be a long one."""
REST_POLL_S: Final = 60.0
"""How often the routers of a deployment at rest are polled for their endpoints."""
SOONEST_S: Final = 0.1
"""The shortest wait for a moment, so that one that is almost there makes nothing spin."""

WAITED_FOR: Final = {
    ConditionReason.NAME_TAKEN: REFERENCE_POLL_S,
    ConditionReason.CHILD_TERMINATING: TERMINATING_POLL_S,
}
"""Obstacles that another client or time removes, and how often they are checked; any other one fails a reconcile."""


def outcome(
    facts: ReconcileFacts, decision: DesiredState, result: ApplyResult, uncreated_s: float | None
) -> ReconcileOutcome:
    """Return when to reconcile again, or why this one failed; `uncreated_s`: when a lack of pods is to be reported."""
    if why := failure(result.obstacle):
        return ReconcileOutcome(failed=why)
    if result.turning:
        return ReconcileOutcome(after_s=SLEEP_POLL_S)
    if result.ending:
        return ReconcileOutcome(after_s=TERMINATING_POLL_S)
    observed, stored = facts.observed, canary_status.of(facts.observed.document)
    polls = (
        (bool(observed.serving_routers), REST_POLL_S),
        (decision.check is not None, AGAIN_S),
        (not facts.review.may_start or bool(facts.review.lost), REFERENCE_POLL_S),
        (bool(observed.serving_routers) and _is_probed(decision), PROBE_POLL_S),
        (canary_trial.has_moved(decision.canary, stored), 0.0),
        (is_compared(decision.canary) or _is_awaited(facts, decision.canary), CANARY_POLL_S),
        (result.pulled is not None and result.pulled.obstacle is not None, REFERENCE_POLL_S),
        (any(one.holds is not True for one in result.route), REFERENCE_POLL_S),
        (_is_taking_over(facts), PROBE_POLL_S),
        (bool(facts.move.left), LEFT_POLL_S),
    )
    moments = (
        WAITED_FOR[result.obstacle.reason] if result.obstacle is not None else None,
        seconds_until(decision.plan.wake_at if decision.plan is not None else None, facts.now),
        None if facts.move.wait_seconds is None else max(SOONEST_S, facts.move.wait_seconds),
        uncreated_s,
    )
    waits = [*(seconds for holds, seconds in polls if holds), *(one for one in moments if one is not None)]
    return ReconcileOutcome(after_s=min(waits, default=None))


def failure(obstacle: Obstacle | None) -> str:
    """Return why a reconcile failed, which is retried with back-off; empty if nothing but a wait helps."""
    return obstacle.message if obstacle is not None and obstacle.reason not in WAITED_FOR else ""


def seconds_until(moment: datetime | None, now: datetime) -> float | None:
    """Return the wait for a moment, if there is one."""
    return None if moment is None else max(SOONEST_S, (moment - now).total_seconds())


def is_compared(state: CanaryState | None) -> bool:
    """Whether a canary's next step depends on figures, which send no events."""
    return canary_trial.is_judged(state) or questions.is_evaluated(state)


def _is_awaited(facts: ReconcileFacts, state: CanaryState | None) -> bool:
    """Whether a canary waits for a gateway's routers, which send no events either."""
    waits = state is not None and state.phase is CanaryPhase.WAITING
    return waits and any(facts.observed.gateway_routers.values())


def _is_probed(decision: DesiredState) -> bool:
    """Whether a ready replica gets no requests yet: no event says when routers have probed it."""
    replicas = (one for state in decision.states for one in state.replicas)
    return any(one.ready_since and not one.ending and not one.asleep and one.routable is not True for one in replicas)


def _is_taking_over(facts: ReconcileFacts) -> bool:
    """Whether routers that are ready take over from others; those that are not wake the deployment when they are."""
    gateway = router_sides.gateway_of(facts.review.deployment)
    ready = gateway is not None and bool(facts.observed.gateway_routers.get(gateway))
    joins = facts.move.phase in (MovePhase.JOINING, MovePhase.MOVING) and ready
    return joins or (facts.move.phase is MovePhase.LEAVING and bool(facts.observed.routers))
