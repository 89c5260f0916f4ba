"""A simulated fleet as facts, and a recommendation as replicas."""

import random
from dataclasses import replace

from fairlead.fleet.policies import ReplicaBounds, ScalingPolicy, ScalingReason
from fairlead.scaling.decide.recommendation import Recommendation
from fairlead.scaling.decide.scaling_state import ScalingState
from fairlead.scaling.facts import EnginePodPhase, ScalingFacts
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.balancers import FewestRequests
from fairlead.simulator.virtual_fleet.cold_starts import FixedColdStarts
from fairlead.simulator.virtual_fleet.replica import ReplicaEngines
from fairlead.simulator.virtual_fleet.replicas import ScalingHook, SimulatedFleet
from fairlead.simulator.virtual_fleet.simulated_autoscaler import ScaledDeployment, SimulatedAutoscaler, assumed_speed
from fairlead.simulator.virtual_fleet.simulation import FleetSimulation
from tests.simulator.engine.engines import PlainTimes
from tests.simulator.virtual_fleet.engines import ROOMY, fleet
from tests.simulator.virtual_fleet.small_engine import SmallEngine
from tests.simulator.virtual_fleet.witness import Witness

SCALED = ScaledDeployment(bounds=ReplicaBounds(least=0, most=9), policy=ScalingPolicy(), delay_s=1.0)


class Deciding:
    """Answers one row of counts and records its inputs."""

    def __init__(self, *answers: int) -> None:
        self.answers = list(answers)
        self.seen: list[tuple[float, ScalingFacts]] = []

    def __call__(self, facts: ScalingFacts, memory: ScalingState, now: float) -> tuple[Recommendation, ScalingState]:
        self.seen.append((now, facts))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return Recommendation(replicas=answer, reason=ScalingReason.STEADY, message=""), memory


def simulated(deciding: Deciding, made: SimulatedFleet, *times: float, until: float = 30.0) -> FleetSimulation:
    autoscaled = SimulatedAutoscaler(SCALED, decide=deciding)
    scaling = ScalingHook(wanted=autoscaled.wanted, every_s=5.0, delay_s=1.0, first_s=0.5, pace_s=0.5)
    arrivals = [RequestArrival(time=time, prompt_tokens=100, output_tokens=50) for time in times]
    scaled = replace(made, scaling=scaling, cold_starts=FixedColdStarts(8.0))
    world = FleetSimulation(scaled, FewestRequests(), random.Random(1), Witness())  # noqa: S311  # noqa: S311
    world.run(iter(arrivals), until)
    return world


def test_pods_are_shown_in_every_phase_from_starting_to_removed() -> None:
    deciding = Deciding(2, 2, 2, 1)
    simulated(deciding, fleet(ROOMY, 1), *(float(second) for second in range(30)))

    phases = [[pod.phase for pod in facts.pods] for _, facts in deciding.seen]
    ready, starting = EnginePodPhase.READY, EnginePodPhase.STARTING
    assert phases[:4] == [[ready], [ready, starting], [ready, ready], [ready, ready]]
    assert [now for now, _ in deciding.seen][:3] == [1.0, 6.0, 11.0]
    second = deciding.seen[2][1].pods[1]
    assert (second.since, second.ready_at) == (1.0, 9.0)
    assert [facts.wanted for _, facts in deciding.seen][:4] == [1, 2, 2, 2]


def test_counters_are_those_of_the_engine_and_of_its_requests() -> None:
    deciding = Deciding(1)
    world = simulated(deciding, fleet(ROOMY, 1), 0.0, 4.0)
    figures = deciding.seen[-1][1].pods[0].figures

    assert figures is not None
    assert (figures.prompt_tokens, figures.output_tokens, figures.finished) == (200.0, 100.0, 2.0)
    assert figures.first_token is not None
    assert (figures.first_token.count, figures.first_token.kept) == (2.0, 2.0)
    assert figures.per_token is not None
    assert figures.per_token.count == 98.0
    assert figures.request_pace is not None
    assert (figures.request_pace.count, figures.request_pace.kept) == (2.0, 2.0)
    assert figures.kv_tokens == ROOMY.blocks * ROOMY.block_tokens
    assert world.totals.answered == 2


def test_time_between_tokens_grows_while_a_reply_is_being_written() -> None:
    made = SimulatedFleet(inside=lambda _: ReplicaEngines((SmallEngine(),)), replicas=1)
    world = simulated(Deciding(1), made, 0.0, until=10.0)
    meter = world.replicas.all[0].meter

    assert meter is not None
    assert meter.decoding == 1
    assert meter.between_tokens(10.0) == 9.0
    assert (meter.firsts, meter.kept, meter.finished) == (1, 0, 0)


def test_an_engine_without_counters_reports_its_gauges_alone() -> None:
    deciding = Deciding(1)
    simulated(deciding, SimulatedFleet(inside=lambda _: ReplicaEngines((SmallEngine(),)), replicas=1), 0.0, 1.0)
    figures = deciding.seen[1][1].pods[0].figures

    assert figures is not None
    assert (figures.running, figures.waiting, figures.output_tokens) == (1.0, 1.0, None)


def test_who_waits_in_the_queue_is_held_by_the_router() -> None:
    deciding = Deciding(0)
    simulated(deciding, fleet(ROOMY, 0), 1.0, 3.0, until=6.0)
    (router,) = deciding.seen[-1][1].routers

    assert router.figures is not None
    assert (router.figures.held, router.figures.waiting, router.figures.arrivals) == (2.0, 2.0, 2.0)
    assert (router.figures.oldest_seconds, router.figures.prompt_tokens) == (4.0, 200.0)


def test_a_recommendation_takes_effect_once_its_figures_have_their_configured_age() -> None:
    world = simulated(Deciding(3), fleet(ROOMY, 1), 0.0)

    assert [one.wanted_at for one in world.replicas.all] == [0.0, 1.0, 1.0]


def test_a_data_sheet_speaks_of_one_request_of_many_and_of_reading() -> None:
    speed = assumed_speed(PlainTimes(), ROOMY)

    assert speed.step_seconds == PlainTimes().decode_line(1, 1).base_s
    assert speed.seconds_per_prompt_token > 0
    assert speed.max_sequences == ROOMY.max_sequences


def test_ranks_add_their_room_and_share_what_is_added_to_the_load() -> None:
    rank = assumed_speed(PlainTimes(), ROOMY)
    assert rank.of_ranks(1) == rank
    four = rank.of_ranks(4)
    assert four.step_seconds == rank.step_seconds, "each of them reads the weights"
    assert four.seconds_per_sequence == rank.seconds_per_sequence / 4
    assert four.seconds_per_prompt_token == rank.seconds_per_prompt_token / 4
    assert four.kv_tokens == 4 * ROOMY.blocks * ROOMY.block_tokens
    assert four.max_sequences == 4 * ROOMY.max_sequences
    learned = replace(rank, kv_tokens=None, max_sequences=None).of_ranks(4)
    assert (learned.kv_tokens, learned.max_sequences) == (None, None), "no limit stays none"
