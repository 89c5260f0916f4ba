import random

import pytest

from bench import day_samples
from bench.day_samples import SamplingPlan
from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.replica import ReplicaEngines, SimulatedReplica
from fairlead.simulator.virtual_fleet.run_statistics import RunStatistics
from tests.simulator.virtual_fleet.small_engine import SmallEngine

REPLICA = SimulatedReplica(0, "replica-0", ReplicaEngines((SmallEngine(),)), 1, 0.0)


def test_every_part_of_the_day_has_one_stretch() -> None:
    chance = random.Random(2)  # noqa: S311  # a recorded seed, not a secret
    stretches = list(SamplingPlan(groups=3).stretches(0.0, 6000.0, chance))

    assert [int(one.since // 600) for one in stretches] == list(range(10))
    assert [one.group for one in stretches] == [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]
    assert all(one.until - one.since == pytest.approx(30.0) and one.until <= 6000.0 for one in stretches)
    assert all(one.since - one.warm == pytest.approx(45.0) or one.warm == 0.0 for one in stretches)
    assert all(one.cool <= 6000.0 for one in stretches)


def took(*seconds: float) -> RunStatistics:
    statistics = RunStatistics()
    for one in seconds:
        arrival = RequestArrival(time=0.0, prompt_tokens=1, output_tokens=1)
        request = EngineRequest(serial=1, prompt_tokens=1, output_tokens=1, arrived=0.0, emitted=1)
        request.first_token = request.ended = one
        statistics.arrived(arrival)
        statistics.ended(arrival, request, REPLICA)
    return statistics


def test_groups_that_agree_leave_an_error_of_zero() -> None:
    found = day_samples.estimates([took(1.0, 3.0), took(1.0, 3.0)], [10.0, 10.0])

    assert found["TTFT mean s"].value == pytest.approx(2.0)
    assert found["TTFT mean s"].error == 0.0
    assert found["requests/s"].value == pytest.approx(0.2)


def test_groups_that_differ_say_by_how_much_the_whole_may_be_off() -> None:
    found = day_samples.estimates([took(1.0), took(2.0), took(3.0)], [10.0, 10.0, 10.0])["E2E mean s"]

    assert found.value == pytest.approx(2.0)
    assert found.error == pytest.approx(1.0 / 3**0.5)
    assert found.margin == pytest.approx(1.96 / 3**0.5)
