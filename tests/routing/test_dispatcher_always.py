"""Whatever happens in whatever order: all is returned, no request has two places, none is forgotten."""

from dataclasses import dataclass, field
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.gateways import HoldLimits, RoutingSettings, TrafficLimits
from fairlead.fleet.tenants import Band, BatchLaneLimits, Lane, LongLaneLimits, Tenant
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.queue_place import ASIDE, GIVING_WAY, PARKED
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.refusal import Refusal, TokenUsage
from fairlead.routing.routing_request import RoutingRequest
from tests.routing.dispatchers import dispatcher_of, is_empty, seen, send, start, terms

TENANTS = (
    Tenant(name="a", keys=(), band="gold", max_concurrency=2, tokens_per_minute=50_000),
    Tenant(name="b", keys=(), band="gold", weight=3, requests_per_minute=500),
    Tenant(name="c", keys=(), band="iron"),
)
ROUTING = RoutingSettings(
    tenants=TENANTS,
    bands=(Band(name="gold", priority=9, reserved=0.2), Band(name="iron", priority=1, max_queued=3)),
    limits=TrafficLimits(max_queued=5, max_queue_seconds=20.0, max_prompt_tokens=3000),
    hold=HoldLimits(max_requests=4, max_seconds=10.0),
    long_lane=LongLaneLimits(min_prompt_tokens=1000, min_output_tokens=5000, max_share=0.5, max_queue_seconds=30.0),
    batch_lane=BatchLaneLimits(below_utilization=0.6, max_queued=4, max_queue_seconds=40.0),
)
PLAIN = RoutingSettings(tenants=TENANTS[2:], limits=TrafficLimits(max_queued=3))
ENGINES = (seen("e-0", adapters=frozenset({"legal"})), seen("e-1"), seen("e-2"))

Act = tuple[int, int, int]


@dataclass
class Story:
    """Plays the router: tracks each request's state and checks that the dispatcher agrees."""

    dispatcher: Dispatcher = field(default_factory=lambda: dispatcher_of(ROUTING, engines=0))
    now: float = 0.0
    waiting: list[RoutingRequest] = field(default_factory=list)
    running: list[RoutingRequest] = field(default_factory=list)

    def play(self, act: Act) -> None:
        kind, which, amount = act
        self.now += amount % 7 / 2
        plays = (
            self._send,
            self._send,
            self._send,
            self._end,
            self._end,
            self._fail,
            self._leave,
            self._engines,
            self._sweep,
        )
        plays[kind % len(plays)](which, amount)
        self.check()

    def check(self) -> None:
        assert (
            self.dispatcher.inflight
            == len(self.running)
            == sum(one.inflight for one in self.dispatcher.table.endpoints)
        )
        assert self.dispatcher.waiting == len(self.waiting)
        assert all(one.waiting and one.endpoint is None for one in self.waiting)
        assert all(one.endpoint is not None and not one.waiting for one in self.running)
        self.check_places()

    def check_places(self) -> None:
        """Between turns no queue with requests is set aside, and one that is parked returns when one of them ends."""
        at = self.dispatcher.queue
        shares = [share for lane in at.lanes.all for band in lane.bands.queues for share in band.shares.values()]
        for queue in (queue for share in shares for queue in share.lines.values()):
            assert (queue.place is GIVING_WAY) == (queue in queue.share.giving_way)
            assert queue.place is not ASIDE or not queue.requests
            assert queue.place is not PARKED or queue in at.parked[queue.share.account]

    def take(self, one: RoutingRequest, endpoint: Endpoint | Refusal | None) -> None:
        if endpoint is None:
            self.waiting.append(one)
        elif isinstance(endpoint, Endpoint):
            assert one.endpoint is endpoint
            self.running.append(one)

    def turns(self) -> None:
        for one, endpoint in self.dispatcher.turns(self.now):
            self.waiting.remove(one)
            self.take(one, endpoint)

    def _send(self, which: int, amount: int) -> None:
        name = TENANTS[which % 3].name
        if name not in [one.name for one in self.dispatcher.accounts.all]:
            name = "c"
        one = send(
            self.dispatcher,
            name,
            prompt=amount * 40,
            output=100,
            batch=which % 5 == 0,
            adapter="legal" if which % 7 == 0 else None,
            give_up_at=self.now + 5 if which % 11 == 0 else inf,
            body_bytes=amount,
        )
        self.take(one, self.dispatcher.submit(one, self.now))

    def _end(self, which: int, amount: int) -> None:
        if self.running:
            one = self.running.pop(which % len(self.running))
            if which % 2:
                self.dispatcher.first_token(one, self.now)
            usage = TokenUsage(prompt_tokens=amount, output_tokens=which) if amount % 2 else None
            self.dispatcher.ended(
                one, (AttemptEnding.DONE, AttemptEnding.CUT, AttemptEnding.CLIENT_LEFT)[which % 3], usage, self.now
            )
            self.turns()

    def _fail(self, which: int, amount: int) -> None:
        if self.running:
            one = self.running.pop(which % len(self.running))
            ending = (AttemptEnding.FAILED, AttemptEnding.NOT_CONNECTED)[amount % 2]
            if amount % 3 == 0 and one.endpoint is not None:
                self.dispatcher.table.failed(one.endpoint, "broke", at_once=True)
            self.take(one, self.dispatcher.retry(one, ending, self.now))

    def _leave(self, which: int, amount: int) -> None:  # noqa: ARG002
        if self.waiting:
            self.dispatcher.withdraw(self.waiting.pop(which % len(self.waiting)), self.now)

    def _engines(self, which: int, amount: int) -> None:
        there = [one for place, engine in enumerate(ENGINES) for one in engine if which >> place & 1]
        self.dispatcher.table.apply_discovered(there)
        for endpoint in self.dispatcher.table.endpoints:
            self.dispatcher.table.probe_succeeded(endpoint)
            self.dispatcher.table.sized(endpoint, 8000, float(amount % 4))
        if amount % 5 == 0:
            self.dispatcher.apply(terms((ROUTING, PLAIN)[which % 2], max_bytes=400), self.now)
        self.turns()

    def _sweep(self, which: int, amount: int) -> None:  # noqa: ARG002
        self.turns()


