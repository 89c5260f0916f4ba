"""A candidate's engines behind its routers' own queue: the product's dispatcher holds requests without room in engines,
and orders them by what can still be in time.

Routers that report to each other choose as one, so one is played. All its settings apply except tenants, bands and
lanes, which recordings lack.
"""

from dataclasses import replace
from typing import Final

from fairlead.backtest.candidate import Candidate
from fairlead.backtest.played_engines import PlayedEngines
from fairlead.fleet.randomness import RandomSource
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.dispatcher_config import DispatcherConfig
from fairlead.simulator.virtual_fleet.observers import SimulationObserver
from fairlead.simulator.virtual_fleet.queued_simulation import (
    FIGURES_S,
    EngineCapacity,
    PrefixBlocks,
    QueuedSimulation,
    SimulatedDispatcher,
)
from fairlead.simulator.virtual_fleet.replicas import SimulatedFleet
from fairlead.simulator.virtual_fleet.router_balancer import RouterSettings
from fairlead.simulator.virtual_fleet.simulation import SimulationEvent

BLOCK_PAGES: Final = RouterSettings().block_pages


class QueuedPlay(QueuedSimulation):
    """Samples engines once a second while anything happens, and dispatches after every event: between two events
    nothing ends that would make room."""

    def __init__(
        self,
        fleet: SimulatedFleet,
        candidate: Candidate,
        inside: PlayedEngines,
        randomness: RandomSource,
        observer: SimulationObserver,
    ) -> None:
        settings, ranks = candidate.settings, candidate.ranks
        capacity = EngineCapacity(
            max_running=settings.max_sequences * ranks, kv_tokens=settings.blocks * settings.block_tokens * ranks
        )
        super().__init__(fleet, _router(candidate), randomness, observer, capacity)
        self._inside = inside

    def _happen(self, serial: int, what: SimulationEvent) -> None:
        if self.now >= self._sampled_at + FIGURES_S:
            self._sampled_at = self.now
            self._read_figures()
        super()._happen(serial, what)

    def _read_figures(self) -> None:
        table = self._dispatcher.dispatcher.table
        samples = ((one, self._inside.figures(int(one.address), self.now)) for one in table.endpoints)
        table.apply_samples([(one, sample) for one, sample in samples if sample is not None])


def _router(candidate: Candidate) -> SimulatedDispatcher:
    routing = replace(
        candidate.routing,
        balancing=candidate.balancing,
        tenants=(),
        bands=(),
        long_lane=None,
        batch_lane=None,
        oidc=None,
    )
    dispatcher = Dispatcher(
        DispatcherConfig(routing=routing, first_token_seconds=candidate.policy.objectives.ttft_p95_seconds)
    )
    prefixes = PrefixBlocks(BLOCK_PAGES, BLOCK_PAGES * candidate.settings.block_tokens)
    return SimulatedDispatcher(dispatcher, _no_tenant, prefixes=prefixes)


def _no_tenant(client: str) -> bytes:  # noqa: ARG001  # a recording has clients, and no tenants
    return b""
