"""The table of engines: what state each is in and why, what it carries, and which one takes a request.

Every change of state is told to one listener, which wakes who waits and probes who must be proved. Load moves in
three places only: `charge`, `first_token` and `give_back`. Does no I/O and knows no clock.
"""

from collections.abc import Callable, Collection
from typing import Final

from fairlead.fleet.endpoints import NOT_PROBED, DiscoveredEndpoint, EndpointState
from fairlead.fleet.gateways import Balancing
from fairlead.routing import breaker, endpoint_samples, rendezvous, selection, watchdog
from fairlead.routing.endpoint import Endpoint, EndpointSample
from fairlead.routing.expectations import TokenExpectations
from fairlead.routing.prefix import PrefixIndex
from fairlead.routing.prefix_popularity import PrefixPopularity
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.selection import EndpointChoice, NoCandidate, SelectionContext

UNPROVED: Final = frozenset({EndpointState.PROBING, EndpointState.EJECTED})
"""It must produce one token for us before it gets requests: it is new, or it was routable and failed."""
EndpointListener = Callable[[Endpoint], None]


class EndpointTable:
    """All engines of one router."""

    def __init__(self, changed: EndpointListener, balancing: Balancing | None = None) -> None:
        self.complete = False
        """Whether a source told its whole list once."""
        self.changed = changed
        """Told of each change of state."""
        self.index = PrefixIndex()
        self.field = SelectionContext(balancing or Balancing(), self.index, PrefixPopularity())
        """What choosing looks at; `field.balancing` may be replaced when the configuration changes."""
        self.expectations = TokenExpectations()
        self._endpoints: dict[tuple[str, str], Endpoint] = {}
        self._slots: list[int] = []
        """Bits of engines that were forgotten, to be given out again."""

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Every engine, those that went but still carry requests included."""
        return tuple(self._endpoints.values())

    def holds(self, endpoint: Endpoint) -> bool:
        """Whether it is still one of ours."""
        return self._endpoints.get((endpoint.pod, endpoint.address)) is endpoint

    # What is heard of engines

    def take(self, seen: Collection[DiscoveredEndpoint]) -> None:
        """The whole list, as its source tells it now; an engine that is not on it drains and is forgotten."""
        self.complete = True
        told = {(one.pod, one.address): one for one in seen}
        for key, endpoint in list(self._endpoints.items()):
            if key not in told:
                endpoint.listed = False
                self._set(endpoint, EndpointState.DRAINING, "no longer listed")
                self._maybe_forget(endpoint)
        for key, one in told.items():
            known = self._endpoints.get(key)
            if known is None:
                known = self._endpoints[key] = self._made(one)
            self._see(known, one)

    def _made(self, one: DiscoveredEndpoint) -> Endpoint:
        slot = self._slots.pop() if self._slots else len(self._endpoints)
        self.index.open(slot)
        return Endpoint(one.pod, one.address, slot, place=rendezvous.number(one.pod))

    def _see(self, endpoint: Endpoint, one: DiscoveredEndpoint) -> None:
        endpoint.listed = True
        endpoint.revision, endpoint.adapters = one.revision, one.adapters
        if one.ending:
            self._set(endpoint, EndpointState.DRAINING, "being deleted")
        elif one.asleep:
            self._set(endpoint, EndpointState.NOT_READY, "asleep")
        elif not one.ready:
            self._set(endpoint, EndpointState.NOT_READY, "not ready by its own probe")
        elif endpoint.state in (EndpointState.NOT_READY, EndpointState.DRAINING):
            # Whoever was not ready has most likely begun anew, with an empty cache.
            self.index.clear(endpoint.slot)
            breaker.close(endpoint)
            self._set(endpoint, EndpointState.PROBING, NOT_PROBED)

    def figures(self, endpoint: Endpoint, figures: EndpointSample) -> None:
        """What its metrics told just now."""
        expected = self.expectations
        endpoint_samples.correct(endpoint, figures, expected.prompt.value, expected.anybody)
        self.field.block_tokens = expected.block_tokens

    def sized(self, endpoint: Endpoint, kv_tokens: int | None, most_requests: float) -> None:
        """How much it holds and how many it runs at once, once that is known."""
        endpoint.kv_tokens, endpoint.most_requests = kv_tokens, most_requests
        if kv_tokens is not None:
            self.index.size(endpoint.slot, int(kv_tokens / self.field.block_tokens))

    def served(self, endpoint: Endpoint) -> None:
        """It answered well."""
        breaker.served(endpoint)

    def failed(self, endpoint: Endpoint, reason: str, *, at_once: bool = False) -> None:
        """It failed a request; at once when it cannot serve the next one either."""
        if breaker.failed(endpoint, at_once=at_once) and endpoint.state is EndpointState.ROUTABLE:
            self._set(endpoint, EndpointState.EJECTED, reason)

    def proved(self, endpoint: Endpoint) -> None:
        """It produced a token for us."""
        if endpoint.state in UNPROVED:
            breaker.close(endpoint)
            self._set(endpoint, EndpointState.ROUTABLE, "")

    def doubted(self, endpoint: Endpoint, reason: str) -> None:
        """It did not; people see why."""
        if endpoint.state in UNPROVED:
            endpoint.reason = reason

    # What requests do

    def choose(self, ask: RoutingRequest, now: float) -> EndpointChoice | NoCandidate:
        """Where it would go now, without sending it there; those that failed it only when there is no other."""
        return selection.choose(self.field, ask, now)

    def charge(self, ask: RoutingRequest, chosen: EndpointChoice, now: float) -> None:
        """It goes there: the only place where load goes up.

        Its prefix counts as held from now on, not from its first token: requests that begin alike and come together
        then go together, and the engine reads their beginning once (bench/router_prefix.py: half a point more hits).
        """
        endpoint, held, field = chosen.endpoint, chosen.held_blocks, self.field
        missing = ask.prompt_tokens - int(held * field.block_tokens)
        prompt = missing if missing > 0 else 1
        reply = self.expectations.reply(ask.account.name, ask.output_tokens)
        ask.endpoint, ask.pick, ask.held_blocks = endpoint, chosen.reason, held
        ask.charged_prompt, ask.charged_reply = prompt, reply
        ask.sent_at = now
        self.expectations.prompt.add(prompt)
        if endpoint.inflight == 0:
            endpoint.progress_at = now
        endpoint.inflight += 1
        endpoint.prompt_load += prompt
        endpoint.reply_load += reply
        field.picks += 1
        endpoint.last_pick = field.picks
        if ask.blocks and field.balancing.prefix:
            self.index.learn(ask.blocks, endpoint.slot)
            if field.routers > 1:
                field.crowds.saw(ask.blocks)

    def first_token(self, ask: RoutingRequest, now: float) -> None:
        """Its prompt was read: that much less to do there. Only the first one counts."""
        endpoint = ask.endpoint
        if endpoint is None:
            raise AssertionError("a first token of a request that is under way nowhere")
        endpoint.progress_at = now
        if ask.charged_prompt:
            watchdog.learn(endpoint, now - ask.sent_at, endpoint.prompt_load)
            endpoint.prompt_load -= ask.charged_prompt
            ask.charged_prompt = 0

    def give_back(self, ask: RoutingRequest, ending: AttemptEnding, now: float) -> None:  # noqa: ARG002  # every act takes the moment
        """It is over at `ask.endpoint`: the only place where load goes down for good."""
        endpoint = ask.endpoint
        if endpoint is None:
            raise AssertionError(f"given back twice, or never charged: {ending}")
        endpoint.inflight -= 1
        endpoint.prompt_load -= ask.charged_prompt
        endpoint.reply_load -= ask.charged_reply
        ask.endpoint, ask.charged_prompt, ask.charged_reply = None, 0, 0
        if not endpoint.listed:
            self._maybe_forget(endpoint)

    def _set(self, endpoint: Endpoint, state: EndpointState, reason: str) -> None:
        before, endpoint.state, endpoint.reason = endpoint.state, state, reason
        if before is not state:
            self.field.routable = tuple(one for one in self._endpoints.values() if one.state is EndpointState.ROUTABLE)
            self.changed(endpoint)

    def _maybe_forget(self, endpoint: Endpoint) -> None:
        if not endpoint.listed and endpoint.inflight == 0 and self.holds(endpoint):
            del self._endpoints[(endpoint.pod, endpoint.address)]
            self.index.forget(endpoint.slot)
            self._slots.append(endpoint.slot)