ACTS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 100), st.integers(0, 100)), max_size=80)


@given(ACTS)
def test_always_everything_is_back_at_zero_after_the_last_request_ended(acts: list[Act]) -> None:
    story = Story()
    for act in [(7, 7, 3), *acts]:
        story.play(act)
    for one in story.running:
        story.dispatcher.ended(one, AttemptEnding.CLIENT_LEFT, None, story.now)
    for one in story.waiting:
        story.dispatcher.withdraw(one, story.now)
    assert is_empty(story.dispatcher)
    assert story.dispatcher.queue.parked == {}


@given(ACTS)
def test_always_everybody_who_waits_gets_an_answer_once_there_is_room(acts: list[Act]) -> None:
    """No sequence leaves the queue in a state that never moves again."""
    story = Story()
    for act in [(7, 7, 3), *acts]:
        story.play(act)
    story.dispatcher.table.apply_discovered([])
    start(story.dispatcher, *(one for engine in ENGINES for one in engine), slots=3, kv_tokens=8000)
    story.turns()
    for _ in range(200):
        if not (story.running or story.waiting):
            break
        if story.running:
            story.play((3, 0, 0))
        else:
            story.turns()
    assert not story.waiting


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 2000)), min_size=5, max_size=60), st.integers(1, 2000))
def test_always_a_request_of_the_lowest_band_is_served_under_any_flood(
    flood: list[tuple[bool, int]], cost: int
) -> None:
    """After at most twenty times its own cost, plus one largest request, of others' tokens."""
    bands = (Band(name="gold", priority=9), Band(name="iron", priority=1))
    tenants = (Tenant(name="b", keys=(), band="gold", weight=3), Tenant(name="c", keys=(), band="iron"))
    at = dispatcher_of(RoutingSettings(tenants=tenants, bands=bands))
    running, low = send(at, "b", prompt=1), send(at, "c", prompt=cost, output=0)
    assert isinstance(at.submit(running, 0.0), Endpoint)
    assert at.submit(low, 0.0) is None
    passed = 0
    for turn in range(60_000):
        _, prompt = flood[turn % len(flood)]
        assert at.submit(send(at, "b", prompt=prompt, output=0), 0.0) is None
        at.ended(running, AttemptEnding.CLIENT_LEFT, None, 0.0)
        ((running, _),) = list(at.turns(0.0))
        if running is low:
            break
        passed += running.prompt_tokens
    assert passed <= 20 * cost + 2000 + 2000


@given(st.lists(st.sampled_from(["batch", "chat", "end", "sweep"]), max_size=80))
def test_never_does_a_batch_request_begin_while_an_interactive_one_waits_for_room(acts: list[str]) -> None:
    """So at most the turn that was given already precedes an interactive request."""
    at = dispatcher_of(RoutingSettings(batch_lane=BatchLaneLimits(below_utilization=0.9, max_queued=100)), slots=2)
    running: list[RoutingRequest] = []
    people: list[RoutingRequest] = []
    for act in acts:
        if act in {"batch", "chat"}:
            one = send(at, batch=act == "batch")
            endpoint = at.submit(one, 0.0)
            if isinstance(endpoint, Endpoint):
                running.append(one)
                assert one.lane is Lane.INTERACTIVE or not people
            elif act == "chat":
                people.append(one)
        elif act == "end" and running:
            at.ended(running.pop(0), AttemptEnding.DONE, None, 0.0)
        for one, _ in at.turns(0.0):
            assert one.lane is Lane.INTERACTIVE or not people
            running.append(one)
            if one in people:
                people.remove(one)
