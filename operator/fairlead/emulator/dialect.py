"""What one kind of engine does or says differently from the others: the interface that each kind's folder implements.

Scheduling, timing, texts and faults are shared. All differences are reached through this interface, so that a new kind
is one folder and one row in `dialects`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from fairlead.emulator.engine.metrics.page import EnginePage, PageFacts
from fairlead.emulator.engine.metrics.tally import RankTally
from fairlead.emulator.engine.rank import LiveRank
from fairlead.emulator.faults import EngineFault
from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.emulator.surface.engine_interface import EngineClient, EngineControl
from fairlead.fleet.engine_memory import EngineMemory
from fairlead.fleet.quantization import KvFormat, WeightFormat
from fairlead.fleet.shapes import ModelShape
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.sizing.sizing_input import SizingInput

if TYPE_CHECKING:
    from aiohttp import web


class KvCapacity(NamedTuple):
    """The KV cache that a starting engine has room for."""

    sizing: SizingInput
    """As given, or with a context that fits."""
    blocks: int
    """Scheduler blocks, including the unusable null block."""
    notes: tuple[str, ...] = ()
    """What the engine logs about it."""


class StartRules(Protocol):
    """What happens between the command line and an open port."""

    @property
    def memory(self) -> EngineMemory:
        """The GPU memory use of its release."""

    @property
    def keeps_blocks(self) -> bool:
        """Whether blocks of the emulated cache are the real one's; otherwise both hold equally many tokens."""

    def check(self, serve_arguments: ServeArguments, gpus: int) -> None:
        """Raise `CannotStart` for what the engine refuses before it loads anything."""

    def formats(self, serve_arguments: ServeArguments, shape: ModelShape) -> tuple[WeightFormat | None, KvFormat]:
        """Return the formats of weights (None: the checkpoint's own) and KV cache that its flags select."""

    def capacity(self, serve_arguments: ServeArguments, sizing: SizingInput) -> KvCapacity:
        """Size the KV cache; raise `CannotStart` if the real engine would exit."""

    def cache_facts(
        self, serve_arguments: ServeArguments, settings: EngineSettings, sizing: SizingInput
    ) -> Mapping[str, str]:
        """Return what the metrics page says about the cache's layout."""

    def log(self, settings: EngineSettings) -> tuple[str, ...]:
        """Return the log lines that tools parse, before the port is open."""

    def listening(self, serve_arguments: ServeArguments) -> tuple[str, ...]:
        """Return the log lines after the port is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineEnding:
    """How the engine ends: after SIGTERM, after its engine process dies, and its last message."""

    message: Callable[[EngineFault, ServeArguments], str]
    """The termination message of a start that an injected fault ends."""
    died: str
    """Logged when the engine process behind its API server dies."""
    death_seconds: float
    """How long the server outlives its engine."""
    killed_by_death: bool = False
    """Whether it then ends by SIGKILL without responding; otherwise requests get an error and it exits with 0."""
    keep_alive_variable: str = ""
    """If this variable is 1, the server outlives its engine for good."""
    drain_limit: Callable[[ServeArguments], float | None]
    """Returns the seconds that running requests get after SIGTERM; None: no limit."""
    poll_seconds: float = 0.0
    """How often it polls whether all requests have ended; 0: it notices at once."""
    closes_port: bool = False
    """Whether it stops listening after SIGTERM; otherwise it still receives requests."""


class StatsLog(Protocol):
    """Produces the lines that the engine regularly logs about its work."""

    def line(self, now: float) -> str | None:
        """Return the next line; None for an idle rank."""


class EngineDialect(Protocol):
    """One kind of engine, as its users and operators see it."""

    @property
    def words(self) -> tuple[str, ...]:
        """The first words of its command."""

    @property
    def start(self) -> StartRules:
        """What happens until the port is open."""

    @property
    def starting(self) -> "web.Application | None":
        """What its port answers while it loads; None: the port is closed."""

    @property
    def ending(self) -> EngineEnding:
        """How it ends."""

    def read(self, words: Sequence[str], environment: Mapping[str, str]) -> ServeArguments:
        """Parse its command line, or raise `InvalidCommandLine`."""

    def application(
        self, serve_arguments: ServeArguments, client: EngineClient, control: EngineControl, clock: Callable[[], float]
    ) -> "web.Application":
        """Return its HTTP server."""

    def tally(self, serve_arguments: ServeArguments, settings: EngineSettings) -> RankTally:
        """Return a rank's counts, as its metrics need them."""

    def page(self, facts: PageFacts) -> EnginePage:
        """Return its metrics page."""

    def stats(self, number: int, rank: LiveRank, now: float) -> StatsLog:
        """Return the log of one rank's work."""
