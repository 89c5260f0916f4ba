"""What an evaluation costs users: `python -m bench.evaluation_cost`, JSON on standard output.

Recorded traffic, thinned to the smallest fleet that keeps the objectives: what is left while a canary has taken one
replica. Our routers choose for users. An evaluation also sends requests to these replicas, as while it measures their
noise, in rounds and over the whole recording; a round's requests go where `pod_choice` says or, for comparison, to
replicas in turn whatever they run. Everything is on virtual time: two runs give the same figures.
"""

import argparse
import json
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from bench import simulated_fleets
from bench.autoscaling import traffic
from bench.autoscaling.traffic import Traffic
from fairlead.evaluating import pod_choice
from fairlead.evaluating.pod_choice import PodLoad
from fairlead.routing.endpoint import EndpointSample
from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet import event_queue
from fairlead.simulator.virtual_fleet.balancers import Chosen
from fairlead.simulator.virtual_fleet.engine_timeline import SimulatedEngine
from fairlead.simulator.virtual_fleet.replica import ReplicaEngines, SimulatedReplica
from fairlead.simulator.virtual_fleet.replicas import SimulatedFleet
from fairlead.simulator.virtual_fleet.router_balancer import RouterBalancer, RouterSettings
from fairlead.simulator.virtual_fleet.run_statistics import RunStatistics
from fairlead.simulator.virtual_fleet.simulation import FleetSimulation

TAKEN: Final[tuple[tuple[Callable[[], Traffic], int], ...]] = ((traffic.azure, 4), (traffic.mooncake, 8))
"""The recordings, each thinned to one request in this many."""
PARTS: Final = 4
"""Each part takes every so-manyth request, from a different first one; their latencies are pooled."""
CONCURRENCIES: Final = (4, 16, 64)
"""The default, one that `fairlead evaluate` has, and the field's maximum."""
GOAL: Final = 0.95
MAX_REPLICAS: Final = 12
TAIL_S: Final = 300.0
PAUSE_S: Final = 1.0
RETRY_S: Final = 0.5
ITEMS: Final = "evaluation"
PROMPT, REPLY, SPREAD = 400, 150, 0.8
"""Tokens of items: medians, and the spread of their logarithms."""


class UsersStatistics(RunStatistics):
    """Statistics of users' requests alone."""

    __slots__ = ()

    def _in_span(self, arrival: RequestArrival) -> bool:
        return arrival.client != ITEMS and super()._in_span(arrival)


