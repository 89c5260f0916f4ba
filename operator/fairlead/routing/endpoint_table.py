"""The table of endpoints: the state of each with its reason, its load, and which one gets a request.

One listener is called on every change of state; it dispatches waiting requests and starts probes. Load changes in only
three places: `charge`, `first_token` and `give_back`. The table does no I/O and reads no clock.
"""

from collections.abc import Callable, Collection, Iterable
from math import inf
from typing import Final

from fairlead.fleet.endpoints import NOT_PROBED, DiscoveredEndpoint, EndpointState
from fairlead.fleet.gateways import Balancing
from fairlead.fleet.traffic_shares import TrafficShare
from fairlead.routing import breaker, cache_room, endpoint_samples, rendezvous, selection, watchdog
from fairlead.routing.adapter_slots import AdapterSlots
from fairlead.routing.endpoint import Endpoint, EndpointSample
from fairlead.routing.expectations import TokenExpectations
from fairlead.routing.peers.own_requests import OwnRequests
from fairlead.routing.prefix import PrefixIndex
from fairlead.routing.prefix_popularity import PrefixPopularity
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.revision_split import RevisionSplit
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.selection import EndpointChoice, NoCandidate, SelectionContext
from fairlead.routing.slot_claims import SlotClaims

UNPROVED: Final = frozenset({EndpointState.PROBING, EndpointState.EJECTED})
"""States in which an endpoint must produce one token for us before it gets requests: it is new, or it was ejected."""
EndpointListener = Callable[[Endpoint], None]


