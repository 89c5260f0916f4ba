"""A request aimed at a target: whether it may go there, and what the target's dispatcher gets of it."""

from msgspec import UNSET

from fairlead.router import adapter_choice, refusals
from fairlead.router.engine_target import EngineTarget
from fairlead.router.observability import access_entries
from fairlead.router.request import Request
from fairlead.router.router_context import RouterContext
from fairlead.router.wire.body_facts import BodyFacts
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.prompt_size import PromptSize
from fairlead.router.wire.surfaces import COUNTING, MAX_OUTPUT
from fairlead.routing.accounts import Account
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.routing_request import RoutingRequest


def aim(
    request: Request, context: RouterContext, target: EngineTarget, facts: BodyFacts, owner: object
) -> Problem | None:
    """Give the request a `RoutingRequest` for this target and owner; return a problem if it cannot go there."""
    account, dispatcher, model = request.facts.account, target.dispatcher, facts.model or ""
    assert isinstance(account, Account)
    if context.only_target is not None:
        refused = dispatcher.unserved(account, model)
        if refused is not None:
            return refusals.of(refused)
    adapter = adapter_choice.of(request, context, dispatcher, facts, account)
    salted = context.salted and bool(account.name)
    problem = target.lacks(request.received.head.path, request.surface, adapter, salted=salted)
    if problem is not None:
        return problem
    if (facts.max_tokens is None or facts.parsed.n is not UNSET) and (number := facts.uncountable) is not None:
        return refusals.uncountable(*number)
    routing = _routing_request(request, target, facts, adapter, owner)
    if account.shadow and not account.allows(model or dispatcher.config.model.base):
        routing.would_be_refused(RefusalReason.MODEL_NOT_ALLOWED)
    request.aim(routing, facts)
    if adapter is not None or request.reply_headers.version:
        request.reply_headers.show_version(adapter_choice.version_line(adapter, dispatcher))
    if context.telemetry.log_prompts:
        request.record.log_prompt(access_entries.prompt_text(facts.prompt))
    if not routing.only_counts:
        request.record.estimate(routing.prompt_tokens)
    return None


def _routing_request(
    request: Request, target: EngineTarget, facts: BodyFacts, adapter: str | None, owner: object
) -> RoutingRequest:
    """Return what the dispatcher gets: the tokens are estimated, as measured of the tenant's requests there."""
    account, dispatcher, size = request.facts.account, target.dispatcher, facts.size
    assert isinstance(account, Account)
    most, answers = facts.max_tokens, facts.n
    only_counts = request.received.head.path in COUNTING
    longest = PromptSize() if only_counts else facts.longest
    tokens = dispatcher.table.expectations.of(account.name).tokens
    named_output = most is not None or request.surface not in MAX_OUTPUT
    return RoutingRequest(
        account=account,
        prompt_tokens=tokens(request.text_bytes, size.media, size.ids),
        max_output_tokens=((most or 0) if named_output else dispatcher.default_output(account)) * answers,
        answers=answers,
        longest_input=0 if longest is None else tokens(*longest),
        counted=facts.is_counted,
        arrived=request.record.arrived,
        adapter=adapter,
        names_output=named_output,
        body_bytes=len(request.received.body),
        batch=request.facts.batch,
        streams=request.streams,
        only_counts=only_counts,
        give_up_at=request.ends_at,
        owner=owner,
    )
