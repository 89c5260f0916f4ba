"""A dispatcher with engines, and requests for it."""

from hashlib import sha256
from math import inf

from fairlead.fleet.endpoints import DiscoveredEndpoint
from fairlead.fleet.gateways import RoutingSettings
from fairlead.routing.accounts import Account
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.dispatcher_config import DispatcherConfig
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.refusal import Refusal
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.served_model import ServedModel


def digest(name: str) -> bytes:
    """The digest of a tenant's key."""
    return sha256(name.encode()).digest()


def terms(
    routing: RoutingSettings,
    *,
    routers: int = 1,
    model: ServedModel | None = None,
    max_bytes: int = 2**20,
    objective: float | None = None,
) -> DispatcherConfig:
    """Terms under which every tenant's key is its name."""
    return DispatcherConfig(
        routing=routing,
        model=model or ServedModel(),
        routers=routers,
        keys={digest(one.name): one.name for one in routing.tenants},
        max_waiting_bytes=max_bytes,
        first_token_seconds=objective,
    )


def seen(*pods: str, adapters: frozenset[str] = frozenset()) -> list[DiscoveredEndpoint]:
    """Engines as their source reports them."""
    return [DiscoveredEndpoint(pod=pod, address=f"{pod}:8000", adapters=adapters) for pod in pods]


def start(dispatcher: Dispatcher, *found: DiscoveredEndpoint, slots: float = inf, kv_tokens: int | None = None) -> None:
    """Make exactly these engines present from now on, each of them proved."""
    dispatcher.table.apply_discovered(found)
    for endpoint in dispatcher.table.endpoints:
        dispatcher.table.probe_succeeded(endpoint)
        dispatcher.table.sized(endpoint, kv_tokens, slots)
    list(dispatcher.turns(0.0)) if not dispatcher.waiting else None


def dispatcher_of(
    routing: RoutingSettings | None = None, slots: float = 1, engines: int = 1, kv_tokens: int | None = None
) -> Dispatcher:
    """A dispatcher with this many engines that run this many requests each."""
    made = Dispatcher(terms(routing or RoutingSettings()))
    start(made, *seen(*(f"engine-{place}" for place in range(engines))), slots=slots, kv_tokens=kv_tokens)
    return made


def account(at: Dispatcher, name: str = "") -> Account:
    """The tenant of this name."""
    found = at.account(digest(name))
    assert not isinstance(found, Refusal)
    return found


def send(at: Dispatcher, name: str = "", prompt: int = 100, output: int = 10, **other: object) -> RoutingRequest:
    """Make one request."""
    whose = account(at, name)
    return RoutingRequest(account=whose, prompt_tokens=prompt, max_output_tokens=output, arrived=0.0, **other)  # type: ignore[arg-type]


def sent(at: Dispatcher, one: RoutingRequest, now: float = 0.0) -> Endpoint:
    """The endpoint that it got at once."""
    endpoint = at.submit(one, now)
    assert isinstance(endpoint, Endpoint), endpoint
    return endpoint


def waits(at: Dispatcher, one: RoutingRequest, now: float = 0.0) -> RoutingRequest:
    """The request, which had to wait."""
    assert at.submit(one, now) is None
    assert one.waiting
    return one


def refused(at: Dispatcher, one: RoutingRequest, now: float = 0.0) -> Refusal:
    """The refusal, which came at once."""
    endpoint = at.submit(one, now)
    assert isinstance(endpoint, Refusal), endpoint
    return endpoint


def placed(at: Dispatcher, now: float = 0.0) -> list[RoutingRequest]:
    """Requests that the queue sends now."""
    return [one for one, endpoint in at.turns(now) if isinstance(endpoint, Endpoint)]


def refused_at(at: Dispatcher, now: float = 0.0) -> list[tuple[RoutingRequest, Refusal]]:
    """Requests that this sweep refuses."""
    return [(one, endpoint) for one, endpoint in at.turns(now) if isinstance(endpoint, Refusal)]


def is_empty(at: Dispatcher) -> bool:
    """Whether every counter is back at zero."""
    lanes = at.queue.lanes.all
    counts = [at.inflight, at.waiting, at.held, at.occupancy.tokens, at.queue.bytes, len(at.queue.parked)]
    counts += [number for lane in lanes for number in (lane.inflight, lane.tokens, lane.prefilling, lane.bands.waiting)]
    counts += [number for one in at.accounts.all for number in (one.inflight, one.queued)]
    counts += [
        number
        for one in at.table.endpoints
        for number in (one.inflight, one.prompt_load, one.reply_load, one.pending_prefill)
    ]
    return not any(counts)
