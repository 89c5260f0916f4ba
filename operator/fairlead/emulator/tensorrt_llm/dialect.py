"""TensorRT-LLM as an emulated kind of engine."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from fairlead.emulator.dialect import EngineEnding, StatsLog
from fairlead.emulator.engine.metrics.page import EnginePage, PageFacts
from fairlead.emulator.engine.metrics.tally import RankTally
from fairlead.emulator.engine.rank import LiveRank
from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.emulator.surface.engine_interface import EngineClient, EngineControl
from fairlead.emulator.tensorrt_llm import command, termination_messages
from fairlead.emulator.tensorrt_llm.page import TensorRtPage
from fairlead.emulator.tensorrt_llm.start import TensorRtStart
from fairlead.emulator.tensorrt_llm.tally import TensorRtTally
from fairlead.simulator.engine.settings import EngineSettings

if TYPE_CHECKING:
    from aiohttp import web

ENDING: Final = EngineEnding(
    message=termination_messages.of,
    died=termination_messages.DIED,
    death_seconds=1.0,
    drain_limit=lambda _: None,
    closes_port=True,
)
"""How soon the server follows its executor, and with which code, is not known: here it exits after a second with 0,
vLLM's code."""


class QuietLog:
    """It logs nothing about its steps unless an option says so."""

    def line(self, now: float) -> str | None:
        """Return None."""
        del now
        return None


class TensorRtDialect:
    """Its parts, each in a module of this folder."""

    words = command.WORDS
    start = TensorRtStart()
    ending = ENDING

    @property
    def starting(self) -> "web.Application | None":
        """It listens from the first second."""
        from fairlead.emulator.tensorrt_llm import readiness  # noqa: PLC0415 - as below

        return readiness.application()

    def read(self, words: Sequence[str], environment: Mapping[str, str]) -> ServeArguments:
        """Parse its command line and file; variables are ignored."""
        del environment
        return command.read(words)

    def application(
        self, serve_arguments: ServeArguments, client: EngineClient, control: EngineControl, clock: Callable[[], float]
    ) -> "web.Application":
        """Return its HTTP server."""
        from fairlead.emulator.tensorrt_llm import routes  # noqa: PLC0415 - backtests need no aiohttp

        return routes.application(serve_arguments, client, control, clock)

    def tally(self, serve_arguments: ServeArguments, settings: EngineSettings) -> RankTally:
        """Return counts of one rank."""
        del serve_arguments
        return TensorRtTally(
            max_running=settings.max_sequences, blocks=settings.blocks - 1, block_tokens=settings.block_tokens
        )

    def page(self, facts: PageFacts) -> EnginePage:
        """Return its metrics page."""
        return TensorRtPage(facts)

    def stats(self, number: int, rank: LiveRank, now: float) -> StatsLog:
        """Return a log without lines."""
        del number, rank, now
        return QuietLog()
