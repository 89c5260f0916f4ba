"""A request as this room sees it: what it asks for, and where it stands. It waits in queues as itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

from fairlead.fleet.tenants import Lane
from fairlead.routing.reasons import PickReason, RefusalReason

if TYPE_CHECKING:
    from fairlead.routing.accounts import Account
    from fairlead.routing.endpoint import Endpoint
    from fairlead.routing.fair_queue import TenantQueue
    from fairlead.routing.permits import Permit


@dataclass(slots=True, kw_only=True, eq=False)
class RoutingRequest:
    """The first group comes from the request and stays; the second is this room's memory of it."""

    account: "Account"
    """Whose it is."""
    prompt_tokens: int
    output_tokens: int
    """At most so many by its own word, or the limit that fills in for it; what is expected is the room's to guess."""
    arrived: float
    blocks: Sequence[int] = ()
    """Chained ids of the prompt's beginning, block by block: equal ids, equal beginnings."""
    talk: int = 0
    """Hash of the session's name where the client tells one; otherwise its text names it."""
    adapter: str | None = None
    """A LoRA adapter that must be loaded where it goes."""
    says_output: bool = True
    """`output_tokens` is its own word; otherwise what the limits or the context leave it."""
    counted: bool = False
    """`prompt_tokens` came from the engine's tokenizer; otherwise it is estimated from bytes."""
    size: int = 0
    """Bytes of its body, which stay in memory while it waits."""
    batch: bool = False
    """The client said that it is in no hurry."""
    give_up_at: float = inf
    """It waits for its turn until then."""
    owner: object = None
    """Whoever acts on the answer: the router's exchange, the simulator's arrival. Never looked into here."""

    lane: Lane = Lane.INTERACTIVE
    endpoint: "Endpoint | None" = None
    """Where it is under way now."""
    charged_prompt: int = 0
    """What it still adds to that endpoint's load: prompt not read yet, and reply not written yet."""
    charged_reply: int = 0
    held_blocks: int = 0
    """How many of its blocks the endpoint was thought to hold when it was chosen."""
    pick: PickReason | None = None
    shadow: RefusalReason | None = None
    """Why it would have been refused, had its tenant's limits not only been tried; the first reason."""
    tried: "list[Endpoint]" = field(default_factory=list)
    """Endpoints that failed it, oldest first."""
    waiting: bool = False
    """It stands in a queue."""
    occupied: int = 0
    """What it counts for among all tokens under way, from when it was sent until it is over there."""
    cost: int = 0
    """Tokens it is expected to take, both ways; worked out only where somebody counts by it."""
    reserved_tokens: int = 0
    """What was taken from its tenant's token rate before it began; settled when it ends."""
    paid_request: bool = False
    """It was counted against its tenant's request rate."""
    permit: "Permit | None" = None
    """What its tenant's rates said of it; nothing where there are none, or nobody was asked yet."""
    answered: bool = False
    """Its first token was seen."""
    queued_at: float = 0.0
    """When it began to wait; its first wait counts when it waits again."""
    sent_at: float = 0.0
    """When it was last given an endpoint."""
    line: "TenantQueue | None" = None
    """Where it stands while it waits."""
