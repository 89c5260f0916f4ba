"""What the response cache needs to know of a request: all that its answer depends on, the client's wishes, and what
became of it."""

from typing import Final

from msgspec import UNSET

from fairlead.router.cache import directives
from fairlead.router.cache.answer_heads import AnswerRoute
from fairlead.router.cache.lookup_keys import CacheLookup
from fairlead.router.cache.reasons import NotStoredReason
from fairlead.router.engine_target import EngineTarget
from fairlead.router.observability.request_record import RequestRecord
from fairlead.router.request import Request
from fairlead.router.wire.body_facts import BodyFacts
from fairlead.routing.answers.check_results import UNCHECKED

CACHE_HEADER: Final = b"x-fairlead-cache"
PASSING: Final = frozenset({"", "valid", *UNCHECKED})
"""Results of an answer's check that say nothing against it; without a check it is empty."""


def lookup(request: Request, facts: BodyFacts, target: EngineTarget, *, opted_in: bool) -> CacheLookup:
    """Return what the cache needs to know of this request; stored responses belong to revisions of its target."""
    headers, routing, dispatcher = request.received.head.headers, request.routing, target.dispatcher
    fill_in = dispatcher.fill_in(routing.account)
    return CacheLookup(
        surface=request.record.surface,
        body=request.received.body,
        tenant=routing.account.name,
        revisions=target.revisions.of(dispatcher.table),
        temperature=facts.temperature,
        seed=facts.seed,
        cache_control=headers.get(b"cache-control"),
        word=headers.get(CACHE_HEADER),
        ttl=headers.get(b"x-fairlead-cache-ttl"),
        member=None if facts.parsed.cache is UNSET else facts.parsed.cache,
        extra=_extra(request, target, fill_in, facts),
        opted_in=opted_in,
        queue=(target.lane_of(routing).value, routing.account.rank),
    )


def opts_in(request: Request, facts: BodyFacts) -> bool:
    """Whether it may enable the cache itself, where that is by request only."""
    return CACHE_HEADER in request.received.head.headers or facts.parsed.cache is not UNSET


def route(request: Request) -> AnswerRoute | None:
    """Return the route on which a gateway's request is answered: after a fallback, not where it was first sent to."""
    record, lines = request.record, request.reply_headers.route
    if not lines:
        return None
    version = request.reply_headers.version
    return AnswerRoute(target=record.target, fallback=record.fallback, lines=lines, version_line=version)


def objection(record: RequestRecord) -> NotStoredReason | None:
    """Return why its complete answer is not stored, as far as the checks of the answer say."""
    return None if record.check in PASSING else NotStoredReason.INVALID


def _extra(request: Request, target: EngineTarget, fill_in: int | None, facts: BodyFacts) -> bytes:
    """Return what affects the answer but is not in the body: the filled-in length, an adapter's version, a client's own
    credentials, which may be checked where they are passed on to, and the namespace in which it wants its answer."""
    routing = request.routing
    length = b"" if routing.names_output or fill_in is None else b"%d" % fill_in
    adapter = b"" if routing.adapter is None else routing.adapter.encode()
    credentials = request.facts.credentials if target.external is None else b""
    if namespace := directives.namespace(facts.parsed.cache):
        return b"%b\0%b\0%b\0%b" % (length, adapter, credentials, namespace)
    if credentials:
        return b"%b\0%b\0%b" % (length, adapter, credentials)
    return length if routing.adapter is None else b"%b\0%b" % (length, adapter)
