"""One engine replica as a router knows it: its state, the requests in flight there, and its latest samples."""

from dataclasses import dataclass, field
from math import inf

from fairlead.fleet.endpoints import EndpointState
from fairlead.fleet.light_dataclass import light
from fairlead.routing.adapter_slots import AdapterSlots


@light
class EndpointSample:
    """The engine's own metrics at one scrape: they count the requests of all routers."""

    at: float
    running: float
    waiting: float
    kv_usage: float
    """Share of its KV cache in use, 0 to 1."""


@dataclass(slots=True, eq=False)
class Endpoint:
    """One engine. Counts change only when a request is charged or given back."""

    pod: str
    address: str
    slot: int
    """Its bit in the prefix index; reused once the endpoint is removed."""
    revision: str = ""
    adapters: frozenset[str] = frozenset()
    """Adapters that its pod lists as served, and those that its engine has loaded since."""
    pinned: frozenset[str] = frozenset()
    """Those of its pod."""
    loaded: frozenset[str] = frozenset()
    """Names that its engine listed when it was asked last; they go with its process."""
    slots: AdapterSlots = field(default_factory=AdapterSlots)
    """Which adapters take part in its steps."""
    unlisted: bool = False
    """Adapters come and go there, and its engine has yet to list those that it has."""
    state: EndpointState = EndpointState.NOT_READY
    reason: str = ""
    listed: bool = True
    """Its source still lists it; an unlisted endpoint is removed when none of its requests is in flight."""
    inflight: int = 0
    prompt_load: int = 0
    """Prompt tokens sent there and not computed yet."""
    reply_load: int = 0
    """Tokens of replies that are expected from it and not written yet."""
    unread: int = 0
    """Prompt tokens of streamed requests there whose first token has not come."""
    most_requests: float = inf
    """Requests that it runs at once; more would only wait in its own queue."""
    kv_tokens: int | None = None
    """Tokens that its KV cache holds, where that is known."""
    figures: EndpointSample | None = None
    failures: int = 0
    """Failed requests in a row."""
    progress_at: float = 0.0
    """When it last produced anything, or got a request while it had none."""
    last_pick: int = 0
    """Running number of the last choice that named it."""
    place: int = 0
    """Its hash for rendezvous hashing, from its pod's name: the same at all routers."""
    others_load: int = 0
    """Load of other routers' requests there: `peers_load`, and an estimate of the rest from the engine's samples."""
    peers_load: int = 0
    """Tokens in flight there from routers that report to this one, to compute and to write."""
    peers_prompt: int = 0
    """Of these, the prompt tokens that are not computed yet."""
    peers_inflight: int = 0
    """Requests in flight there from routers that report to this one."""
    inflight_then: int = 0
    """Our requests in flight at the latest sample, with those that peers report: it does not include those sent since.
    """
    failing: float = 0.0
    """Share of failures among its last requests, exponentially weighted."""
    queued_then: float = 0.0
    """Requests in its own queue at the latest sample."""
    free_tokens: float = inf
    """Free tokens in its KV cache at the latest sample."""
    kv_room: float = inf
    """Tokens that may still be sent there: by the latest sample, less what our requests took since then."""
    first_seconds: float = 0.0
    """The longest recent time to first token of a prompt with next to nothing to compute."""
    token_seconds: float = 0.0
    """The longest recent prefill time for a prompt token."""

    @property
    def load(self) -> int:
        """Tokens in flight there from this router, to compute and to write."""
        return self.prompt_load + self.reply_load