class BesideRouters:
    """Lets routers choose for users; an item's replica is chosen beforehand."""

    def __init__(self, routers: RouterBalancer) -> None:
        self._routers = routers
        self.places: dict[int, int] = {}

    def choose(self, arrival: RequestArrival, ready: Sequence[Chosen]) -> Chosen:
        """The item's replica, or the routers'."""
        return ready[self.places[id(arrival)]] if arrival.client == ITEMS else self._routers.choose(arrival, ready)

    def sent(self, arrival: RequestArrival, request: EngineRequest, taken: bool) -> None:
        """Pass on users' requests only."""
        if arrival.client != ITEMS:
            self._routers.sent(arrival, request, taken)

    def began(self, arrival: RequestArrival, now: float) -> None:
        """Pass on users' requests only."""
        if arrival.client != ITEMS:
            self._routers.began(arrival, now)

    def ended(self, arrival: RequestArrival, output_tokens: int, now: float) -> None:
        """Pass on users' requests only."""
        if arrival.client != ITEMS:
            self._routers.ended(arrival, output_tokens, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationLoad:
    """How the evaluation sends items; `at_once` 0 means no evaluation."""

    at_once: int = 0
    in_turn: bool = False


class EvaluatedSimulation(FleetSimulation):
    """A fleet with users, and an evaluation that sends round after round."""

    def __init__(
        self, fleet: SimulatedFleet, balancer: BesideRouters, observer: RunStatistics, evaluation_load: EvaluationLoad
    ) -> None:
        super().__init__(fleet, balancer, simulated_fleets.streams("world"), observer)
        self._beside, self._evaluation_load = balancer, evaluation_load
        self._sizes = random.Random("evaluation/items")  # noqa: S311  # the same items in every run
        self._ours: dict[int, int] = {}
        self._left = self._flying = self._turn = 0
        self.sent_items = self.waited = 0

    def begin(self, since: float, until: float) -> None:
        """Start at `since`; begin no round after `until`."""
        self._until = until
        if self._evaluation_load.at_once:
            self._again(since)

    def _again(self, at: float) -> None:
        self._thinking += 1
        attempt = RequestArrival(time=at, prompt_tokens=0, output_tokens=0, client=ITEMS)
        self._queue.add(at, event_queue.ARRIVAL, attempt)

    def _arrive(self, arrival: RequestArrival) -> None:
        """Handle a user's request, or try to send the rest of a round."""
        if arrival.client != ITEMS:
            super()._arrive(arrival)
            return
        if not self._left and not self._flying:
            if self.now >= self._until:
                return
            if not self._evaluation_load.in_turn and all(one.waiting for one in self._loads()):
                self.waited += 1
                self._again(self.now + PAUSE_S)
                return
            self._left = self._evaluation_load.at_once
        while self._left and (place := self._place()) is not None:
            self._left -= 1
            self._send_item(place)
        if self._left:
            self._again(self.now + RETRY_S)

    def _send_item(self, place: int) -> None:
        item = RequestArrival(
            time=self.now,
            prompt_tokens=min(int(self._sizes.lognormvariate(0, SPREAD) * PROMPT) + 1, 6000),
            output_tokens=min(int(self._sizes.lognormvariate(0, SPREAD) * REPLY) + 1, 1500),
            client=ITEMS,
        )
        self._beside.places[id(item)] = place
        self._ours[place] = self._ours.get(place, 0) + 1
        self._flying += 1
        self.sent_items += 1
        super()._arrive(item)

    def _place(self) -> int | None:
        if self._evaluation_load.in_turn:
            self._turn += 1
            return self._turn % len(self.replicas.ready)
        return pod_choice.choose(self._loads())

    def _loads(self) -> list[PodLoad]:
        loads = []
        for place, one in enumerate(self.replicas.ready):
            (timeline,) = one.courses
            self._settle(one, timeline, timeline.run_to(self.now))
            engine, ours = timeline.engine, self._ours.get(place, 0)
            loads.append(PodLoad(ours=ours, running=float(engine.running), waiting=float(engine.waiting)))
        return loads

    def _ended(self, replica: SimulatedReplica, request: EngineRequest) -> None:
        arrival = replica.flights[request.serial].arrival
        super()._ended(replica, request)
        if arrival.client == ITEMS:
            self._ours[self._beside.places.pop(id(arrival))] -= 1
            self._flying -= 1
            if not self._left and not self._flying:
                self._again(self.now)


PlayedPart = tuple[EvaluatedSimulation, UsersStatistics]


def played(
    taken: Traffic, arrivals: Sequence[RequestArrival], replicas: int, evaluation_load: EvaluationLoad
) -> PlayedPart:
    """Simulate one part of one recording; return the simulation and users' statistics."""
    part, lived = taken.reported, replace(taken.lived, replicas=replicas)
    fleet, engines = lived.fleet(), dict[int, SimulatedEngine]()

    def inside(ordinal: int) -> ReplicaEngines:
        made = fleet.inside(ordinal)
        engines[ordinal] = made.engines[0]
        return made

    def figures(ordinal: int, now: float) -> EndpointSample:
        one = engines[ordinal]
        return EndpointSample(at=now, running=one.running, waiting=one.waiting, kv_usage=one.usage)

    tokens = lived.settings().blocks * simulated_fleets.PAGE_TOKENS
    routers = RouterSettings(count=2, page_tokens=simulated_fleets.PAGE_TOKENS, kv_tokens=tokens)
    users = UsersStatistics(lived.objectives, part.since, part.until)
    balancer = BesideRouters(RouterBalancer(routers, figures))
    world = EvaluatedSimulation(replace(fleet, inside=inside), balancer, users, evaluation_load)
    world.begin(part.since, part.until)
    world.run((replace(one) for one in arrivals if one.time < part.until), part.until + TAIL_S)
    return world, users


def together(
    taken: Traffic, parts: Sequence[Sequence[RequestArrival]], replicas: int, evaluation_load: EvaluationLoad
) -> dict[str, Any]:
    """Pool all parts' users."""
    users, items, waited = RunStatistics(), 0, 0
    for arrivals in parts:
        world, found = played(taken, arrivals, replicas, evaluation_load)
        users.add_all(found)
        items, waited = items + world.sent_items, waited + world.waited
    seconds = (taken.reported.until - taken.reported.since) * len(parts)
    return {
        "kept": users.counts.kept / max(users.counts.arrived, 1),
        "ttft_p95_s": users.ttft.percentile(0.95),
        "tpot_p95_s": users.tpot.percentile(0.95),
        "items_a_minute": 60 * items / seconds,
        "seconds_in_which_nothing_was_sent": waited * PAUSE_S,
    }


def fleet_of(taken: Traffic, parts: Sequence[Sequence[RequestArrival]]) -> tuple[int, dict[str, Any]]:
    """The fewest replicas that keep the objectives without an evaluation, and what users see there."""
    for replicas in range(1, MAX_REPLICAS):
        alone = together(taken, parts, replicas, EvaluationLoad())
        if alone["kept"] >= GOAL:
            return replicas, alone
    raise SystemExit(f"{taken.name}: {MAX_REPLICAS} replicas do not keep the objectives; thin it more")


def row(taken: Traffic, thinned: int) -> dict[str, Any]:
    """One recording: users alone, then beside evaluations."""
    arrivals = taken.reported.arrivals()
    parts = [arrivals[first::thinned] for first in range(min(PARTS, thinned))]
    replicas, alone = fleet_of(taken, parts)
    beside = [
        {"at_once": at_once, "in_turn": in_turn, **_moved(together(taken, parts, replicas, evaluation_load), alone)}
        for at_once in CONCURRENCIES
        for in_turn in (False, True)
        for evaluation_load in (EvaluationLoad(at_once=at_once, in_turn=in_turn),)
    ]
    words = f"{taken.words}, one request of {thinned}, on {replicas} x {taken.lived.words}"
    return {"name": taken.name, "words": words, "alone": alone, "beside": beside}


def _moved(found: dict[str, Any], alone: dict[str, Any]) -> dict[str, Any]:
    return found | {"ttft_moved": found["ttft_p95_s"] / alone["ttft_p95_s"] - 1}


def rows() -> Iterator[dict[str, Any]]:
    """Yield each row as it is ready."""
    for make, thinned in TAKEN:
        found = row(make(), thinned)
        print(f"{found['name']}: played", file=sys.stderr, flush=True)
        yield found


def main() -> int:
    """Print all rows."""
    argparse.ArgumentParser(prog="evaluation_cost", description=__doc__).parse_args()
    print(json.dumps({"rows": list(rows())}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
