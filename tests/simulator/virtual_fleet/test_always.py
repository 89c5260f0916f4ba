"""Invariants for all traffic and all fleets of real engines, whatever balances."""

import random
from dataclasses import replace
from itertools import accumulate

from hypothesis import example, given
from hypothesis import strategies as st

from bench.sessions import SessionTurn, TrafficSession
from fairlead.simulator.engine.batch import DecodeLine, StepBatch
from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.ranks import EngineRanks
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.traffic import request_traces
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.balancers import Balancer, FewestRequests, LeastTokens, PrefixAffinity, RoundRobin
from fairlead.simulator.virtual_fleet.replica import ReplicaEngines
from fairlead.simulator.virtual_fleet.replicas import SimulatedFleet
from fairlead.simulator.virtual_fleet.simulation import FleetSimulation
from tests.simulator.engine.engines import PlainTimes
from tests.simulator.virtual_fleet.engines import ONE_AT_A_TIME, ROOMY, TIGHT, fleet, lived
from tests.simulator.virtual_fleet.excerpts import lines
from tests.simulator.virtual_fleet.witness import Witness

ROUNDING = 1e-9
"""Seconds; sums of the same steps in another order differ by less."""

GAPS = st.sampled_from((0.0, 0.0, 0.004, 0.02, 0.1, 0.7))
REQUESTS = st.tuples(GAPS, st.integers(1, 120), st.integers(1, 40))
RULES = st.sampled_from((RoundRobin, FewestRequests, LeastTokens, PrefixAffinity))
REPLICAS = st.integers(1, 4)


