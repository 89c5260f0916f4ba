"""Which adapter a request gets: the one that it names, in the version that its conversation gets."""

from fairlead.router import conversation_keys
from fairlead.router.request import Request
from fairlead.router.router_context import RouterContext
from fairlead.router.wire.body_facts import BodyFacts
from fairlead.routing.accounts import Account
from fairlead.routing.dispatcher import Dispatcher


def of(
    request: Request, context: RouterContext, dispatcher: Dispatcher, facts: BodyFacts, account: Account
) -> str | None:
    """Return the requested adapter by its engine name; None if the request is for the base model."""
    name, versions = facts.model or "", dispatcher.config.model.versions
    if name not in versions.names:
        return name if name in dispatcher.adapters else None
    key = conversation_keys.version_key(request, context, facts, account)
    return versions.version(name, key, dispatcher.table.context.routable)


def version_line(adapter: str | None, dispatcher: Dispatcher) -> bytes:
    """Return the header line that names this version of an adapter; empty for all that has no versions."""
    if adapter is None or adapter not in dispatcher.config.model.versions.wanted:
        return b""
    return b"x-fairlead-adapter: %b\r\n" % adapter.encode()
