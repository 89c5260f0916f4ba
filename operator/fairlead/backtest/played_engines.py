"""The engines of a candidate that is played, and who sends them their requests."""

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
    """The candidate's engines, by their replica's number, for those who sample them."""

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
        """As a router scrapes them."""
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
        """Our routers, or none: then requests go to replicas in turn."""
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
