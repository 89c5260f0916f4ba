"""A request as this package knows it: what the client wants, and its state. The object itself is queued."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final, Protocol

from fairlead.fleet.tenants import Lane
from fairlead.routing.accounts import Account
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.rate_permits import Permit
from fairlead.routing.reasons import PickReason, RefusalReason
from fairlead.routing.tenant_occupancy import ShareUse, TenantUse

ENDPOINT_FIELDS: Final = ("endpoint", "charged_prompt", "charged_reply", "held_blocks", "pick", "sent_at", "unread")
"""Fields of a `RoutingRequest` that belong to the endpoint it is charged to."""


class WaitingQueue(Protocol):
    """The queue in which a request waits."""

    def withdraw(self, request: "RoutingRequest") -> None:
        """Remove the request."""


@dataclass(slots=True, kw_only=True, eq=False)
class RoutingRequest:
    """One request. The fields before `lane` come from the client and stay; the others are the dispatcher's state."""

    account: Account
    """The tenant's account."""
    prompt_tokens: int
    max_output_tokens: int
    """The client's maximum, or the limit that replaces it, of all answers together; `expectations` estimates how many
    there will be."""
    arrived: float
    answers: int = 1
    """How many answers the client wants, to one prompt or to several: limits and the context apply to each."""
    longest_input: int = 0
    """Estimated tokens of the longest of several prompts: limits, lanes and the context apply to each, load and rates
    to all. 0 if it is one prompt."""
    blocks: Sequence[int] = ()
    """Chained ids of the prompt's prefix blocks: equal ids mean equal prefixes."""
    session: int = 0
    """Hash of the session's name if the client sends one; otherwise the prefix is the key."""
    adapter: str | None = None
    """A LoRA adapter that its endpoint must have loaded."""
    names_output: bool = True
    """Whether the client set `output_tokens`; otherwise the limits or the context did."""
    counted: bool = False
    """Whether the engine's tokenizer counted `prompt_tokens`; otherwise they are estimated from bytes."""
    body_bytes: int = 0
    """Bytes of its body, which stays in memory while it waits."""
    batch: bool = False
    """Whether the client marked it as batch work."""
    streams: bool = True
    """Whether its first token is seen when it comes; for other replies only the end is."""
    only_counts: bool = False
    """Whether it is for the engine's tokenizer alone: no token of it is computed."""
    give_up_at: float = inf
    """The latest time at which it may still be queued."""
    owner: Any = None
    """The object that acts on the answer: the router's exchange, the simulator's arrival. Never read here."""

    lane: Lane = Lane.INTERACTIVE
    endpoint: Endpoint | None = None
    """The endpoint where it is in flight."""
    charged_prompt: int = 0
    """Tokens that it still adds to the endpoint's load: prompt not computed yet, and below, reply not written yet."""
    charged_reply: int = 0
    held_blocks: int = 0
    """Blocks that the endpoint was thought to hold when it was chosen."""
    unread: int = 0
    """Prompt tokens that its endpoint had to compute when it was sent there, including its own; 0 if its first token is
    not awaited."""
    pick: PickReason | None = None
    shadow: RefusalReason | None = None
    """The first reason for which it would have been refused, were its tenant not in shadow mode."""
    shadowed_by: tuple[RefusalReason, ...] = ()
    """All such reasons that its tenant's account has counted it under: a request is counted once, whatever targets it
    tries."""
    tried: list[Endpoint] = field(default_factory=list)
    """Endpoints that failed it, oldest first."""
    waiting: bool = False
    """Whether it is in a queue."""
    late: bool = False
    """Whether it waited past the latest start for a first token within the objective."""
    tenant_use: TenantUse | None = None
    """What its tenant has in flight, if shares matter."""
    occupied: int = 0
    """Its part of all tokens in flight, from the start of the attempt to its end."""
    uncached: int = 0
    """Prompt tokens that no endpoint was thought to hold when it was queued."""
    expected_tokens: int = 0
    """Tokens that it is expected to take, prompt and reply; computed only when needed."""
    reserved_tokens: int = 0
    """Tokens charged to its tenant's token rate in advance; settled when it ends."""
    paid_request: bool = False
    """Whether it was charged to its tenant's request rate."""
    keeps_charges: bool = False
    """Whether another dispatcher may get it after a refusal, so its tenant is not refunded."""
    permit: Permit | None = None
    """The answer of its tenant's rates; None if there are none, or before they are checked."""
    answered: bool = False
    """Whether its first token has arrived."""
    queued_at: float = 0.0
    """When it was first queued; later by the time that it has spent at engines since."""
    sent_at: float = 0.0
    """When it last got an endpoint."""
    queue: WaitingQueue | None = None
    """The queue that it is in while it waits."""

    @property
    def yields(self) -> bool:
        """Whether its tenant has more than its share in flight while others are active, so that it leaves them room."""
        return self.tenant_use is not None and self.tenant_use.share(self.prompt_tokens) is ShareUse.ABOVE

    @property
    def input_tokens(self) -> int:
        """The tokens of its only prompt, or of the longest."""
        return self.longest_input or self.prompt_tokens

    @property
    def answer_tokens(self) -> int:
        """The client's maximum of one answer."""
        return self.max_output_tokens // self.answers

    def count_queued(self, count: int) -> None:
        """Count it among its tenant's requests in a queue, or with -1 no longer."""
        self.account.queued += count
        if self.tenant_use is not None:
            self.tenant_use.queued += count

    def add_attempt(self, now: float) -> None:
        """Record a failed attempt: the time at an engine is no wait, whether it had to wait before or not."""
        if self.queued_at:
            self.queued_at += now - self.sent_at

    def count_prompt(self, tokens: int) -> None:
        """Set the prompt tokens that the engine's tokenizer counted."""
        self.prompt_tokens = tokens
        self.counted = True

    def recognize_by(self, blocks: Sequence[int], session: int) -> None:
        """Set by what its conversation is found again: the prompt's prefix blocks, and its session."""
        self.blocks = blocks
        self.session = session

    def may_move(self, *, elsewhere: bool) -> None:
        """Set whether another dispatcher may get it after a refusal."""
        self.keeps_charges = elsewhere

    def end(self) -> None:
        """Drop the owner: nothing happens to it any more, and no reference cycle remains."""
        self.owner = None

    def would_be_refused(self, reason: RefusalReason) -> None:
        """Keep the first reason for which it would have been refused, were its tenant not in shadow mode."""
        self.shadow = self.shadow or reason

    def count_shadow(self, reason: RefusalReason) -> None:
        """Count it as one that would have been refused, once for each reason."""
        self.would_be_refused(reason)
        if reason not in self.shadowed_by:
            self.shadowed_by = (*self.shadowed_by, reason)
            self.account.shadowed[reason] += 1

    def take_charges(self, other: "RoutingRequest") -> None:
        """Take over what the tenant was charged for the same request at another dispatcher."""
        self.permit, self.paid_request, self.reserved_tokens = other.permit, other.paid_request, other.reserved_tokens
        self.expected_tokens, self.shadow, self.shadowed_by = other.expected_tokens, other.shadow, other.shadowed_by
        other.paid_request, other.reserved_tokens = False, 0

    def swap_endpoints(self, other: "RoutingRequest") -> None:
        """Trade the endpoint, and its charges, with another attempt of the same request."""
        for name in ENDPOINT_FIELDS:
            mine = getattr(self, name)
            setattr(self, name, getattr(other, name))
            setattr(other, name, mine)
