"""SGLang 0.5.23 as an emulated kind of engine."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from fairlead.emulator.dialect import EngineEnding, StatsLog
from fairlead.emulator.engine.metrics.page import EnginePage, PageFacts
from fairlead.emulator.engine.metrics.tally import RankTally
from fairlead.emulator.engine.rank import LiveRank
from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.emulator.sglang import command, termination_messages
from fairlead.emulator.sglang.page import SglangPage
from fairlead.emulator.sglang.start import SglangStart
from fairlead.emulator.sglang.stats_line import DecodeLine
from fairlead.emulator.sglang.tally import SglangTally
from fairlead.emulator.surface.engine_interface import EngineClient, EngineControl
from fairlead.engines.sglang.environment import HEADERS
from fairlead.simulator.engine.settings import EngineSettings

if TYPE_CHECKING:
    from aiohttp import web

_YES: Final = frozenset({"true", "1", "yes", "y"})
"""`srt/environ.py: EnvBool`."""
ENDING: Final = EngineEnding(
    message=termination_messages.of,
    died=termination_messages.CRASHED,
    death_seconds=5.0,
    killed_by_death=True,
    drain_limit=lambda _: None,
    poll_seconds=5.0,
)
"""Observed with the real server: killed 5.8 s after its scheduler; exited 13.8 s after SIGTERM with streams, 5.7 s
idle."""


class SglangDialect:
    """Its parts, each in a module of this folder."""

    words = command.WORDS
    start = SglangStart()
    starting = None
    ending = ENDING

    def read(self, words: Sequence[str], environment: Mapping[str, str]) -> ServeArguments:
        """Parse its command line, and the one variable that it depends on here."""
        serve_arguments = command.read(words)
        overrides = environment.get(HEADERS, "").lower() in _YES
        return replace(serve_arguments, admission=replace(serve_arguments.admission, header_overrides=overrides))

    def application(
        self, serve_arguments: ServeArguments, client: EngineClient, control: EngineControl, clock: Callable[[], float]
    ) -> "web.Application":
        """Return its HTTP server."""
        from fairlead.emulator.sglang import routes  # noqa: PLC0415 - backtests need no aiohttp

        return routes.application(serve_arguments, client, control, clock)

    def tally(self, serve_arguments: ServeArguments, settings: EngineSettings) -> RankTally:
        """Return a rank's counts, as old as the flags allow."""
        del settings
        metrics = serve_arguments.metrics
        return SglangTally(refreshed_steps=metrics.refreshed_steps, first_token_bounds=metrics.first_token_bounds)

    def page(self, facts: PageFacts) -> EnginePage:
        """Return its metrics page."""
        return SglangPage(facts)

    def stats(self, number: int, rank: LiveRank, now: float) -> StatsLog:
        """Return its log of answers."""
        del number
        settings = rank.core.settings
        return DecodeLine(rank, now, (settings.blocks - 1) * settings.block_tokens)
