"""By what a request's conversation is found again: the session that its client names, or how its prompt begins.

Engines keep what they computed of a conversation, and a new version of an adapter gets whole conversations.
"""

from fairlead.router.engine_target import EngineTarget
from fairlead.router.request import Request
from fairlead.router.router_context import RouterContext
from fairlead.router.wire import prefix_blocks
from fairlead.router.wire.body_facts import BodyFacts
from fairlead.routing.accounts import Account


def recognize(request: Request, context: RouterContext, target: EngineTarget, facts: BodyFacts) -> None:
    """Set the prefix blocks and the session by which this target's endpoints are chosen."""
    routing = request.routing
    if target.external is not None:
        return
    # A request that only counts tokens leaves none of them in an engine's cache.
    blocks = [] if routing.only_counts else context.blocks(facts.prompt, routing.account, routing.adapter)
    table = target.dispatcher.table
    session = 0
    if table.context.routers > 1 or table.split is not None:
        # A single router knows every session by its text; several agree on the name that the client sends.
        name = request.session(facts)
        if name is None and table.split is not None and not blocks and len(facts.prompt) >= prefix_blocks.BYTES:
            # Balancing does without prefixes, and the conversation is still known by its beginning.
            name = facts.prompt[: prefix_blocks.BYTES]
        if name is not None:
            session = prefix_blocks.session_id(name, routing.account.name.encode())
    routing.recognize_by(blocks, session)


def version_key(request: Request, context: RouterContext, facts: BodyFacts, account: Account) -> int:
    """Return the number by which a conversation gets its version of an adapter."""
    session = request.session(facts)
    if session is not None:
        return prefix_blocks.session_id(session, account.name.encode())
    salt = account.name.encode() if context.salted else b""
    first = prefix_blocks.of(facts.prompt[: prefix_blocks.BYTES], salt)
    return first[0] if first else int(request.record.arrived * 1_000_000)
