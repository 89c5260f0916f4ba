"""What `fairlead calibrate --sweep` needs of one kind of engine: how it starts without weights, what each variant adds,
where its counters are, and what its log says of a start. `cli.sweep` starts it, sends the load and fetches the pages.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from fairlead.engines.engine_sample import EngineSample
from fairlead.engines.http_api import SleepEndpoints
from fairlead.engines.start_log import LogLine, StartLog
from fairlead.fleet.sweeps import EngineVariant, SkippedWork


class EngineProgram(NamedTuple):
    """The program that runs its command, in a Python interpreter that has the engine."""

    variable: str
    """Names the interpreter; without it, it is ours if the package is installed there."""
    package: str
    words: tuple[str, ...]
    """After the interpreter."""
    absent: str
    """That it is not installed, and how to get it."""


class SweptEngine(Protocol):
    """One kind of engine that can be swept."""

    @property
    def name(self) -> str:
        """As users write it."""

    @property
    def program(self) -> EngineProgram:
        """What is started; the emulator parses the same command (`emulator.dialects`) to size what is measured."""

    @property
    def sleep_endpoints(self) -> SleepEndpoints | None:
        """The paths for sleep and wake-up; None for a kind that is never put to sleep."""

    @property
    def cpu_cache(self) -> str | None:
        """The variable with the GiB of its KV cache on a processor; None if it has none."""

    @property
    def caches(self) -> Mapping[str, str]:
        """Variables that name a cache folder, with a name for each: a first start finds them empty."""

    @property
    def pages(self) -> tuple[str, ...]:
        """The paths of the pages that make one sample."""

    @property
    def version_page(self) -> str:
        """The path of the page with its version."""

    def lacks(self, *, on_cpu: bool) -> tuple[SkippedWork, ...]:
        """What cannot be measured on this kind, and why."""

    def added(self, words: Sequence[str]) -> tuple[str, ...]:
        """Flags that a sweep needs beside the user's own."""

    def flags(self, variant: EngineVariant) -> tuple[str, ...]:
        """Flags that turn the command into this variant."""

    def drafting(self, variant: EngineVariant, model: str) -> tuple[str, ...]:
        """Flags that make this model, a folder, the draft or head of the command's own."""

    def environment(self, variant: EngineVariant) -> Mapping[str, str]:
        """Variables beside the user's own; folders of caches are in `caches`."""

    def start(self, lines: Sequence[LogLine], ready_s: float) -> StartLog:
        """Read a start from its log."""

    def slept(self, lines: Sequence[LogLine]) -> tuple[float, float] | None:
        """Memory that the last sleep freed and memory that stays in use, in GiB, if it logs them."""

    def sample(self, pages: Sequence[str]) -> EngineSample | None:
        """Its counters from its pages, in their order; None if they cannot be read."""

    def version(self, page: str | None) -> str:
        """Its name, and its version if the page has one."""
