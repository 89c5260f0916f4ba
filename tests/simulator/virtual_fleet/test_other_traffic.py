"""Requests that stay much longer than those that the figures were learnt from: the fleet grows before they time out."""

import random
from dataclasses import replace
from typing import Final

import pytest

from fairlead.fleet.policies import ReplicaBounds, ScalingPolicy, ScalingReason
from fairlead.scaling.decide.recommendation import Recommendation
from fairlead.scaling.decide.scaling_state import ScalingState
from fairlead.scaling.facts import ScalingFacts
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.balancers import FewestRequests
from fairlead.simulator.virtual_fleet.cold_starts import FixedColdStarts
from fairlead.simulator.virtual_fleet.replicas import ScalingHook
from fairlead.simulator.virtual_fleet.simulated_autoscaler import ScaledDeployment, SimulatedAutoscaler, assumed_speed
from fairlead.simulator.virtual_fleet.simulation import FleetSimulation
from tests.simulator.engine.engines import PlainTimes
from tests.simulator.virtual_fleet.engines import fleet
from tests.simulator.virtual_fleet.witness import Witness

EIGHT_AT_ONCE: Final = EngineSettings(
    blocks=100_000, batch_tokens=8192, max_sequences=8, context_tokens=100_000, prefix_caching=False
)
SHORT_S: Final = 900.0
"""Of short answers, four a second: thousands of them teach the request length."""
STREAMS: Final = 10
LONG: Final = 2000
"""Output tokens, of 11 ms each with eight at once: 22 s."""
TOGETHER_S: Final = 2.75
"""Eight at a time, each of 22 s: one ends this often, and its client sends the next."""
COLD_S: Final = 60.0


class Decisions:
    """The decisions and their times."""

    def __init__(self) -> None:
        self.all: list[tuple[float, Recommendation]] = []

    def __call__(self, _: ScalingFacts, __: ScalingState, recommendation: Recommendation, now: float) -> None:
        self.all.append((now, recommendation))

    def since(self, moment: float) -> list[tuple[float, Recommendation]]:
        """From that moment on."""
        return [(now - moment, recommendation) for now, recommendation in self.all if now >= moment]


def lived(until: float, policy: ScalingPolicy) -> Decisions:
    """Short answers first, then ten streams that never end."""
    change = Decisions()
    sheet = assumed_speed(PlainTimes(), EIGHT_AT_ONCE)
    scaled = ScaledDeployment(bounds=ReplicaBounds(least=1, most=20), policy=policy, speed=sheet)
    scaling = ScalingHook(wanted=SimulatedAutoscaler(scaled, change).wanted, every_s=1.0, delay_s=1.0)
    made = replace(fleet(EIGHT_AT_ONCE, 1), scaling=scaling, cold_starts=FixedColdStarts(COLD_S))
    short = [RequestArrival(time=0.25 * turn, prompt_tokens=100, output_tokens=20) for turn in range(int(SHORT_S * 4))]
    long = [RequestArrival(time=SHORT_S, prompt_tokens=100, output_tokens=LONG) for _ in range(STREAMS)]
    turns = int((until - SHORT_S) / TOGETHER_S)
    later = (SHORT_S + TOGETHER_S * turn for turn in range(8, turns))
    again = [RequestArrival(time=moment, prompt_tokens=100, output_tokens=LONG) for moment in later]
    world = FleetSimulation(made, FewestRequests(), random.Random(1), Witness())  # noqa: S311  # a recorded seed, not a secret
    world.run(iter([*short, *long, *again]), until)
    return change


@pytest.fixture(scope="module")
def decisions() -> list[tuple[float, Recommendation]]:
    """No objective is set, two wait for eight that run, and by what was learnt one replica is plenty."""
    return lived(SHORT_S + 400.0, ScalingPolicy()).since(SHORT_S)


@pytest.mark.trial(21)
def test_ten_streams_on_eight_slots_are_a_reason_by_their_queue_time(
    decisions: list[tuple[float, Recommendation]],
) -> None:
    first, recommendation = next(
        (now, recommendation) for now, recommendation in decisions if recommendation.replicas > 1
    )
    assert first <= 8.0
    assert (recommendation.replicas, recommendation.reason) == (2, ScalingReason.QUEUE_TIME)
    assert max(recommendation.replicas for now, recommendation in decisions if now <= COLD_S) == 2, (
        "not once more for each second they wait"
    )


@pytest.mark.trial(21)
def test_what_was_learned_from_short_replies_is_outweighed_within_two_minutes(
    decisions: list[tuple[float, Recommendation]],
) -> None:
    """Ten of them take 1.7 replicas by room in the batch, and as much again is kept free for random variation."""
    need = {
        round(now): figure.value
        for now, recommendation in decisions
        for figure in recommendation.figures
        if figure.name == "need.replicas"
    }
    assert need[1] < 0.5
    assert all(1.0 < one < 3.5 for now, one in need.items() if now >= 120)
    assert {recommendation.replicas for now, recommendation in decisions if now >= 120} <= {2, 3, 4}
