"""The simulation's loop: it processes the next event and queues the events that follow from it.

Every arrival ends exactly once: answered, refused by an engine, or left when the simulation stops. Requests are held
while no replica is ready, and sent in order when one is.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from math import inf

from fairlead.fleet.randomness import RandomSource
from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.engine.steps import Emission
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet import event_queue
from fairlead.simulator.virtual_fleet.balancers import Balancer, FeedbackBalancer
from fairlead.simulator.virtual_fleet.engine_timeline import EngineTimeline
from fairlead.simulator.virtual_fleet.event_queue import EventQueue
from fairlead.simulator.virtual_fleet.observers import FleetSnapshot, SimulationObserver
from fairlead.simulator.virtual_fleet.replica import ReplicaStage, SentRequest, SimulatedReplica
from fairlead.simulator.virtual_fleet.replicas import ReplicaRegistry, ScalingHook, SimulatedFleet


class PeriodicEvent(Enum):
    """Periodic events other than the scaling loop."""

    SNAPSHOT = "snapshot"


SimulationEvent = (
    tuple[SimulatedReplica, EngineTimeline] | SimulatedReplica | RequestArrival | ScalingHook | int | PeriodicEvent
)
"""An engine is due, a replica is ready, a request arrives, the autoscaler is called, a number of replicas takes effect,
or observers get a snapshot."""


@dataclass(slots=True)
class RunTotals:
    """Counts since the start, warm-up included."""

    arrived: int = 0
    answered: int = 0
    refused: int = 0
    left: int = 0
    prompt_tokens: int = 0
    """Prompt tokens of requests that arrived."""
    output_tokens: int = 0
    """Output tokens of answered requests."""
    events: int = 0


class FleetSimulation:
    """One run; a second run needs a new object."""

    def __init__(
        self, fleet: SimulatedFleet, balancer: Balancer, randomness: RandomSource, observer: SimulationObserver
    ) -> None:
        self.totals = RunTotals()
        self.now = 0.0
        """Virtual time; after a run without a given end, the time of the last event that was not periodic."""
        self._moved = 0.0
        self.replicas = ReplicaRegistry(fleet)
        self._fleet = fleet
        self._balancer = balancer
        self._follower = balancer if isinstance(balancer, FeedbackBalancer) else None
        self._randomness = randomness
        self._observer = observer
        self._queue: EventQueue[SimulationEvent] = EventQueue()
        self._arrivals: Iterator[RequestArrival] = iter(())
        self._coming = 0
        """Number of the next arrival's queued event; 0 when there are no more."""
        self._thinking = 0
        """Number of sessions whose next request is in the queue."""
        self._held: deque[RequestArrival] = deque()
        self._serial = 0

    def run(self, arrivals: Iterator[RequestArrival], until: float = inf, since: float = 0.0) -> None:
        """Run until this time, or until all requests have ended; unfinished ones are then reported as left.

        Without an end, the autoscaler must not want 0 replicas forever while requests are held.
        """
        self.now = self._moved = since
        self._arrivals = arrivals
        self._pull()
        for _ in range(self._fleet.replicas):
            self._start(self.replicas.make(since))
        self._queue.add(since, event_queue.TICK, PeriodicEvent.SNAPSHOT)
        if self._fleet.scaling:
            self._queue.add(since, event_queue.TICK, self._fleet.scaling)
        upcoming, events = self._queue.next, 0
        while event := upcoming(until):
            self.now, _, serial, what = event
            events += 1
            self._happen(serial, what)
        self.totals.events += events
        self.now = self._moved if until == inf else until
        self._leave()

    def _happen(self, serial: int, what: SimulationEvent) -> None:
        if isinstance(what, tuple):
            replica, timeline = what
            if timeline.event != serial:
                return
            timeline.event = 0
            shown = timeline.engine.run(timeline.at, self.now)
            timeline.at = self.now
            self._settle(replica, timeline, shown)
        elif isinstance(what, RequestArrival):
            if serial == self._coming:
                self._pull()
            else:
                self._thinking -= 1
            self._arrive(what)
        elif isinstance(what, SimulatedReplica):
            self._start(what)
        elif isinstance(what, int):
            self._become(what)
        else:
            self._come_round(what)
            return
        self._moved = self.now

    def _pull(self) -> None:
        """Queue the next arrival; only one at a time, since the source may be endless."""
        arrival = next(self._arrivals, None)
        if arrival is None:
            self._coming = 0
            return
        if arrival.time < self.now:
            raise ValueError(f"arrival at {arrival.time:g} s after one at {self.now:g} s; sort or join the sources")
        self._coming = self._queue.add(arrival.time, event_queue.ARRIVAL, arrival)

    def _arrive(self, arrival: RequestArrival) -> None:
        self.totals.arrived += 1
        self.totals.prompt_tokens += arrival.prompt_tokens
        self._observer.arrived(arrival)
        if self.replicas.ready:
            self._send(arrival)
        else:
            self._held.append(arrival)

    def _send(self, arrival: RequestArrival) -> None:
        """Send a request; the engine first ends the steps due by now, and a step in flight is not interrupted."""
        replica = self._balancer.choose(arrival, self.replicas.ready)
        timeline = replica.courses[0] if replica.choose is None else self._chosen_rank(replica, replica.choose)
        self._serial += 1
        request = EngineRequest(
            serial=self._serial,
            prompt_tokens=arrival.prompt_tokens,
            output_tokens=arrival.output_tokens,
            arrived=self.now,
            prefix=arrival.prefix,
            reply=arrival.reply,
            priority=arrival.priority,
            adapter=arrival.adapter,
        )
        shown = timeline.run_to(self.now)
        idle = timeline.engine.horizon == inf
        refused = timeline.engine.add(request)
        if self._follower is not None:
            self._follower.sent(arrival, request, refused is None)
        if refused is None:
            replica.sent(SentRequest(arrival, request))
        else:
            self.totals.refused += 1
            self._observer.refused(arrival, str(refused))
        self._settle(replica, timeline, shown + timeline.run_to(self.now) if idle else shown)

    def _chosen_rank(self, replica: SimulatedReplica, choose: Callable[[float], int]) -> EngineTimeline:
        """Return the rank by vLLM's rule; all ranks are run until now first, so that their loads are current."""
        for timeline in replica.courses:
            self._settle(replica, timeline, timeline.run_to(self.now))
        return replica.courses[choose(self.now)]

    def _settle(self, replica: SimulatedReplica, timeline: EngineTimeline, shown: Sequence[Emission]) -> None:
        """Process emissions, and queue the engine's next event."""
        for emitted in shown:
            request = emitted.request
            if emitted.first:
                if self._follower is not None:
                    self._follower.began(replica.flights[request.serial].arrival, self.now)
                if replica.meter is not None:
                    replica.meter.began(request)
            if emitted.finished is not None:
                self._ended(replica, request)
        due = timeline.engine.horizon
        if due != timeline.due or not timeline.event:
            timeline.due = due
            event = (replica, timeline)
            timeline.event = self._queue.add(due, event_queue.ENGINE, event, timeline.order) if due < inf else 0
        if replica.stage is ReplicaStage.DRAINING:
            self.replicas.maybe_gone(replica, self.now)

    def _ended(self, replica: SimulatedReplica, request: EngineRequest) -> None:
        arrival = replica.back(request.serial).arrival
        if replica.meter is not None:
            replica.meter.ended(request)
        if self._follower is not None:
            self._follower.ended(arrival, request.emitted, self.now)
        self.totals.answered += 1
        self.totals.output_tokens += request.emitted
        self._observer.ended(arrival, request, replica)
        if arrival.afterwards is not None:
            following = arrival.afterwards.after(self.now)
            if following is not None:
                self._thinking += 1
                self._queue.add(following.time, event_queue.ARRIVAL, following)

    def _start(self, replica: SimulatedReplica) -> None:
        """Make a replica ready, and send the held requests first."""
        self.replicas.started(replica, self.now)
        while self._held:
            self._send(self._held.popleft())

    def _come_round(self, hook: ScalingHook | PeriodicEvent) -> None:
        snapshot = self._snapshot()
        if isinstance(hook, ScalingHook):
            self._decide(hook, snapshot)
            every = hook.every_s
        else:
            self._observer.snapshot_taken(snapshot)
            every = self._fleet.snapshot_s
        if self._goes_on(snapshot):
            self._queue.add(self.now + every, event_queue.TICK, hook)

    def _decide(self, scaling: ScalingHook, snapshot: FleetSnapshot) -> None:
        """Call the autoscaler with a snapshot; its decision takes effect after a delay."""
        wanted = scaling.wanted(snapshot)
        if scaling.delay_s:
            self._queue.add(self.now + scaling.delay_s, event_queue.TICK, wanted)
        else:
            self._become(wanted)

    def _become(self, wanted: int) -> None:
        """Scale up with cold starts, or down by draining."""
        replicas = self.replicas
        for replica in replicas.surplus(wanted):
            if replica.stage is ReplicaStage.STARTING:
                self._queue.cancel(replica.ready_event)
            replicas.leave(replica, self.now)
        for _ in range(wanted - replicas.coming):
            replica = replicas.make(self.now)
            seconds = self._fleet.cold_starts.draw(self._randomness)
            replica.ready_event = self._queue.add(self.now + seconds, event_queue.READY, replica)

    def _snapshot(self) -> FleetSnapshot:
        """Take a snapshot; engines are run until now first, which changes nothing else."""
        replicas, totals = self.replicas, self.totals
        serving = [one for one in replicas.live if one.stage in {ReplicaStage.READY, ReplicaStage.DRAINING}]
        for one in serving:
            for timeline in one.courses:
                self._settle(one, timeline, timeline.run_to(self.now))
        engines = [timeline.engine for one in serving for timeline in one.courses]
        return FleetSnapshot(
            at=self.now,
            starting=len(replicas.at(ReplicaStage.STARTING)),
            ready=len(replicas.ready),
            draining=len(replicas.at(ReplicaStage.DRAINING)),
            held=len(self._held),
            waiting=sum(engine.waiting for engine in engines),
            running=sum(engine.running for engine in engines),
            usage=sum(engine.usage for engine in engines) / max(len(engines), 1),
            arrived=totals.arrived,
            ended=totals.answered,
            prompt_tokens=totals.prompt_tokens,
            output_tokens=totals.output_tokens,
            oldest_s=self.now - self._held[0].time if self._held else 0.0,
            replicas=replicas.live,
        )

    def _goes_on(self, snapshot: FleetSnapshot) -> bool:
        """Whether the run continues; periodic events alone do not keep it going."""
        in_flight = self.totals.arrived - self.totals.answered - self.totals.refused - len(self._held)
        hope = bool(snapshot.starting) or self._fleet.scaling is not None
        return bool(self._coming or self._thinking or in_flight or (self._held and hope))

    def _leave(self) -> None:
        """Report unfinished requests, in the order in which they were sent, then the held ones."""
        flights = [sent for replica in self.replicas.live for sent in replica.flights.values()]
        for sent in sorted(flights, key=lambda one: one.request.serial):
            self._observer.left(sent.arrival, sent.request)
        for arrival in self._held:
            self._observer.left(arrival, None)
        self.totals.left = len(flights) + len(self._held)
