"""The conditions of a deployment, each from a small function of the status inputs. Pure.

Messages hold no times, and only numbers that do not change at rest.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from fairlead.controller.status import replica_counts, routing_conditions, scaling_conditions, scheduling_conditions
from fairlead.controller.status.replica_counts import ReplicaTally
from fairlead.controller.status.status_inputs import Obstacle, StatusInputs
from fairlead.fleet.canaries import CanaryPhase
from fairlead.fleet.conditions import ConditionReason as Why
from fairlead.fleet.conditions import ConditionType, UntimedCondition
from fairlead.fleet.plurals import count as counted
from fairlead.fleet.plurals import verb, verb_of_part
from fairlead.fleet.pod_problems import PodProblem
from fairlead.fleet.rollouts import HoldReason, HoldStep, RolloutPhase, RolloutPlan


def untimed(inputs: StatusInputs) -> tuple[UntimedCondition, ...]:
    """Return all conditions, the summary first."""
    parts = (
        accepted(inputs),
        fits(inputs),
        scheduling_conditions.scheduled(inputs),
        available(inputs),
        progressing(inputs),
        routing_conditions.routable(inputs),
        *inputs.route,
        scaling_conditions.scaling_active(inputs),
    )
    return (ready(inputs, parts), *maybe_stalled(inputs, parts), *maybe_reconciling(inputs, parts), *parts)


def accepted(inputs: StatusInputs) -> UntimedCondition:
    """Whether the spec may be applied."""
    if inputs.obstacle is not None and inputs.obstacle.reason is Why.NAME_TAKEN:
        return _no(ConditionType.ACCEPTED, inputs.obstacle.reason, inputs.obstacle.message)
    return inputs.review.accepted


def fits(inputs: StatusInputs) -> UntimedCondition:
    """Whether the model fits, by the estimate until a replica reports its KV tokens."""
    if inputs.measured_tokens is not None:
        return _yes(ConditionType.FITS, Why.MEASURED, f"a running replica holds {inputs.measured_tokens:,} KV tokens")
    return inputs.review.fits


def available(inputs: StatusInputs) -> UntimedCondition:
    """Whether enough replicas are ready, of whatever revision."""
    kind, count = ConditionType.AVAILABLE, replica_counts.tally(inputs)
    words = f"{replica_counts.of(count.ready, count.wanted)} {verb_of_part(count.ready, count.wanted, 'is')} ready"
    if count.wanted == 0 and count.ready == 0:
        return _yes(kind, Why.SCALED_TO_ZERO, "no replicas are desired")
    if count.ready == 0:
        return _no(kind, Why.NONE_READY, _with_trouble(words, _first_trouble(inputs)))
    if count.ready < count.wanted:
        spare = inputs.review.deployment.rollout.max_unavailable if inputs.review.deployment else 0
        message = _with_trouble(words, _first_trouble(inputs))
        holds = count.ready >= count.wanted - spare
        return UntimedCondition(type=kind, holds=holds, reason=Why.TOO_FEW, message=message)
    return _yes(kind, Why.AVAILABLE, words)


def progressing(inputs: StatusInputs) -> UntimedCondition:
    """Return how far the rollout is; a problem that keeps the target from starting is reported at once."""
    if inputs.plan is None:
        why = inputs.review.accepted.reason
        return UntimedCondition(
            type=ConditionType.PROGRESSING,
            holds=None,
            reason=why,
            message="nothing is rolled out while the spec is not accepted; see the condition Accepted",
        )
    found = next(condition for rule in _PROGRESS if (condition := rule(inputs, inputs.plan)))
    return found if inputs.obstacle is None or not inputs.obstacle.passes else _beside(inputs.obstacle, found)


def ready(inputs: StatusInputs, parts: tuple[UntimedCondition, ...]) -> UntimedCondition:
    """Whether the desired replicas serve; the first condition that is false, or what it awaits, gives the reason."""
    kind = ConditionType.READY
    serves = replica_counts.tally(inputs)
    by_type = {part.type: part for part in parts}
    for part in (by_type[one] for one in _ORDER):
        if part.holds is False and (part.type is not ConditionType.SCHEDULED or _is_awaited(inputs, serves)):
            cause = _cause(inputs, part, by_type[ConditionType.PROGRESSING])
            return _no(kind, cause.reason, f"{cause.message}{_keeps_serving(cause, serves)}")
    if by_type[ConditionType.ROUTABLE].holds is None:
        part = by_type[ConditionType.ROUTABLE]
        return UntimedCondition(type=kind, holds=None, reason=part.reason, message=part.message)
    if serves.wanted == 0 and serves.ready == 0:
        return _yes(kind, Why.SCALED_TO_ZERO, by_type[ConditionType.ROUTABLE].message)
    doubts = routing_conditions.doubts(inputs) if serves.routable < serves.ready else ""
    words = (
        f"{replica_counts.of(serves.routable, serves.wanted)} {verb_of_part(serves.routable, serves.wanted, 'serves')}"
    )
    return _yes(kind, Why.SERVING, f"{words}{doubts}")


def _cause(inputs: StatusInputs, part: UntimedCondition, progressing: UntimedCondition) -> UntimedCondition:
    """Return the child that is awaited before anything starts or stops, if there is one, else the condition itself."""
    held = inputs.obstacle is not None and not inputs.obstacle.passes and progressing.reason is Why.CHILD_TERMINATING
    return progressing if held and part.type is not ConditionType.ACCEPTED else part


def _keeps_serving(part: UntimedCondition, serves: ReplicaTally) -> str:
    """Return what keeps serving when a change fails; with its name taken we know only what runs."""
    if part.type not in _ORDER[:3]:
        return ""
    if part.reason is Why.NAME_TAKEN:
        runs = f"; {counted(serves.ready, 'replica')} {verb(serves.ready, 'runs')} as before"
        return runs if serves.ready else ""
    return (
        f"; {counted(serves.routable, 'replica')} {verb(serves.routable, 'keeps')} serving" if serves.routable else ""
    )


def _is_awaited(inputs: StatusInputs, serves: ReplicaTally) -> bool:
    """Whether a replica without a node is needed.

    Too few replicas are ready, they are of an older revision, or the autoscaler could never start one from zero.
    """
    if serves.wanted == 0:
        return inputs.room.missing is not None and routing_conditions.wakes(inputs)
    return serves.ready < serves.wanted or (inputs.plan is not None and inputs.plan.phase is RolloutPhase.ROLLING)


_ORDER: Final = (
    ConditionType.ACCEPTED,
    ConditionType.PROGRESSING,
    ConditionType.SCHEDULED,
    ConditionType.AVAILABLE,
    ConditionType.ROUTABLE,
)
"""Causes before effects."""


def maybe_stalled(inputs: StatusInputs, parts: tuple[UntimedCondition, ...]) -> Iterator[UntimedCondition]:
    """Yield the condition Stalled if only a person can resolve what blocks."""
    by_type = {part.type: part for part in parts}
    no = by_type[ConditionType.ACCEPTED]
    if no.holds is not False and inputs.plan is not None and inputs.plan.phase is RolloutPhase.RETURNED:
        no = by_type[ConditionType.PROGRESSING]
    elif no.holds is not False and _is_out_of_reach(inputs):
        no = by_type[ConditionType.SCHEDULED]
    if no.holds is False:
        yield _yes(ConditionType.STALLED, no.reason, no.message)


def _is_out_of_reach(inputs: StatusInputs) -> bool:
    """Whether needed replicas fit on no node of this cluster; never if nodes are added on demand."""
    return (
        inputs.room.missing is not None
        and inputs.plan is not None
        and _is_awaited(inputs, replica_counts.tally(inputs))
    )


def maybe_reconciling(inputs: StatusInputs, parts: tuple[UntimedCondition, ...]) -> Iterator[UntimedCondition]:
    """Yield the condition Reconciling while a change is in progress."""
    moving = next(part for part in parts if part.type is ConditionType.PROGRESSING)
    if (
        inputs.plan is not None
        and moving.reason not in {Why.COMPLETE, Why.PAUSED, Why.NAME_TAKEN, Why.CANARY_HELD}
        and inputs.plan.phase is not RolloutPhase.RETURNED
        and not _is_out_of_reach(inputs)
    ):
        yield _yes(ConditionType.RECONCILING, moving.reason, moving.message)


def _obstructed(inputs: StatusInputs, plan: RolloutPlan) -> UntimedCondition | None:
    """The API server refused a request of the plan, or a name that it needs is taken, or not free yet."""
    if inputs.obstacle is None or inputs.obstacle.passes:
        return None
    if inputs.obstacle.reason is Why.NAME_TAKEN and isinstance(plan.step, HoldStep):
        return None
    holds = inputs.obstacle.reason is Why.CHILD_TERMINATING
    reason, message = inputs.obstacle.reason, inputs.obstacle.message
    return UntimedCondition(type=ConditionType.PROGRESSING, holds=holds, reason=reason, message=message)


def _beside(obstacle: Obstacle, found: UntimedCondition) -> UntimedCondition:
    """Report what is awaited while all else goes on; a failure, a pause or a canary matters more."""
    if found.reason in _AS_PLANNED:
        return _yes(ConditionType.PROGRESSING, obstacle.reason, obstacle.message)
    return replace(found, message=f"{found.message} | {obstacle.message}")


_AS_PLANNED: Final = frozenset({Why.COMPLETE, Why.ROLLING_OUT, Why.STARTING})


def _back(inputs: StatusInputs, plan: RolloutPlan) -> UntimedCondition | None:
    """The target was given up."""
    if plan.phase not in {RolloutPhase.RETURNING, RolloutPhase.RETURNED}:
        return None
    failures = [state.failure for state in inputs.states if state.name == inputs.target and state.failure]
    reason = Why.START_FAILED if any(one.early for one in failures) else Why.DEADLINE_EXCEEDED
    if any(one.rejected for one in failures) or (inputs.canary and inputs.canary.phase is CanaryPhase.REJECTED):
        reason = Why.CANARY_REJECTED
    return _no(ConditionType.PROGRESSING, reason, f"{plan.step.because}{_failure(inputs)}")


def _paused(_: StatusInputs, plan: RolloutPlan) -> UntimedCondition | None:
    if plan.phase is not RolloutPhase.PAUSED:
        return None
    return UntimedCondition(type=ConditionType.PROGRESSING, holds=None, reason=Why.PAUSED, message=plan.step.because)


def _complete(_: StatusInputs, plan: RolloutPlan) -> UntimedCondition | None:
    if not (isinstance(plan.step, HoldStep) and plan.step.reason is HoldReason.COMPLETE):
        return None
    return _yes(ConditionType.PROGRESSING, Why.COMPLETE, plan.step.because)


def _troubled(inputs: StatusInputs, _: RolloutPlan) -> UntimedCondition | None:
    trouble = _trouble_of(inputs, inputs.target)
    if trouble is None:
        return None
    return _no(ConditionType.PROGRESSING, trouble.reason, f"pod {trouble.pod}: {trouble.message}")


def _on_trial(inputs: StatusInputs, plan: RolloutPlan) -> UntimedCondition | None:
    """The target has as much as its canary gives it."""
    kind, step = ConditionType.PROGRESSING, plan.step
    if not isinstance(step, HoldStep) or step.reason not in _TRIALS:
        return None
    if step.reason is HoldReason.AWAITING_PERSON:
        return UntimedCondition(type=kind, holds=None, reason=Why.CANARY_HELD, message=step.because)
    waits = inputs.canary is not None and inputs.canary.phase is CanaryPhase.WAITING
    return _yes(kind, Why.CANARY_WAITING if waits else Why.CANARY_RUNNING, step.because)


_TRIALS: Final = (HoldReason.ON_TRIAL, HoldReason.AWAITING_PERSON)


def _moving(_: StatusInputs, plan: RolloutPlan) -> UntimedCondition:
    reason = Why.ROLLING_OUT if plan.phase is RolloutPhase.ROLLING else Why.STARTING
    return _yes(ConditionType.PROGRESSING, reason, plan.step.because)


_PROGRESS: Final = (_obstructed, _back, _paused, _complete, _troubled, _on_trial, _moving)
"""The first that returns a condition wins; the last always returns one."""


def _first_trouble(inputs: StatusInputs) -> PodProblem | None:
    return next((found[0] for state in inputs.states if (found := inputs.troubles.get(state.name))), None)


def _trouble_of(inputs: StatusInputs, revision: str | None) -> PodProblem | None:
    found = inputs.troubles.get(revision or "")
    return found[0] if found else None


def _failure(inputs: StatusInputs) -> str:
    """Return the recorded failure of the revision that was given up."""
    failures = [state.failure for state in inputs.states if state.name == inputs.target and state.failure]
    return f"; {failures[0].because}" if failures and failures[0].because else ""


def _with_trouble(words: str, trouble: PodProblem | None) -> str:
    return words if trouble is None else f"{words}; pod {trouble.pod}: {trouble.message}"


def _yes(kind: ConditionType, reason: Why, message: str) -> UntimedCondition:
    return UntimedCondition(type=kind, holds=True, reason=reason, message=message)


def _no(kind: ConditionType, reason: Why, message: str) -> UntimedCondition:
    return UntimedCondition(type=kind, holds=False, reason=reason, message=message)
