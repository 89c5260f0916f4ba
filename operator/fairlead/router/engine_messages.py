"""What engines get of one request: the client's own bytes, without what is not a client's, plus what the configuration
adds.

Made for each target that the request goes to, and there for each kind of engine.
"""

from msgspec import UNSET

from fairlead.engines.http_api import HttpApi
from fairlead.router import probability_check
from fairlead.router.engine_target import EngineTarget
from fairlead.router.probability_check import PROBABILITIES
from fairlead.router.request import Request
from fairlead.router.router_context import RouterContext
from fairlead.router.upstream_message import UpstreamMessage
from fairlead.router.upstream_pool import UpstreamPool
from fairlead.router.wire import body_facts, heads, splices
from fairlead.router.wire.body_facts import BodyFacts
from fairlead.router.wire.responses import ReplyFraming
from fairlead.router.wire.surfaces import MAX_OUTPUT
from fairlead.routing.endpoint import Endpoint


class EngineMessages:
    """The messages of one request to the engines of one target."""

    __slots__ = ("_bodies", "_context", "_lines", "_priority", "_request", "_target")

    def __init__(
        self,
        request: Request,
        context: RouterContext,
        target: EngineTarget,
        facts: BodyFacts,
        rank: bytes | None = None,
    ) -> None:
        self._request = request
        self._context = context
        self._target = target
        own = request.facts.engine_priority
        self._priority = rank if rank and own else own
        """What engines are told about who goes first; empty: nothing. `rank` replaces the tenant's own."""
        lines = request.facts.credentials
        if self._priority:
            lines += b"".join([b"%b: %b\r\n" % (name, self._priority) for name in target.terms.priority_headers])
        self._lines = lines + request.id_line
        """Header lines that the router adds."""
        self._bodies = {api: self._body(facts, api) for api in target.terms.apis}
        """By the engines' kind."""

    def message(self, pool: UpstreamPool) -> UpstreamMessage:
        """Return the request as sent to this engine; a traced attempt gets its own span."""
        request, target, lines = self._request, self._target, self._lines
        head, parent = request.received.head, request.record.upstream_traceparent()
        if parent is not None:
            lines = b"%btraceparent: %b\r\n" % (lines, parent)
        out = ReplyFraming.PLAIN if head.http10 else ReplyFraming.EDITED if request.edits else ReplyFraming.AS_IT_CAME
        body = self.body(pool.endpoint)
        if target.external is not None:
            return target.external.message(request.surface, body, out)
        return UpstreamMessage(parts=(heads.upstream(head, pool.host, len(body), lines), body), framing=out)

    def body(self, endpoint: Endpoint) -> bytes:
        """Return the body as this engine gets it; its kind may have come while the request waited."""
        api = self._target.api_of(endpoint)
        body = self._bodies.get(api)
        if body is None:
            request = self._request
            facts = body_facts.read(request.surface, request.body, request.received.head.headers)
            assert isinstance(facts, BodyFacts), "it was read when it arrived"
            body = self._bodies[api] = self._body(facts, api)
        return body

    def drop_bodies(self) -> None:
        """Forget the request's bodies: an engine has it and replies, and no other one gets it."""
        self._bodies.clear()
        self._request.drop_body()
        self._request.received.drop_body()

    def _body(self, facts: BodyFacts, api: HttpApi) -> bytes:
        """Return the body for such an engine; `facts` are the facts of the client's own."""
        request, context, target = self._request, self._context, self._target
        body, adapter = request.body, request.routing.adapter
        withheld = [name for name in api.never_from_clients.members if getattr(facts.parsed, name)]
        if request.routing.account.name and facts.parsed.priority is not UNSET:
            withheld.append("priority")  # it would go before other tenants' requests
        if facts.parsed.cache is not UNSET:
            withheld.append("cache")  # it is the router's own, and some engines refuse members that they do not have
        if withheld:
            body = splices.without(body, *withheld)
        if adapter is not None and adapter in target.dispatcher.config.model.versions.wanted:
            body = splices.with_model(body, facts, b'"%b"' % adapter.encode())
        elif context.only_target is None and adapter is None and facts.model != target.base and target.base:
            body = splices.with_model(body, facts, target.model_member)
        members = self._added(facts, api)
        if members:
            body = splices.put(body, facts, members)
        return splices.requesting_usage(body, facts) if request.edits else body

    def _added(self, facts: BodyFacts, api: HttpApi) -> dict[str, bytes]:
        """Return the members that the configuration sets."""
        members: dict[str, bytes] = {}
        request, context, target = self._request, self._context, self._target
        routing, surface, path = request.routing, request.surface, request.received.head.path
        account, named, ranked = routing.account, target.adapters_by(api), api.priority_member
        fill_in = target.dispatcher.fill_in(account)
        limits = MAX_OUTPUT if target.external is None else target.external.limit_members
        if not routing.names_output and fill_in is not None and surface in limits:
            members[limits[surface]] = b"%d" % fill_in
        if context.salted and account.name and target.takes_salt(surface, facts, api):
            members["cache_salt"] = context.salt_of(account)
        if named is not None and path in named.paths:
            members.update(named.members(target.base, routing.adapter))
        if self._priority and ranked is not None and path in ranked.paths:
            members[ranked.name] = self._priority
        check = request.validation
        if check is not None and surface in PROBABILITIES and check.wants_probabilities:
            members |= {} if probability_check.are_requested(facts) else {"logprobs": PROBABILITIES[surface]}
        return members
