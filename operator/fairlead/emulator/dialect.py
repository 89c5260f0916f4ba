"""What one kind of engine does and says otherwise than the others: the interface that each kind's folder implements.

Scheduling, timing, texts and faults are the same for all. What a kind has not in common is reached through here alone,
so that another kind is one folder and one row in `dialects`.
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
    """The KV cache that a start finds room for."""

    question: SizingInput
    """As asked, or with the context that fits."""
    blocks: int
    """Blocks of the scheduler, the one that is never usable included."""
    notes: tuple[str, ...] = ()
    """What the engine logs of it."""


class StartRules(Protocol):
    """What happens between the command line and an open port."""

    @property
    def memory(self) -> EngineMemory:
        """What its release takes of a GPU's memory."""

    def check(self, served: ServeArguments, gpus: int) -> None:
        """Raise `CannotStart` for what the engine refuses before it loads anything."""

    def formats(self, served: ServeArguments, shape: ModelShape) -> tuple[WeightFormat | None, KvFormat]:
        """The formats of weights (none: the checkpoint's own) and of the KV cache that its flags mean."""

    def capacity(self, served: ServeArguments, question: SizingInput) -> KvCapacity:
        """The KV cache; raises `CannotStart` where the real engine would end."""

    def cache_facts(self, served: ServeArguments, settings: EngineSettings, question: SizingInput) -> Mapping[str, str]:
        """What the page of metrics says of the cache's layout."""

    def log(self, settings: EngineSettings) -> tuple[str, ...]:
        """The lines of its log that tools parse, before the port is open."""

    def listening(self, served: ServeArguments) -> tuple[str, ...]:
        """The lines of its log once the port is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineEnding:
    """How it ends: after SIGTERM, after its engine's death, and with which last words."""

    message: Callable[[EngineFault, ServeArguments], str]
    """The termination message of a start that an ordered fault ends."""
    died: str
    """What is logged when the engine below its API server dies."""
    death_seconds: float
    """How long the server outlives its engine."""
    killed_by_death: bool = False
    """Then it ends by SIGKILL, without an answer to anybody; otherwise requests get an error and it exits with 0."""
    keep_alive_variable: str = ""
    """With 1 in this variable the server outlives its engine for good."""
    drain_limit: Callable[[ServeArguments], float | None]
    """Seconds that running requests are given after SIGTERM; None: as long as they take."""
    poll_seconds: float = 0.0
    """How often it looks whether all requests have ended; 0: it notices at once."""
    closes_port: bool = False
    """Whether it listens no more after SIGTERM; otherwise requests still reach it."""


class StatsLog(Protocol):
    """Writes what the engine logs of its work from time to time."""

    def line(self, now: float) -> str | None:
        """The next line; none for a rank that rests."""


class EngineDialect(Protocol):
    """One kind of engine, as its users and its operators meet it."""

    @property
    def words(self) -> tuple[str, ...]:
        """How its command begins."""

    @property
    def start(self) -> StartRules:
        """What happens until the port is open."""

    @property
    def starting(self) -> "web.Application | None":
        """What its port answers while it loads; None: nobody listens there."""

    @property
    def ending(self) -> EngineEnding:
        """How it ends."""

    def read(self, words: Sequence[str], environment: Mapping[str, str]) -> ServeArguments:
        """Its command line as values, or `InvalidCommandLine`."""

    def application(
        self, served: ServeArguments, driver: EngineClient, acts: EngineControl, clock: Callable[[], float]
    ) -> "web.Application":
        """Its HTTP server."""

    def tally(self, served: ServeArguments, settings: EngineSettings) -> RankTally:
        """Counts of one data-parallel rank, as its metrics need them."""

    def page(self, facts: PageFacts) -> EnginePage:
        """Its page of metrics."""

    def stats(self, number: int, rank: LiveRank, now: float) -> StatsLog:
        """The log of one rank's work."""
