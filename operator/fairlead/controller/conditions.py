"""From a situation to conditions: each a small function that answers one judgement. Pure.

Messages carry numbers that stand still at rest, and no times.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fairlead.controller import scaling_conditions
from fairlead.controller.situation import Routers, Situation
from fairlead.fleet.conditions import ConditionReason as Why
from fairlead.fleet.conditions import ConditionType, Judgement
from fairlead.fleet.rollouts import Hold, HoldReason, Phase, Plan
from fairlead.fleet.troubles import Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Replicas of all revisions, by how far they are."""

    wanted: int
    ready: int
    routable: int


def judgements(now: Situation) -> tuple[Judgement, ...]:
    """Every condition, the summary first."""
    parts = (
        accepted(now),
        fits(now),
        scheduled(now),
        available(now),
        progressing(now),
        routable(now),
        scaling_conditions.scaling_active(now),
    )
    return (ready(now, parts), *maybe_stalled(now, parts), *maybe_reconciling(now, parts), *parts)


def tally(now: Situation) -> Tally:
    """Counted over all revisions, ending and sleeping replicas left out."""
    live = [one for state in now.states for one in state.replicas if not one.ending and not one.asleep]
    ready = [one for one in live if one.ready_since is not None]
    return Tally(
        wanted=now.count.replicas if now.count else sum(state.asked for state in now.states),
        ready=len(ready),
        routable=len([one for one in ready if one.routable]),
    )


def accepted(now: Situation) -> Judgement:
    """Whether the spec may be brought about."""
    if now.obstacle is not None and now.obstacle.reason is Why.NAME_TAKEN:
        return _no(ConditionType.ACCEPTED, now.obstacle.reason, now.obstacle.message)
    return now.judged.accepted


def fits(now: Situation) -> Judgement:
    """The estimate, until a replica says what it holds."""
    if now.measured_tokens is not None:
        return _yes(ConditionType.FITS, Why.MEASURED, f"a running replica holds {now.measured_tokens:,} KV tokens")
    return now.judged.fits


def scheduled(now: Situation) -> Judgement:
    """Whether every pod that was asked for has a node, and every pod that is wanted was asked for."""
    kind = ConditionType.SCHEDULED
    if now.pods_refused or (now.obstacle and now.obstacle.reason is Why.PODS_REFUSED):
        said = now.pods_refused or (now.obstacle.message if now.obstacle else "")
        return _no(kind, Why.PODS_REFUSED, f"the cluster refuses the pods: {said}")
    if now.product_absent:
        return _no(kind, Why.PRODUCT_ABSENT, f"spec.accelerator.product: {now.product_absent}")
    if now.unplaced:
        return _no(kind, Why.UNSCHEDULABLE, f"the scheduler says: {now.unplaced}")
    if now.plan is not None and now.plan.short:
        return _no(kind, Why.NO_FREE_GPU, now.plan.short)
    if not any(state.asked for state in now.states):
        return _yes(kind, Why.NOTHING_TO_SCHEDULE, "no replica is asked for")
    return _yes(kind, Why.SCHEDULED, "every replica that was asked for has a node")


def available(now: Situation) -> Judgement:
    """Whether enough replicas are ready, of whatever revision."""
    kind, count = ConditionType.AVAILABLE, tally(now)
    words = f"{count.ready} of {count.wanted} replicas are ready"
    if count.wanted == 0 and count.ready == 0:
        return _yes(kind, Why.SCALED_TO_ZERO, "no replica is wanted")
    if count.ready == 0:
        return _no(kind, Why.NONE_READY, _with_trouble(words, _first_trouble(now)))
    if count.ready < count.wanted:
        spare = now.judged.deployment.rollout.max_unavailable if now.judged.deployment else 0
        message = _with_trouble(words, _first_trouble(now))
        holds = count.ready >= count.wanted - spare
        return Judgement(type=kind, holds=holds, reason=Why.TOO_FEW, message=message)
    return _yes(kind, Why.AVAILABLE, words)


