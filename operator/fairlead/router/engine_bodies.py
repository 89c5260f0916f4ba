"""The body that an engine of one kind gets: the client's own bytes, without what is not a client's, plus what the
configuration adds."""

from typing import Protocol

from msgspec import UNSET

from fairlead.engines.http_api import HttpApi
from fairlead.router import probability_check
from fairlead.router.engine_target import EngineTarget
from fairlead.router.observability.request_record import Copied, RequestRecord
from fairlead.router.probability_check import PROBABILITIES, ProbabilityCheck
from fairlead.router.router_context import RouterContext
from fairlead.router.wire import splices
from fairlead.router.wire.body_facts import BodyFacts
from fairlead.router.wire.requests import ClientRequest
from fairlead.router.wire.surfaces import MAX_OUTPUT, STREAM_USAGE, Surface
from fairlead.routing.routing_request import RoutingRequest


class BodyOwner(Protocol):
    """The request that the body is of."""

    body: bytes
    edits: bool
    validation: ProbabilityCheck | None
    engine_priority: bytes
    received: ClientRequest
    record: RequestRecord
    routing: RoutingRequest
    surface: Surface


def of(owner: BodyOwner, context: RouterContext, target: EngineTarget, facts: BodyFacts, api: HttpApi) -> bytes:
    """Return the body; `facts` are the facts of the client's own. Sets whether the reply's usage is removed."""
    body, account = owner.body, owner.routing.account
    withheld = [name for name in api.never_from_clients.members if getattr(facts.parsed, name)]
    if account.name and facts.parsed.priority is not UNSET:
        withheld.append("priority")  # it would go before other tenants' requests
    if facts.parsed.cache is not UNSET:
        withheld.append("cache")  # it is the router's own, and some engines refuse members that they do not have
    if withheld:
        body = splices.without(body, *withheld)
    adapter = owner.routing.adapter
    if adapter is not None and adapter in target.dispatcher.config.model.versions.wanted:
        body = splices.with_model(body, facts, b'"%b"' % adapter.encode())
    elif context.only_target is None and adapter is None and facts.model != target.base and target.base:
        body = splices.with_model(body, facts, target.model_member)
    members = _added(owner, context, target, facts, api)
    if members:
        body = splices.put(body, facts, members)
    limited = account.tokens is not None or account.tenant.budget is not None
    counted = (limited or owner.record.copied is Copied.COPY) and facts.stream and owner.surface in STREAM_USAGE
    edits = owner.edits = counted and not facts.include_usage
    return splices.requesting_usage(body, facts) if edits else body


def _added(
    owner: BodyOwner, context: RouterContext, target: EngineTarget, facts: BodyFacts, api: HttpApi
) -> dict[str, bytes]:
    """Return the members that the configuration sets."""
    members: dict[str, bytes] = {}
    routing, surface, path = owner.routing, owner.surface, owner.received.head.path
    account, named, ranked = routing.account, target.adapters_by(api), api.priority_member
    fill_in = target.dispatcher.fill_in(account)
    if not routing.names_output and fill_in is not None and surface in MAX_OUTPUT:
        members[MAX_OUTPUT[surface]] = b"%d" % fill_in
    if context.salted and account.name and target.takes_salt(surface, facts, api):
        members["cache_salt"] = context.salt_of(account)
    if named is not None and path in named.paths:
        members.update(named.members(target.base, routing.adapter))
    if owner.engine_priority and ranked is not None and path in ranked.paths:
        members[ranked.name] = owner.engine_priority
    if owner.validation is not None and surface in PROBABILITIES and owner.validation.wants_probabilities:
        members |= {} if probability_check.are_requested(facts) else {"logprobs": PROBABILITIES[surface]}
    return members