def arrivals(values: list[tuple[float, int, int]]) -> list[RequestArrival]:
    moments = accumulate(gap for gap, _, _ in values)
    return [
        RequestArrival(time=time, prompt_tokens=prompt, output_tokens=output, prefix=tuple(range(prompt // 8)))
        for time, (_, prompt, output) in zip(moments, values, strict=True)
    ]


TWO_END_AT_ONCE = arrivals([(0.0, 1, 4), (0.0, 1, 4), (0.004, 1, 1), (0.02, 1, 1)])
"""With two replicas in turn, requests of both end at the same time."""

TRAFFIC = st.lists(REQUESTS, min_size=1, max_size=20).map(arrivals)


def history_of(witness: Witness) -> list[tuple[object, ...]]:
    """All that happened to each request, in order, without names."""
    return [
        (arrival.time, request.first_token, request.ended, request.emitted, request.preemptions, request.cached_tokens)
        for arrival, request, _ in witness.answers
    ]


def delays(witness: Witness) -> dict[int, tuple[float, float]]:
    """By arrival: until its first token, until its last."""
    return {
        id(arrival): ((request.first_token or 0.0) - arrival.time, (request.ended or 0.0) - arrival.time)
        for arrival, request, _ in witness.answers
    }


@given(TRAFFIC, RULES, REPLICAS, st.floats(0.0, 5.0))
def test_every_arrival_always_ends_exactly_once(
    traffic: list[RequestArrival], rule: type[Balancer], replicas: int, until: float
) -> None:
    witness = lived(fleet(TIGHT, replicas), rule(), traffic, until)
    over = [one[0] for one in (*witness.answers, *witness.refusals, *witness.leftovers)]

    assert sorted(map(id, over)) == sorted(map(id, witness.arrivals))
    assert [arrival for arrival in traffic if arrival.time <= until] == witness.arrivals


@given(TRAFFIC, RULES, REPLICAS)
def test_tokens_requested_are_always_tokens_returned(
    traffic: list[RequestArrival], rule: type[Balancer], replicas: int
) -> None:
    witness = lived(fleet(TIGHT, replicas), rule(), traffic)

    assert not witness.leftovers
    assert all(request.emitted == arrival.output_tokens for arrival, request, _ in witness.answers)
    assert len(witness.answers) + len(witness.refusals) == len(traffic)


@given(TRAFFIC, RULES, REPLICAS)
def test_a_run_always_repeats_bit_for_bit(traffic: list[RequestArrival], rule: type[Balancer], replicas: int) -> None:
    assert history_of(lived(fleet(TIGHT, replicas), rule(), traffic)) == history_of(
        lived(fleet(TIGHT, replicas), rule(), traffic)
    )


@example(TWO_END_AT_ONCE, RoundRobin, 2, TIGHT)
@given(TRAFFIC, RULES, REPLICAS, st.sampled_from((TIGHT, ROOMY)))
def test_jumping_over_steps_is_always_the_same_as_living_each(
    traffic: list[RequestArrival], rule: type[Balancer], replicas: int, settings: EngineSettings
) -> None:
    fast = lived(fleet(settings, replicas), rule(), traffic)
    slow = lived(fleet(settings, replicas, plain=True), rule(), traffic)

    assert history_of(fast) == history_of(slow)
    assert fast.served_by == slow.served_by
    assert fast.snapshots == slow.snapshots


@given(TRAFFIC, RULES, REPLICAS, st.randoms(use_true_random=False))
def test_other_names_never_change_anything_but_names(
    traffic: list[RequestArrival], rule: type[Balancer], replicas: int, chance: random.Random
) -> None:
    names = [f"replica-{ordinal}" for ordinal in range(replicas)]
    shuffled = names.copy()
    chance.shuffle(shuffled)
    one = fleet(TIGHT, replicas)
    first = lived(one, rule(), traffic)
    second = lived(replace(one, name=shuffled.__getitem__), rule(), traffic)

    assert history_of(first) == history_of(second)
    assert [shuffled[names.index(name)] for name in first.served_by] == second.served_by


@given(st.lists(REQUESTS, min_size=1, max_size=8), REPLICAS, st.floats(0.05, 3.0))
def test_observing_never_changes_what_is_observed(
    values: list[tuple[float, int, int]], replicas: int, every: float
) -> None:
    traffic, one = arrivals(values), fleet(TIGHT, replicas)

    often = lived(replace(one, snapshot_s=every), LeastTokens(), traffic)
    seldom = lived(replace(one, snapshot_s=1000.0), LeastTokens(), traffic)

    assert history_of(often) == history_of(seldom)


@given(st.lists(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 20), st.floats(0, 2)), max_size=4), max_size=5))
def test_a_session_never_sends_its_next_request_before_the_reply_and_its_think_time(
    values: list[list[tuple[int, int, float]]],
) -> None:
    sessions = [
        TrafficSession(str(place), [SessionTurn(*turn) for turn in entries]) for place, entries in enumerate(values)
    ]
    firsts = [first for session in sessions if (first := session.start(0.0)) is not None]
    witness = lived(fleet(TIGHT, 2), FewestRequests(), firsts)
    ends: dict[str, list[float]] = {}
    for arrival, request, _ in witness.answers:
        ends.setdefault(arrival.session or "", []).append(request.ended or 0.0)

    for place, entries in enumerate(values):
        requested = [arrival.time for arrival in witness.arrivals if arrival.session == str(place)]
        thought = [think for _, _, think in entries[1:]]
        assert len(requested) == len(entries)
        assert requested[1:] == [end + think for end, think in zip(ends.get(str(place), []), thought, strict=False)]


class Longest(PlainTimes):
    """The same times, recording the longest step."""

    longest = 0.0

    def decode_line(self, sequences: int, tokens: int) -> DecodeLine:
        line = super().decode_line(sequences, tokens)
        object.__setattr__(self, "longest", max(self.longest, line.base_s + line.context_token_s * 20 * 160))
        return line

    def seconds(self, batch: StepBatch) -> float:
        found = super().seconds(batch)
        object.__setattr__(self, "longest", max(self.longest, found))
        return found


