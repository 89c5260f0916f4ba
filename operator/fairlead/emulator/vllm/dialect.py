"""vLLM 0.32 as an emulated kind of engine."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from fairlead.emulator.dialect import EngineEnding, StatsLog
from fairlead.emulator.engine.metrics.page import EnginePage, PageFacts
from fairlead.emulator.engine.metrics.tally import RankTally
from fairlead.emulator.engine.rank import LiveRank
from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.emulator.surface.engine_interface import EngineClient, EngineControl
from fairlead.emulator.vllm import command, termination_messages
from fairlead.emulator.vllm.engine_metrics import EngineMetrics
from fairlead.emulator.vllm.start import VllmStart
from fairlead.emulator.vllm.stats_line import LoggedCounts, StatsLine
from fairlead.emulator.vllm.tally import VllmTally
from fairlead.simulator.engine.settings import EngineSettings

if TYPE_CHECKING:
    from aiohttp import web

ENDING: Final = EngineEnding(
    message=termination_messages.of,
    died=termination_messages.ENGINE_DIED,
    death_seconds=2.0,
    keep_alive_variable="VLLM_KEEP_ALIVE_ON_ENGINE_DEATH",
    drain_limit=lambda served: float(served.shutdown_seconds),
)
"""vLLM's server checks its engine every five seconds; two here, so that tests of a death are shorter."""


class VllmDialect:
    """Its parts, each in a module of this folder."""

    words = ("vllm", "serve")
    start = VllmStart()
    starting = None
    ending = ENDING

    def read(self, words: Sequence[str], environment: Mapping[str, str]) -> ServeArguments:
        """Parse its command line."""
        return command.read(words, environment)

    def application(
        self, serve_arguments: ServeArguments, client: EngineClient, control: EngineControl, clock: Callable[[], float]
    ) -> "web.Application":
        """Return its HTTP server."""
        from fairlead.emulator.surface import routes  # noqa: PLC0415 - backtests need no aiohttp

        return routes.application(serve_arguments, client, control, clock)

    def tally(self, serve_arguments: ServeArguments, settings: EngineSettings) -> RankTally:  # noqa: ARG002 - interface
        """Return counts of one rank, with vLLM's histograms."""
        return VllmTally(context_tokens=settings.context_tokens)

    def page(self, facts: PageFacts) -> EnginePage:
        """Return its metrics page."""
        return EngineMetrics(facts)

    def stats(self, number: int, rank: LiveRank, now: float) -> StatsLog:
        """Return its stats log."""
        return StatsLine(number, rank, LoggedCounts(now))
