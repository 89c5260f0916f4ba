import random
from collections.abc import Iterable, Iterator

import pytest

from bench.sessions import SessionTurn, TrafficSession
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.balancers import FewestRequests, LeastTokens, RoundRobin
from fairlead.simulator.virtual_fleet.cold_starts import FixedColdStarts
from fairlead.simulator.virtual_fleet.observers import FleetSnapshot
from fairlead.simulator.virtual_fleet.replica import ReplicaEngines
from fairlead.simulator.virtual_fleet.replicas import ScalingHook, SimulatedFleet
from fairlead.simulator.virtual_fleet.simulation import FleetSimulation
from tests.simulator.virtual_fleet.small_engine import SmallEngine
from tests.simulator.virtual_fleet.witness import Witness

CHANCE = random.Random(7)  # noqa: S311  # a recorded seed, not a secret


def arrivals_at(*times: float, output: int = 2) -> Iterator[RequestArrival]:
    return iter([RequestArrival(time=time, prompt_tokens=10, output_tokens=output) for time in times])


def fleet(replicas: int = 1, scaling: ScalingHook | None = None, starts: float = 0.0) -> SimulatedFleet:
    return SimulatedFleet(
        inside=lambda _: ReplicaEngines((SmallEngine(),)),
        replicas=replicas,
        cold_starts=FixedColdStarts(starts),
        scaling=scaling,
        snapshot_s=1.0,
    )


def scaled(answers: Iterable[int], every: float) -> ScalingHook:
    """Returns these counts one after the other, the last one forever."""
    row = list(answers)
    return ScalingHook(wanted=lambda _: row.pop(0) if len(row) > 1 else row[0], every_s=every)


def simulated(
    world_fleet: SimulatedFleet, arrivals: Iterator[RequestArrival], until: float = 1000.0
) -> tuple[Witness, FleetSimulation]:
    witness = Witness()
    world = FleetSimulation(world_fleet, FewestRequests(), CHANCE, witness)
    world.run(arrivals, until)
    return witness, world


def test_one_replica_answers_one_after_the_other() -> None:
    witness, world = simulated(fleet(), arrivals_at(0.0, 0.5, 10.0))

    assert witness.ends == [2.0, 4.0, 12.0]
    assert [request.first_token for _, request, _ in witness.answers] == [1.0, 3.0, 11.0]
    assert (world.totals.arrived, world.totals.answered, world.totals.left) == (3, 3, 0)


def test_the_shortest_queue_is_joined() -> None:
    witness, _ = simulated(fleet(replicas=2), arrivals_at(0.0, 0.5, 0.6))

    assert witness.ends == [2.0, 2.5, 4.0]
    assert witness.served_by == ["replica-0", "replica-1", "replica-0"]


def test_who_arrives_when_another_ends_finds_the_place_free() -> None:
    witness, _ = simulated(fleet(replicas=2), arrivals_at(0.0, 0.1, 2.0))

    assert witness.served_by == ["replica-0", "replica-1", "replica-0"]


def test_requests_are_held_in_the_queue_until_a_replica_is_ready() -> None:
    witness, _ = simulated(fleet(0, scaled([1], every=15.0), starts=30.0), arrivals_at(1.0, 2.0))

    assert witness.ends == [32.0, 34.0]
    assert witness.snapshots[20].held == 2
    assert witness.snapshots[20].starting == 1


def test_a_replica_given_up_answers_what_it_has_and_is_sent_nothing_more() -> None:
    witness, world = simulated(fleet(2, scaled([2, 1], every=1.0)), arrivals_at(0.0, 0.1, 0.2, 0.3, 1.5, 1.6, output=4))

    gone = world.replicas.all[1]
    assert gone.gone_at == 8.1
    assert witness.served_by.count("replica-1") == 2
    assert world.totals.answered == 6


def test_the_start_of_a_replica_that_is_no_longer_needed_is_cancelled() -> None:
    witness, world = simulated(fleet(1, scaled([3, 1], every=5.0), starts=60.0), arrivals_at(0.0, 100.0))

    assert [one.ready_at for one in world.replicas.all] == [0.0, None, None]
    assert [one.gone_at for one in world.replicas.all] == [None, 5.0, 5.0]
    assert witness.served_by == ["replica-0", "replica-0"]


def test_gpus_are_paid_for_from_the_moment_they_are_requested() -> None:
    cost = SimulatedFleet(
        inside=lambda _: ReplicaEngines((SmallEngine(),)),
        replicas=1,
        gpus=2,
        cold_starts=FixedColdStarts(10.0),
        scaling=scaled([1, 2], every=20.0),
    )
    _, world = simulated(cost, arrivals_at(0.0, 50.0), until=100.0)

    assert world.replicas.gpu_seconds(world.now) == 2 * 100 + 2 * 80