def doubled(traffic: list[RequestArrival], settings: EngineSettings, replicas: int) -> tuple[list[float], float]:
    """How much later each request is answered with twice the replicas in turn, and the longest step of both runs."""
    times = Longest()
    one, two = (
        SimulatedFleet(
            inside=lambda _: ReplicaEngines((EngineCore(settings, times, random.Random(1)),)),  # noqa: S311
            replicas=count,
        )
        for count in (replicas, 2 * replicas)
    )
    before, after = delays(lived(one, RoundRobin(), traffic)), delays(lived(two, RoundRobin(), traffic))
    return [after[key][part] - before[key][part] for key in before for part in (0, 1)], times.longest


@given(TRAFFIC, REPLICAS)
def test_one_at_a_time_twice_the_replicas_in_turn_never_delay_anybody(
    traffic: list[RequestArrival], replicas: int
) -> None:
    """Each then serves a part of what one served before, in the same order."""
    later, _ = doubled(traffic, ONE_AT_A_TIME, replicas)

    assert max(later) <= ROUNDING


@given(TRAFFIC, REPLICAS)
def test_in_batches_twice_the_replicas_in_turn_never_delay_anybody_by_more_than_a_step(
    traffic: list[RequestArrival], replicas: int
) -> None:
    """A step is never interrupted: a request that found a step just ending may now find one just begun, and no more."""
    later, step = doubled(traffic, ROOMY, replicas)

    assert max(later) <= step + ROUNDING


@given(TRAFFIC, RULES, REPLICAS)
def test_no_request_is_ever_slower_on_a_replica_of_its_own_than_on_a_shared_fleet(
    traffic: list[RequestArrival], rule: type[Balancer], replicas: int
) -> None:
    together = delays(lived(fleet(ROOMY, replicas), rule(), traffic))
    alone = delays(lived(fleet(ROOMY, len(traffic)), RoundRobin(), traffic))

    assert all(alone[key][part] <= together[key][part] + ROUNDING for key in together for part in (0, 1))


def test_on_recorded_traffic_each_replica_more_is_better_on_average() -> None:
    traffic = list(request_traces.azure(lines("azure-excerpt.csv")))
    settings = EngineSettings(blocks=2000, batch_tokens=2048, max_sequences=64, prefix_caching=False)
    means = []
    for replicas in range(1, 9):
        found = delays(lived(fleet(settings, replicas), LeastTokens(), traffic)).values()
        means.append((sum(first for first, _ in found) / len(found), sum(whole for _, whole in found) / len(found)))

    assert [first for first, _ in means] == sorted((first for first, _ in means), reverse=True)
    assert [whole for _, whole in means] == sorted((whole for _, whole in means), reverse=True)


def test_data_parallel_ranks_answer_everybody_and_share_the_work() -> None:
    cores = [EngineCore(TIGHT, PlainTimes(), random.Random(rank)) for rank in range(2)]  # noqa: S311
    one = SimulatedFleet(inside=lambda _: ReplicaEngines(cores, EngineRanks(cores).choose), replicas=1)
    traffic = [RequestArrival(time=0.01 * place, prompt_tokens=40, output_tokens=10) for place in range(30)]
    witness = lived(one, FewestRequests(), traffic)

    assert len(witness.answers) == 30
    assert [core.counts.generation_tokens for core in cores] == [150, 150]


def test_the_simulation_counts_what_the_observer_received() -> None:
    witness = Witness()
    world = FleetSimulation(fleet(TIGHT, 2), LeastTokens(), random.Random(1), witness)  # noqa: S311
    world.run(request_traces.azure(lines("azure-excerpt.csv")), until=100.0)

    assert world.totals.arrived == len(witness.arrivals)
    assert world.totals.answered == len(witness.answers)
    assert world.totals.refused == len(witness.refusals)
    assert world.totals.left == len(witness.leftovers)
    assert world.totals.output_tokens == sum(request.emitted for _, request, _ in witness.answers)
