"""One engine replica as a router knows it: its state, what is under way there, and what it said of itself lately."""

from dataclasses import dataclass
from math import inf

from fairlead.fleet.endpoints import EndpointState
from fairlead.fleet.light_dataclass import light


@light
class EndpointSample:
    """What the engine's own metrics told: requests of all routers together."""

    at: float
    running: float
    waiting: float
    kv_usage: float
    """Share of its KV cache in use, 0 to 1."""


@dataclass(slots=True, eq=False)
class Endpoint:
    """One engine. Counts change only where a request is charged and given back."""

    pod: str
    address: str
    slot: int
    """Its bit in the prefix index; given out again after it is forgotten."""
    revision: str = ""
    adapters: frozenset[str] = frozenset()
    """Adapters its pod says it can serve."""
    state: EndpointState = EndpointState.NOT_READY
    reason: str = ""
    listed: bool = True
    """Its source still names it; one that went is forgotten when nothing is under way there."""
    inflight: int = 0
    prompt_load: int = 0
    """Tokens of prompts sent there and not read yet."""
    reply_load: int = 0
    """Tokens of replies expected from it and not written yet."""
    most_requests: float = inf
    """As many as run there at once; more would only wait in its own queue."""
    kv_tokens: int | None = None
    """What its KV cache holds, where it is known."""
    figures: EndpointSample | None = None
    failures: int = 0
    """Failed requests in a row."""
    progress_at: float = 0.0
    """When it last produced anything, or took work while it had none."""
    last_pick: int = 0
    """When it was last chosen, as a running number."""
    place: int = 0
    """Where it stands on the ring that all routers agree on; made from its pod's name."""
    others_load: int = 0
    """What other routers have under way there, as far as the engine's figures tell."""
    inflight_then: int = 0
    """Ours when the figures were taken: what came since is not in them."""
    failing: float = 0.0
    """Share of failed ones among its last requests, the latest counting most."""
    queued_then: float = 0.0
    """Requests in its own queue when the figures were taken."""
    free_tokens: float = inf
    """Room in its KV cache when the figures were taken."""
    first_seconds: float = 0.0
    """The longest time to a first token lately, of prompts with next to nothing to read."""
    token_seconds: float = 0.0
    """The longest time a token of unread prompt took lately."""

    @property
    def load(self) -> int:
        """Token-weighted work under way from this router."""
        return self.prompt_load + self.reply_load