def progressing(now: Situation) -> Judgement:
    """Where the rollout stands; what keeps the target from starting is said at once."""
    if now.plan is None:
        why = now.judged.accepted.reason
        return Judgement(type=ConditionType.PROGRESSING, holds=None, reason=why, message="nothing is rolled out")
    return next(said for rule in _PROGRESS if (said := rule(now, now.plan)))


def routable(now: Situation) -> Judgement:
    """Whether requests get through to a replica."""
    if now.routers is None:
        why = now.judged.accepted.reason
        return Judgement(type=ConditionType.ROUTABLE, holds=None, reason=why, message="there is no router yet")
    return next(said for rule in _ROUTES if (said := rule(now, now.routers, tally(now))))


def ready(now: Situation, parts: tuple[Judgement, ...]) -> Judgement:
    """Whether what was asked for serves; the first part that says no gives the reason."""
    kind = ConditionType.READY
    serves = tally(now)
    by_type = {part.type: part for part in parts}
    for part in (by_type[one] for one in _ORDER):
        if part.holds is False and (part.type is not ConditionType.SCHEDULED or _is_awaited(now, serves)):
            rest = f"; {serves.ready} replicas keep serving" if serves.ready and part.type in _ORDER[:3] else ""
            return _no(kind, part.reason, f"{part.message}{rest}")
    if by_type[ConditionType.ROUTABLE].holds is None:
        part = by_type[ConditionType.ROUTABLE]
        return Judgement(type=kind, holds=None, reason=part.reason, message=part.message)
    return _yes(kind, Why.SERVING, f"{serves.ready} of {serves.wanted} replicas serve")


def _is_awaited(now: Situation, serves: Tally) -> bool:
    """Whether a replica without a node is missed: too few serve, or those that do are not the ones people want."""
    return serves.ready < serves.wanted or (now.plan is not None and now.plan.phase is Phase.ROLLING)


_ORDER: Final = (
    ConditionType.ACCEPTED,
    ConditionType.PROGRESSING,
    ConditionType.SCHEDULED,
    ConditionType.AVAILABLE,
    ConditionType.ROUTABLE,
)
"""Causes before effects."""


def maybe_stalled(now: Situation, parts: tuple[Judgement, ...]) -> Iterator[Judgement]:
    """That only a person can change something."""
    by_type = {part.type: part for part in parts}
    no = by_type[ConditionType.ACCEPTED]
    if no.holds is not False and now.plan is not None and now.plan.phase is Phase.RETURNED:
        no = by_type[ConditionType.PROGRESSING]
    if no.holds is False:
        yield _yes(ConditionType.STALLED, no.reason, no.message)


def maybe_reconciling(now: Situation, parts: tuple[Judgement, ...]) -> Iterator[Judgement]:
    """That a change is on its way."""
    moving = next(part for part in parts if part.type is ConditionType.PROGRESSING)
    if (
        now.plan is not None
        and moving.reason not in {Why.COMPLETE, Why.PAUSED}
        and now.plan.phase is not Phase.RETURNED
    ):
        yield _yes(ConditionType.RECONCILING, moving.reason, moving.message)


def _obstructed(now: Situation, _: Plan) -> Judgement | None:
    """The API server refused what the plan asks for."""
    if now.obstacle is None or now.obstacle.reason is Why.NAME_TAKEN:
        return None
    return _no(ConditionType.PROGRESSING, now.obstacle.reason, now.obstacle.message)


def _back(now: Situation, plan: Plan) -> Judgement | None:
    """The target was given up."""
    if plan.phase not in {Phase.RETURNING, Phase.RETURNED}:
        return None
    early = any(state.failure.early for state in now.states if state.name == now.target and state.failure)
    reason = Why.START_FAILED if early else Why.DEADLINE_EXCEEDED
    return _no(ConditionType.PROGRESSING, reason, f"{plan.step.because}{_failure(now)}")


def _paused(_: Situation, plan: Plan) -> Judgement | None:
    if plan.phase is not Phase.PAUSED:
        return None
    return Judgement(type=ConditionType.PROGRESSING, holds=None, reason=Why.PAUSED, message=plan.step.because)


def _complete(_: Situation, plan: Plan) -> Judgement | None:
    if not (isinstance(plan.step, Hold) and plan.step.reason is HoldReason.COMPLETE):
        return None
    return _yes(ConditionType.PROGRESSING, Why.COMPLETE, plan.step.because)


