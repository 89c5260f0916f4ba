"""Real engines for the world's tests, at round step times, and a world that is lived through in one call."""

import random
from collections.abc import Sequence

from fairlead.sim.engine.core import Core
from fairlead.sim.engine.settings import EngineSettings
from fairlead.sim.world.balancing import Balancer
from fairlead.sim.world.replica import Inside
from fairlead.sim.world.replicas import Fleet
from fairlead.sim.world.traffic.arrival import Arrival
from fairlead.sim.world.world import World
from tests.sim.engine.engines import PlainTimes
from tests.sim.world.witness import Witness

ROOMY = EngineSettings(
    blocks=100_000, batch_tokens=1_000_000, max_sequences=1000, context_tokens=100_000, prefix_caching=False
)
"""No limit is ever met."""
TIGHT = EngineSettings(blocks=40, block_tokens=8, batch_tokens=48, max_sequences=3, context_tokens=200)
"""Every limit is met, and requests are preempted."""
ONE_AT_A_TIME = EngineSettings(
    blocks=100_000, batch_tokens=1_000_000, max_sequences=1, context_tokens=100_000, prefix_caching=False
)


def fleet(settings: EngineSettings, replicas: int, *, plain: bool = False) -> Fleet:
    """Alike in everything; chance goes by ordinal."""

    def inside(ordinal: int) -> Inside:
        chance = random.Random(f"engine/{ordinal}")  # noqa: S311  # a recorded seed, not a secret
        return Inside((Core(settings, PlainTimes(), chance, plain=plain),))

    return Fleet(inside=inside, replicas=replicas, look_s=0.5)


def lived(world_fleet: Fleet, balancer: Balancer, arrivals: Sequence[Arrival], until: float = float("inf")) -> Witness:
    """Everything that was told of it."""
    witness = Witness()
    World(world_fleet, balancer, random.Random(3), witness).run(iter(arrivals), until)  # noqa: S311
    return witness
