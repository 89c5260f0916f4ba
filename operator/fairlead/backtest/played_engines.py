"""The engines of a played candidate, and the balancer in front of them."""

from collections.abc import Callable

from fairlead.backtest.candidate import Candidate
from fairlead.fleet.randomness import RandomSource
from fairlead.routing.endpoint import EndpointSample
from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.ranks import EngineRanks
from fairlead.simulator.virtual_fleet.balancers import Balancer, RoundRobin
from fairlead.simulator.virtual_fleet.replica import ReplicaEngines
from fairlead.simulator.virtual_fleet.router_balancer import RouterBalancer, RouterSettings


class PlayedEngines:
    """The candidate's engines by replica ordinal, for sampling."""

    def __init__(self, candidate: Candidate, streams: Callable[[str], RandomSource]) -> None:
        self._candidate, self._streams = candidate, streams
        self._cores: dict[int, tuple[EngineCore, ...]] = {}

    def inside(self, ordinal: int) -> ReplicaEngines:
        """The engines of a new replica."""
        made = self._candidate
        self._cores[ordinal] = cores = tuple(
            EngineCore(made.settings, made.times, self._streams(f"engine/{ordinal}/{rank}"))
            for rank in range(made.ranks)
        )
        return ReplicaEngines(cores, EngineRanks(cores).choose if made.ranks > 1 else None)

    def figures(self, ordinal: int, now: float) -> EndpointSample | None:
        """Sample an engine as a router scrapes it."""
        cores = self._cores[ordinal]
        if len(cores) == 1:
            (core,) = cores
            return EndpointSample(at=now, running=core.running, waiting=core.waiting, kv_usage=core.usage)
        return EndpointSample(
            at=now,
            running=sum(core.running for core in cores),
            waiting=sum(core.waiting for core in cores),
            kv_usage=max(core.usage for core in cores),
        )

    def balancer(self) -> Balancer:
        """Return our routers, or round robin if there are none."""
        made = self._candidate
        if made.in_turn:
            return RoundRobin()
        settings = made.settings
        routers = RouterSettings(
            count=made.routers,
            page_tokens=settings.block_tokens,
            kv_tokens=settings.blocks * settings.block_tokens * made.ranks,
            balancing=made.balancing,
        )
        return RouterBalancer(routers, self.figures)