def test_what_the_world_stops_before_its_end_is_left() -> None:
    witness, world = simulated(fleet(), arrivals_at(0.0, 1.0, 2.0, 50.0), until=3.0)

    assert witness.ends == [2.0]
    assert [arrival.time for arrival, _ in witness.leftovers] == [1.0, 2.0]
    assert world.totals.left == 2


def test_what_was_still_held_is_left_too() -> None:
    witness, _ = simulated(fleet(0), arrivals_at(0.0), until=5.0)

    assert [(arrival.time, request) for arrival, request in witness.leftovers] == [(0.0, None)]


def test_an_engine_may_refuse() -> None:
    witness, world = simulated(fleet(), iter([RequestArrival(time=0.0, prompt_tokens=2000, output_tokens=1)]))

    assert [because for _, because in witness.refusals] == ["too_long"]
    assert (world.totals.refused, world.totals.answered) == (1, 0)


def test_a_session_sends_its_next_request_after_the_reply_and_its_think_time() -> None:
    turns = (SessionTurn(10, 2, think_s=0.0), SessionTurn(20, 3, think_s=5.0), SessionTurn(30, 1, think_s=0.0))
    first = TrafficSession("talk", turns).start(1.0)
    assert first is not None
    witness, world = simulated(fleet(), iter([first]))

    assert [arrival.time for arrival in witness.arrivals] == [1.0, 8.0, 11.0]
    assert witness.ends == [3.0, 11.0, 12.0]
    assert world.totals.arrived == 3


def test_a_session_that_was_refused_is_over() -> None:
    first = TrafficSession("talk", (SessionTurn(5000, 1, 0.0), SessionTurn(1, 1, 0.0))).start(0.0)
    assert first is not None
    witness, _ = simulated(fleet(), iter([first]))

    assert len(witness.arrivals) == 1


def test_arrivals_out_of_order_are_an_error_that_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="arrival at 1 s after one at 5 s; sort or join the sources"):
        simulated(fleet(), arrivals_at(5.0, 1.0))


def test_without_an_end_the_world_stops_when_everything_is_answered() -> None:
    witness, world = simulated(fleet(), arrivals_at(0.0, 3.0), until=float("inf"))

    assert witness.ends == [2.0, 5.0]
    assert world.now == 5.0


def test_an_endless_source_is_read_only_as_far_as_time_goes() -> None:
    def endless() -> Iterator[RequestArrival]:
        time = 0.0
        while True:
            yield RequestArrival(time=time, prompt_tokens=1, output_tokens=1)
            time += 2.0

    _, world = simulated(fleet(), endless(), until=9.0)

    assert world.totals.answered == 5


def test_the_scaling_loop_sees_the_fleet_as_it_is() -> None:
    seen: list[FleetSnapshot] = []

    def remember(snapshot: FleetSnapshot) -> int:
        seen.append(snapshot)
        return 1

    simulated(fleet(1, ScalingHook(wanted=remember, every_s=3.0)), arrivals_at(0.0, 0.0, 0.0), until=6.0)

    assert [(snapshot.at, snapshot.running, snapshot.waiting, snapshot.ended) for snapshot in seen] == [
        (0.0, 1, 2, 0),
        (3.0, 1, 1, 1),
        (6.0, 0, 0, 3),
    ]


def test_ranks_of_a_replica_are_chosen_by_their_own_rule() -> None:
    two = (SmallEngine(), SmallEngine())
    seen: list[tuple[int, ...]] = []

    def second(now: float) -> int:
        assert now in {0.0, 5.0}
        seen.append(tuple(engine.running for engine in two))
        return 1

    witness, _ = simulated(SimulatedFleet(inside=lambda _: ReplicaEngines(two, second)), arrivals_at(0.0, 5.0))

    assert seen == [(0, 0), (0, 0)]
    assert witness.ends == [2.0, 7.0]
    assert two[0].running == 0


@pytest.mark.parametrize("balancer", [RoundRobin(), FewestRequests(), LeastTokens()])
def test_names_decide_nothing(balancer: RoundRobin | FewestRequests | LeastTokens) -> None:
    def ends(name: str) -> list[float]:
        witness = Witness()
        named = SimulatedFleet(
            inside=lambda _: ReplicaEngines((SmallEngine(),)), replicas=3, name=lambda ordinal: f"{name}{-ordinal}"
        )
        FleetSimulation(named, type(balancer)(), CHANCE, witness).run(
            arrivals_at(*(0.3 * place for place in range(20)))
        )
        return witness.ends

    assert ends("a") == ends("z")
