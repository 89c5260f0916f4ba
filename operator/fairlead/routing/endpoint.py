"""One engine replica as a router knows it: its state, the requests in flight there, and its latest samples."""

from dataclasses import dataclass, field
from math import inf

from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.endpoints import EndpointState
from fairlead.fleet.light_dataclass import light
from fairlead.routing.adapter_slots import AdapterSlots


@light
class EndpointSample:
    """The engine's own metrics at one scrape, which count the requests of all routers."""

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
    kind: EngineKind | None = None
    """None if unknown; the configuration then names it."""
    adapters: frozenset[str] = frozenset()
    """Adapters that its pod lists as served, and those that its engine has loaded since."""
    pinned: frozenset[str] = frozenset()
    """Adapters that its pod lists."""
    loaded: frozenset[str] = frozenset()
    """Names in its engine's last list; they go with its process."""
    slots: AdapterSlots = field(default_factory=AdapterSlots)
    """Which adapters take part in its steps."""
    adapters_unknown: bool = False
    """Whether adapters come and go there, and its engine has yet to list its own."""
    state: EndpointState = EndpointState.NOT_READY
    reason: str = ""
    discovered: bool = True
    """Whether its source still lists it; an unlisted endpoint is removed once none of its requests is in flight."""
    inflight: int = 0
    prompt_load: int = 0
    """Prompt tokens sent there and not computed yet."""
    reply_load: int = 0
    """Expected reply tokens that are not written yet."""
    pending_prefill: int = 0
    """Prompt tokens of streamed requests there whose first token has not come."""
    max_sequences: float = inf
    """Requests that it runs at once; more would only wait in its own queue."""
    kv_tokens: int | None = None
    """Tokens that its KV cache holds, if known."""
    sample: EndpointSample | None = None
    failures: int = 0
    """Consecutive failed requests."""
    hung_since: float | None = None
    """Since when it has taken requests or probes and answered none with a token; None: it has not, or failed in another
    way."""
    progress_at: float = 0.0
    """When it last produced anything, or got a request while it had none."""
    last_pick: int = 0
    """Running number of the last choice that picked it."""
    place: int = 0
    """Its hash for rendezvous hashing, from its pod's name: the same at all routers."""
    others_load: int = 0
    """Load of other routers' requests there: `peers_load`, and an estimate of the rest from the engine's samples."""
    peers_load: int = 0
    """Tokens in flight there from routers that report to this one, to compute and to write."""
    peers_prompt: int = 0
    """How many of these are prompt tokens not computed yet."""
    peers_inflight: int = 0
    """Requests in flight there from routers that report to this one."""
    inflight_then: int = 0
    """Our requests in flight at the latest sample, with those that peers report, but not those sent since."""
    failing: float = 0.0
    """Share of failures among its last requests, exponentially weighted."""
    queued_then: float = 0.0
    """Requests in its own queue at the latest sample."""
    free_tokens: float = inf
    """Free tokens in its KV cache at the latest sample."""
    kv_room: float = inf
    """Tokens that may still be sent there: by the latest sample, less what our requests took since then."""
    first_seconds: float = 0.0
    """The longest recent time to first token of a prompt with almost nothing to compute."""
    token_seconds: float = 0.0
    """The longest recent prefill time per prompt token."""

    @property
    def load(self) -> int:
        """Tokens in flight there from this router, to compute and to write."""
        return self.prompt_load + self.reply_load

    def progressed(self, now: float) -> None:
        """Record that it produced something, so that it does not hang."""
        self.progress_at = now