class EndpointTable:
    """All endpoints of one router."""

    def __init__(self, changed: EndpointListener, balancing: Balancing | None = None) -> None:
        self.complete = False
        """Whether a source has delivered a whole list yet."""
        self.changed = changed
        """Called on each change of an endpoint's state."""
        self.index = PrefixIndex()
        self.context = SelectionContext(balancing or Balancing(), self.index, PrefixPopularity())
        """The input of `selection.choose`; `field.balancing` is replaced when the configuration changes."""
        self.split: RevisionSplit | None = None
        """Divides the traffic while a new revision has a share of it."""
        self.own_requests: OwnRequests | None = None
        """What to report to other routers, if there are any."""
        self.expectations = TokenExpectations()
        self.claims = SlotClaims(self._claimed)
        """Adapters that wait for a slot of an engine."""
        self._endpoints: dict[tuple[str, str], Endpoint] = {}
        self._follows_adapters = False
        self._adapter_slots: int | None = None
        self._slots: list[int] = []
        """Bits of removed endpoints, for reuse."""

    def apply(self, balancing: Balancing, routers: int, share: TrafficShare | None) -> None:
        """Apply another configuration; without a share, revisions are treated alike."""
        self.context.balancing, self.context.routers = balancing, routers
        if share is None or self.split is None or self.split.share != share:
            self.split = None if share is None else RevisionSplit(share)

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Every endpoint, including those that are no longer listed and still have requests in flight."""
        return tuple(self._endpoints.values())

    def holds(self, endpoint: Endpoint) -> bool:
        """Return whether this endpoint is still in the table."""
        return self._endpoints.get((endpoint.pod, endpoint.address)) is endpoint

    # Discovery, samples and probes

    def apply_discovered(self, seen: Collection[DiscoveredEndpoint]) -> None:
        """Apply the whole list of a source; an endpoint that is not on it drains and is removed."""
        self.complete = True
        listed = {(one.pod, one.address): one for one in seen}
        for key, endpoint in list(self._endpoints.items()):
            if key not in listed:
                endpoint.discovered = False
                self._set(endpoint, EndpointState.DRAINING, "no longer listed")
                self._maybe_forget(endpoint)
        for key, one in listed.items():
            entry = self._endpoints.get(key)
            if entry is None:
                entry = self._endpoints[key] = self._made(one)
            self._see(entry, one)

    def _made(self, one: DiscoveredEndpoint) -> Endpoint:
        slot = self._slots.pop() if self._slots else len(self._endpoints)
        self.index.open(slot)
        place = rendezvous.number(one.pod)
        return Endpoint(one.pod, one.address, slot, place=place, slots=AdapterSlots(self._adapter_slots))

    def _see(self, endpoint: Endpoint, one: DiscoveredEndpoint) -> None:
        endpoint.discovered = True
        endpoint.revision, endpoint.kind, endpoint.pinned = one.revision, one.kind, one.adapters
        endpoint.adapters = one.adapters | endpoint.loaded
        if one.ending:
            self._set(endpoint, EndpointState.DRAINING, "being deleted")
        elif one.asleep:
            self._set(endpoint, EndpointState.NOT_READY, "asleep")
        elif not one.ready:
            self._set(endpoint, EndpointState.NOT_READY, "not ready by its own probe")
        elif endpoint.state in (EndpointState.NOT_READY, EndpointState.DRAINING):
            # An engine that was not ready has most likely restarted, with an empty cache.
            self.index.clear(endpoint.slot)
            breaker.close(endpoint)
            endpoint.loaded, endpoint.adapters = frozenset(), one.adapters
            endpoint.adapters_unknown = self._follows_adapters
            self._set(endpoint, EndpointState.PROBING, NOT_PROBED)

    def apply_sample(self, endpoint: Endpoint, figures: EndpointSample) -> None:
        """Apply the sample of a scrape."""
        self.apply_samples(((endpoint, figures),))

    def apply_samples(self, samples: Iterable[tuple[Endpoint, EndpointSample]]) -> None:
        """Apply the samples of one moment."""
        expected = self.expectations
        prompt, reply = expected.prompt.value, expected.anybody
        for endpoint, figures in samples:
            endpoint_samples.correct(endpoint, figures, prompt, reply)
        self.context.block_tokens = expected.block_tokens
        self.context.yielded = cache_room.YIELDED_PROMPTS * expected.prompt.value

    def sized(self, endpoint: Endpoint, kv_tokens: int | None, max_sequences: float) -> None:
        """Set the tokens that its KV cache holds and the requests that it runs at once, when these are known."""
        endpoint.kv_tokens, endpoint.max_sequences = kv_tokens, max_sequences
        if kv_tokens is not None:
            self.index.size(endpoint.slot, int(kv_tokens / self.context.block_tokens))

    def loaded(self, endpoint: Endpoint, names: frozenset[str]) -> None:
        """Apply the names that its engine lists now; requests may wait for one of them."""
        if names != endpoint.loaded or endpoint.adapters_unknown:
            endpoint.loaded, endpoint.adapters, endpoint.adapters_unknown = names, endpoint.pinned | names, False
            self.changed(endpoint)

    def follow_adapters(self, *, follow: bool, slots: int | None = None) -> None:
        """Set whether adapters come and go: then a request waits for an engine that has yet to list its own.

        `slots` is how many of them can take part in a step of each engine; requests for more wait here, where the order
        is fair, and not in the engine.
        """
        self._adapter_slots = slots
        for endpoint in self._endpoints.values():
            endpoint.slots.most = slots
        if follow and not self._follows_adapters:
            for endpoint in self._endpoints.values():
                endpoint.adapters_unknown = True
        self._follows_adapters = follow

    def served(self, endpoint: Endpoint) -> None:
        """Record a request that it served successfully."""
        breaker.served(endpoint)

    def failed(self, endpoint: Endpoint, reason: str, *, at_once: bool = False) -> None:
        """Record a failed request; `at_once` ejects it immediately, if it cannot serve the next request either."""
        if breaker.failed(endpoint, at_once=at_once) and endpoint.state is EndpointState.ROUTABLE:
            self._set(endpoint, EndpointState.EJECTED, reason)

    def hung(self, endpoint: Endpoint, reason: str, now: float) -> None:
        """Eject an endpoint at once that has requests in flight and makes no progress."""
        self.failed(endpoint, reason, at_once=True)
        if endpoint.state is EndpointState.EJECTED and endpoint.hung_since is None:
            endpoint.hung_since = now

    def probe_succeeded(self, endpoint: Endpoint) -> None:
        """Record a successful probe: the endpoint produced a token for us."""
        if endpoint.state in UNPROVED:
            breaker.close(endpoint)
            self._set(endpoint, EndpointState.ROUTABLE, "")

    def probe_failed(self, endpoint: Endpoint, reason: str, silent_since: float | None = None) -> None:
        """Record a failed probe; `silent_since`: when it was sent, if it was taken and got no answer in time."""
        if endpoint.state in UNPROVED:
            endpoint.reason, endpoint.hung_since = reason, watchdog.hung_since(endpoint, silent_since)

    # Requests

    def choose(self, request: RoutingRequest, now: float) -> EndpointChoice | NoCandidate:
        """Return the endpoint for a request, without a charge; one that failed it only if there is no other."""
        split, context = self.split, self.context
        choice = selection.choose(context, request, now) if split is None else split.choose(context, request, now)
        if choice is NoCandidate.FULL and context.max_unread < inf and not request.uncached:
            # There is no room for its whole prompt, but perhaps for the part that no engine holds.
            request.uncached = self.uncached(request)
            return self.choose(request, now)
        return choice

    def wait_for_slot(self, request: RoutingRequest, now: float) -> None:
        """Let a request without room wait: if the slots of all its engines are taken, its adapter claims one."""
        if request.adapter is not None and self._adapter_slots is not None:
            routable = self.context.routable if self.split is None else self.split.side(self.context, request)
            self.claims.wait(request.adapter, routable, now)

    def is_covered(self, endpoint: Endpoint) -> bool:
        """Return whether another revision answers what this endpoint, of one on trial, fails."""
        return self.split is not None and self.split.is_covered(endpoint)

    def charge(self, request: RoutingRequest, chosen: EndpointChoice, now: float) -> None:
        """Charge a request to its endpoint: the only place where load goes up.

        Its prefix counts as held from now on, not from its first token: concurrent requests with the same prefix then
        go to one engine, which computes it once (bench/router_prefix.py: half a point more hits).
        """
        endpoint, held, context = chosen.endpoint, chosen.held_blocks, self.context
        missing = request.prompt_tokens - int(held * context.block_tokens)
        prompt = missing if missing > 0 else 1
        reply = self.expectations.reply(request.account.tenant.name, request.max_output_tokens, request.answers)
        request.endpoint, request.pick, request.held_blocks = endpoint, chosen.reason, held
        request.charged_prompt, request.charged_reply = prompt, reply
        request.sent_at = now
        if request.streams:
            endpoint.pending_prefill += prompt
            request.unread = endpoint.pending_prefill
        self.expectations.prompt.add(prompt)
        if endpoint.inflight == 0:
            endpoint.progress_at = now
        endpoint.inflight += 1
        if request.adapter is not None:
            endpoint.slots.enter(request.adapter, now)
            self.claims.end(request.adapter, now)
        endpoint.prompt_load += prompt
        endpoint.reply_load += reply
        endpoint.kv_room -= prompt
        context.picks += 1
        endpoint.last_pick = context.picks
        if request.blocks and context.balancing.prefix:
            if self.own_requests is not None and (blocks := self.index.unshared(request.blocks, endpoint.slot)):
                self.own_requests.place(endpoint, blocks)
            self.index.learn(request.blocks, endpoint.slot)
            if context.routers > 1:
                context.popularity.saw(request.blocks)
        if self.own_requests is not None:
            self.own_requests.moved.add(endpoint)

    def first_token(self, request: RoutingRequest, now: float) -> None:
        """Take the prompt off the endpoint's load, because it is computed. Only the first call counts."""
        endpoint = request.endpoint
        if endpoint is None:
            raise AssertionError("a first token of a request that is in flight nowhere")
        endpoint.progress_at = now
        prompt, took = request.charged_prompt, now - request.sent_at
        if prompt:
            watchdog.learn(endpoint, took, endpoint.prompt_load)
            if request.unread:
                self.expectations.first_token.add(prompt, request.unread, took)
                self._read(endpoint, request)
            endpoint.prompt_load -= prompt
            request.charged_prompt = 0
            if self.own_requests is not None:
                self.own_requests.moved.add(endpoint)

    def give_back(self, request: RoutingRequest, ending: AttemptEnding, now: float) -> None:  # noqa: ARG002  # uniform
        """Release `request.endpoint`: the only place where the rest of a request's load goes down."""
        endpoint = request.endpoint
        if endpoint is None:
            raise AssertionError(f"given back twice, or never charged: {ending}")
        endpoint.inflight -= 1
        if request.adapter is not None:
            endpoint.slots.leave(request.adapter)
        endpoint.kv_room += request.occupied
        if request.unread:
            self._read(endpoint, request)
        endpoint.prompt_load -= request.charged_prompt
        endpoint.reply_load -= request.charged_reply
        request.endpoint, request.charged_prompt, request.charged_reply = None, 0, 0
        if self.own_requests is not None:
            self.own_requests.moved.add(endpoint)
        if not endpoint.discovered:
            self._maybe_forget(endpoint)

    def uncached(self, request: RoutingRequest) -> int:
        """Return the prompt tokens that no endpoint is thought to hold."""
        levels = self.index.holders(request.blocks) if self.context.balancing.prefix and request.blocks else ()
        held = int(levels[-1][0] * self.context.block_tokens) if levels else 0
        return max(request.prompt_tokens - held, 1)

    def _claimed(self, endpoint: Endpoint) -> None:
        if self.own_requests is not None:
            self.own_requests.moved.add(endpoint)

    @staticmethod
    def _read(endpoint: Endpoint, request: RoutingRequest) -> None:
        """Stop awaiting its first token; call before `charged_prompt` is cleared."""
        endpoint.pending_prefill -= request.charged_prompt
        request.unread = 0

    def _set(self, endpoint: Endpoint, state: EndpointState, reason: str) -> None:
        before, endpoint.state, endpoint.reason = endpoint.state, state, reason
        endpoint.hung_since = endpoint.hung_since if state in UNPROVED else None
        if before is not state:
            endpoints = self._endpoints.values()
            self.context.routable = tuple(one for one in endpoints if one.state is EndpointState.ROUTABLE)
            self.changed(endpoint)

    def _maybe_forget(self, endpoint: Endpoint) -> None:
        if not endpoint.discovered and endpoint.inflight == 0 and self.holds(endpoint):
            del self._endpoints[(endpoint.pod, endpoint.address)]
            self.index.forget(endpoint.slot)
            self._slots.append(endpoint.slot)
