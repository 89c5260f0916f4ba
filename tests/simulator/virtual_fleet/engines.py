"""Real engines for the simulation's tests, at round step times, and a whole simulation in one call."""

import random
from collections.abc import Sequence

from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.balancers import Balancer
from fairlead.simulator.virtual_fleet.replica import ReplicaEngines
from fairlead.simulator.virtual_fleet.replicas import SimulatedFleet
from fairlead.simulator.virtual_fleet.simulation import FleetSimulation
from tests.simulator.engine.engines import PlainTimes
from tests.simulator.virtual_fleet.witness import Witness

ROOMY = EngineSettings(
    blocks=100_000, batch_tokens=1_000_000, max_sequences=1000, context_tokens=100_000, prefix_caching=False
)
"""No limit is ever met."""
TIGHT = EngineSettings(blocks=40, block_tokens=8, batch_tokens=48, max_sequences=3, context_tokens=200)
"""Every limit is met, and requests are preempted."""
ONE_AT_A_TIME = EngineSettings(
    blocks=100_000, batch_tokens=1_000_000, max_sequences=1, context_tokens=100_000, prefix_caching=False
)


def fleet(settings: EngineSettings, replicas: int, *, plain: bool = False) -> SimulatedFleet:
    """Identical engines; chance depends on the ordinal."""

    def inside(ordinal: int) -> ReplicaEngines:
        chance = random.Random(f"engine/{ordinal}")  # noqa: S311  # a recorded seed, not a secret
        return ReplicaEngines((EngineCore(settings, PlainTimes(), chance, plain=plain),))

    return SimulatedFleet(inside=inside, replicas=replicas, snapshot_s=0.5)


def lived(
    world_fleet: SimulatedFleet, balancer: Balancer, arrivals: Sequence[RequestArrival], until: float = float("inf")
) -> Witness:
    """Run the simulation; everything that its observer recorded."""
    witness = Witness()
    FleetSimulation(world_fleet, balancer, random.Random(3), witness).run(iter(arrivals), until)  # noqa: S311
    return witness
