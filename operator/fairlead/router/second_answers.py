"""Another answer in place of one that did not pass: from a larger model, or from the same one, told what was wrong.

The tenant pays for all of them. If the other attempt fails, the answer at hand is given: a client never gets an error
because the router wanted something better for it.
"""

from typing import Protocol

from fairlead.fleet.model_routes import InvalidAnswerAction
from fairlead.router import retried_bodies, target_moves
from fairlead.router.answer_validation import AnswerValidation, AnswerVerdict, KeptAnswer
from fairlead.router.engine_target import EngineTarget
from fairlead.router.observability.label_values import HeldOutcome
from fairlead.router.reply import ENGINE_ERROR, Reply
from fairlead.router.request import Request
from fairlead.router.request_bill import RequestBill
from fairlead.router.route_path import RoutePath
from fairlead.router.router_context import RouterContext
from fairlead.router.wire import splices
from fairlead.router.wire.body_facts import BodyFacts
from fairlead.routing import admission
from fairlead.routing.models import fallback
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.refusal import TokenUsage


class CheckedRequest(Protocol):
    """The owner of a request whose answers are judged; no engine works for it when this is called."""

    @property
    def request(self) -> Request:
        """The request."""

    @property
    def reply(self) -> Reply:
        """What its client gets."""

    @property
    def target(self) -> EngineTarget:
        """The target that served it."""

    @property
    def path(self) -> RoutePath | None:
        """Its route through a gateway's targets; None at a plain router."""

    @property
    def validation(self) -> AnswerValidation | None:
        """Judges its answers; None if nothing does."""

    @property
    def bill(self) -> RequestBill | None:
        """Its cost, if counted."""

    @property
    def keeps_alive(self) -> bool:
        """Whether its client's connection is kept."""

    def aim(self, target: EngineTarget) -> None:
        """Go to this target."""

    def prepare(self, facts: BodyFacts) -> None:
        """Prepare what only an engine of the target needs."""

    def begin_at_target(self, now: float) -> None:
        """Submit to the dispatcher of `target`."""

    def over(self, status: int, now: float) -> None:
        """Called when it has ended."""


def replaces(owner: CheckedRequest, context: RouterContext, usage: TokenUsage | None, now: float) -> bool:
    """Judge the complete answer; whether another one is requested. If not, the client has this one."""
    trial, path, record = owner.validation, owner.path, owner.request.record
    verdict = None if trial is None else trial.verdict()
    if trial is None or path is None or verdict is None:
        return False
    counters = context.telemetry.counts
    if verdict.structured is not None:
        record.check_format(verdict.structured.fault or "valid")
        counters.add_checked(record, trial.wanted.name if trial.wanted is not None else "", record.check, now)
    outcome, target = _decided(owner, context, verdict, now) if verdict.held else (HeldOutcome.GIVEN, None)
    if owner.bill is not None:
        owner.bill.judge(verdict.structured, replaced=target is not None)
    if not verdict.held:
        return False
    if outcome is HeldOutcome.TOO_LARGE:
        counters.add_held(record, "unchecked", outcome, now)
        return False
    found = verdict.cascade.fault or (verdict.structured.fault if verdict.structured is not None else None)
    fault = ENGINE_ERROR if record.cut else found
    counters.add_held(record, fault or "passed", outcome, now)
    if target is None:
        owner.reply.release()
        return False
    if outcome is HeldOutcome.RETRIED:
        _add_error(owner, trial, verdict)
    trial.keep(_kept(owner, usage, now))
    record.escalate(fault, owner.target.name)
    _send_again(owner, context, target, now)
    return True


def gives_kept(owner: CheckedRequest, now: float) -> bool:
    """Give the answer at hand instead of an error, if there is one."""
    trial, reply, record = owner.validation, owner.reply, owner.request.record
    if trial is None or reply.begun or (kept := trial.take_kept()) is None:
        return False
    reply.drop()
    record.take_back(kept.target, kept.replica, now)
    if kept.broke:
        record.cut_by(ENGINE_ERROR)
    if owner.bill is not None:
        owner.bill.give_kept()
    if kept.streams:
        record.first_token(now)
    keep = kept.keep and owner.keeps_alive
    reply.begin(kept.status)
    reply.write(kept.data)
    owner.over(kept.status, now)
    reply.finish(keep=keep)
    return True


def _decided(
    owner: CheckedRequest, context: RouterContext, verdict: AnswerVerdict, now: float
) -> tuple[HeldOutcome, EngineTarget | None]:
    """Decide a held answer's outcome, and which target to try next."""
    trial, path, structured = owner.validation, owner.path, verdict.structured
    assert trial is not None
    assert path is not None
    route = path.choice.settings
    if not owner.reply.is_held or now >= owner.request.ends_at:
        return HeldOutcome.GIVEN if owner.reply.is_held else HeldOutcome.TOO_LARGE, None
    broke = owner.request.record.cut
    if (verdict.cascade.failed or broke) and route.cascade is not None:
        larger = path.find_by(context, fallback.next_escalation)
        if larger is not None and not context.checkers.budget(route).maybe_spend(route.cascade.max_extra_share, now):
            return HeldOutcome.OVER_BUDGET, None
        return _at(path.next_by(context, fallback.next_escalation))
    if structured is not None and structured.failed:
        if route.on_invalid is InvalidAnswerAction.ESCALATE:
            return _at(path.next_by(context, fallback.next_for_invalid))
        may_retry = trial.may_retry and owner.target.is_routable and not broke
        if route.on_invalid is InvalidAnswerAction.RETRY and may_retry:
            return HeldOutcome.RETRIED, owner.target
    return HeldOutcome.GIVEN, None


def _at(target: EngineTarget | None) -> tuple[HeldOutcome, EngineTarget | None]:
    return HeldOutcome.NO_OTHER if target is None else HeldOutcome.ESCALATED, target


def _add_error(owner: CheckedRequest, trial: AnswerValidation, verdict: AnswerVerdict) -> None:
    """Extend the conversation by the fault of its answer."""
    request, path = owner.request, owner.path
    assert path is not None
    assert path.facts is not None
    assert verdict.structured is not None
    trial.retry()
    members = retried_bodies.members(request.surface, request.body, verdict.answer, verdict.structured)
    request.extend(splices.put(request.body, path.facts, members))


def _kept(owner: CheckedRequest, usage: TokenUsage | None, now: float) -> KeptAnswer:
    reply, record = owner.reply, owner.request.record
    kept = KeptAnswer(
        status=reply.status,
        keep=reply.keep,
        streams=reply.scan is not None,
        target=owner.target.name,
        replica=record.replica,
        data=reply.drop(),
        broke=record.cut,
    )
    if kept.broke:
        record.failed(AttemptEnding.CUT, now)
    record.set_aside(usage, now)
    return kept


def _send_again(owner: CheckedRequest, context: RouterContext, target: EngineTarget, now: float) -> None:
    """Send the request, which no engine has, to this target; its tenant is charged as for the first one."""
    path, left, before = owner.path, owner.request.routing, owner.target
    assert path is not None
    assert path.facts is not None
    if target_moves.aim_at(owner, context, path.facts, target) is not None:
        gives_kept(owner, now)
        return
    admission.charge_again(owner.request.routing, left)
    owner.begin_at_target(now)
    context.released(before, left.account, now)
