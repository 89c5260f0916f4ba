"""Routers with engines that have few adapter slots, on virtual time: who waits for a slot, where, and how long.

As in vLLM, a request starts if its adapter is active there or a slot is free, else it waits inside while others start.
Routers report to each other over a network of their own.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from fairlead.fleet.gateways import RoutingSettings
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.peers.envelope import EVERYBODY, PeerKey
from fairlead.routing.peers.peer_group import PeerGroup
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.refusal import TokenUsage
from fairlead.routing.rendezvous import number
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.served_model import ServedModel
from tests.routing.dispatchers import seen, send, start, terms

STEP_S: Final = 0.05
KEYS: Final = (PeerKey.of(b"k" * 32),)


@dataclass(eq=False)
class Stream:
    """One request."""

    request: RoutingRequest
    router: int
    seconds: float
    came: float
    began: float | None = None
    """When its engine started it."""

    @property
    def adapter(self) -> str | None:
        return self.request.adapter

    def has_begun(self) -> bool:
        return self.began is not None


@dataclass
class AdapterWorld:
    """This many routers, engines and slots."""

    routers: int = 1
    engines: int = 1
    slots: int = 2
    adapters: str = "abc"
    now: float = 0.0
    running: dict[str, list[Stream]] = field(default_factory=dict)
    inside: dict[str, list[Stream]] = field(default_factory=dict)
    """Those that wait in an engine, by its pod."""
    streams: list[Stream] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.names = [f"router-{place}" for place in range(self.routers)]
        self.dispatchers = [self._dispatcher() for _ in self.names]
        self.groups = [self._group(place) for place in range(self.routers)]
        self.live(1.5)

    def _dispatcher(self) -> Dispatcher:
        model = ServedModel(adapters=frozenset(self.adapters), adapter_slots=self.slots)
        made = Dispatcher(terms(RoutingSettings(), routers=self.routers, model=model))
        start(made, *seen(*(f"e-{place}" for place in range(self.engines))), slots=1000)
        for endpoint in made.table.endpoints:
            made.table.loaded(endpoint, frozenset(self.adapters))
        return made

    def _group(self, place: int) -> PeerGroup:
        group = PeerGroup(self.names[place], place + 1, lambda: 7919 * (place + 1), self.now)
        group.follow({"": self.dispatchers[place].table})
        group.renew(KEYS, self.now)
        group.take(self.names, self.routers)
        return group

    # What users do

    def stream(self, adapter: str | None, seconds: float = 2.0, router: int = 0) -> Stream:
        """A stream for this adapter that runs this many seconds."""
        dispatcher = self.dispatchers[router]
        stream = Stream(send(dispatcher, adapter=adapter), router, seconds, self.now)
        stream.request.owner = stream
        self.streams.append(stream)
        self._act(stream, dispatcher.submit(stream.request, self.now))
        return stream

    def leave(self, stream: Stream) -> None:
        """Disconnect its client before the stream starts."""
        self.dispatchers[stream.router].withdraw(stream.request, self.now)

    # What passes

    def live(self, seconds: float) -> None:
        """Let this much time pass."""
        for _ in range(round(seconds / STEP_S)):
            self.now += STEP_S
            self._end_streams()
            for dispatcher in self.dispatchers:
                for request, endpoint in dispatcher.turns(self.now):
                    assert isinstance(request.owner, Stream)
                    self._act(request.owner, endpoint)
            for group in self.groups:
                group.flush(self.now)
            self._carry()

    def active(self, pod: str = "e-0") -> Counter[str]:
        """Adapters of streams that run there."""
        return Counter(one.adapter for one in self.running.get(pod, ()) if one.adapter is not None)

    def _act(self, stream: Stream, found: object) -> None:
        if isinstance(found, Endpoint):
            self.inside.setdefault(found.pod, []).append(stream)
            self._start_streams(found.pod)
        else:
            assert found is None, found

    def _start_streams(self, pod: str) -> None:
        running = self.running.setdefault(pod, [])
        for stream in list(self.inside.get(pod, ())):
            active = self.active(pod)
            if stream.adapter is None or stream.adapter in active or len(active) < self.slots:
                self.inside[pod].remove(stream)
                running.append(stream)
                stream.began = self.now
                self.dispatchers[stream.router].first_token(stream.request, self.now)

    def _end_streams(self) -> None:
        for pod, running in self.running.items():
            for stream in list(running):
                assert stream.began is not None
                if self.now >= stream.began + stream.seconds:
                    running.remove(stream)
                    usage = TokenUsage(prompt_tokens=100, output_tokens=10)
                    self.dispatchers[stream.router].ended(stream.request, AttemptEnding.DONE, usage, self.now)
            self._start_streams(pod)

    def _carry(self) -> None:
        numbers = {number(name): place for place, name in enumerate(self.names)}
        while any(group.outbox for group in self.groups):
            for sender, group in enumerate(self.groups):
                outbox, group.outbox = group.outbox, []
                for receiver, datagram in outbox:
                    to = range(self.routers) if receiver == EVERYBODY else (numbers[receiver],)
                    for place in to:
                        if place != sender:
                            self.groups[place].receive(datagram, self.now)