def _troubled(now: Situation, _: Plan) -> Judgement | None:
    trouble = _trouble_of(now, now.target)
    if trouble is None:
        return None
    return _no(ConditionType.PROGRESSING, trouble.reason, f"pod {trouble.pod}: {trouble.message}")


def _moving(_: Situation, plan: Plan) -> Judgement:
    reason = Why.ROLLING_OUT if plan.phase is Phase.ROLLING else Why.STARTING
    return _yes(ConditionType.PROGRESSING, reason, plan.step.because)


_PROGRESS: Final = (_obstructed, _back, _paused, _complete, _troubled, _moving)
"""The first that speaks wins; the last always does."""


def _through_gateway(now: Situation, routers: Routers, _: Tally) -> Judgement | None:
    if routers.gateway is None:
        return None
    if any(one.key.kind == "InferenceGateway" for one in now.judged.lost):
        words = "there is no such InferenceGateway; create it, or leave gateway out for routers of its own"
        return _no(ConditionType.ROUTABLE, Why.NOT_FOUND, f"spec.gateway.name: {routers.gateway}: {words}")
    words = f"InferenceGateway {routers.gateway} is to lead here; this release does not run gateways yet"
    return _no(ConditionType.ROUTABLE, Why.ROUTERS_NOT_READY, f"{words}, so leave spec.gateway out")


def _no_router_ready(_: Situation, routers: Routers, __: Tally) -> Judgement | None:
    if routers.ready:
        return None
    return _no(ConditionType.ROUTABLE, Why.ROUTERS_NOT_READY, f"0 of {routers.wanted} routers are ready")


def _nothing_ready(_: Situation, __: Routers, count: Tally) -> Judgement | None:
    if count.ready:
        return None
    if count.wanted == 0:
        words = "no replica is wanted; routers hold requests until one is"
        return _yes(ConditionType.ROUTABLE, Why.SCALED_TO_ZERO, words)
    return _no(ConditionType.ROUTABLE, Why.NONE_READY, "no replica is ready; routers hold requests until one is")


def _silent(_: Situation, routers: Routers, __: Tally) -> Judgement | None:
    if routers.reporting:
        return None
    words = f"{routers.ready} routers are ready and do not answer what they see"
    return Judgement(type=ConditionType.ROUTABLE, holds=None, reason=Why.ROUTERS_SILENT, message=words)


def _counted(_: Situation, routers: Routers, count: Tally) -> Judgement:
    words = f"{count.routable} of {count.ready} ready replicas get requests{_why_not(routers)}"
    if count.routable:
        return _yes(ConditionType.ROUTABLE, Why.ROUTABLE, words)
    return _no(ConditionType.ROUTABLE, Why.NO_TOKENS if routers.reasons else Why.PROBING, words)


_ROUTES: Final = (_through_gateway, _no_router_ready, _nothing_ready, _silent, _counted)
"""The first that speaks wins; the last always does."""


def _first_trouble(now: Situation) -> Trouble | None:
    return next((found[0] for state in now.states if (found := now.troubles.get(state.name))), None)


def _trouble_of(now: Situation, revision: str | None) -> Trouble | None:
    found = now.troubles.get(revision or "")
    return found[0] if found else None


def _failure(now: Situation) -> str:
    """What was the matter with the revision that was given up."""
    failures = [state.failure for state in now.states if state.name == now.target and state.failure]
    return f"; {failures[0].because}" if failures and failures[0].because else ""


def _with_trouble(words: str, trouble: Trouble | None) -> str:
    return words if trouble is None else f"{words}; pod {trouble.pod}: {trouble.message}"


def _why_not(routers: Routers) -> str:
    said = sorted((routers.reasons or {}).items())
    return f"; {said[0][0]}: {said[0][1]}" if said else ""


def _yes(kind: ConditionType, reason: Why, message: str) -> Judgement:
    return Judgement(type=kind, holds=True, reason=reason, message=message)


def _no(kind: ConditionType, reason: Why, message: str) -> Judgement:
    return Judgement(type=kind, holds=False, reason=reason, message=message)
