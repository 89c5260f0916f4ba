"""What a sweep needs of one kind of engine: how it starts without weights, and where its counters are."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import aiohttp

from fairlead.cli.sweep.engine_sample import EngineSample
from fairlead.engines.start_log import LogLine, StartLog
from fairlead.simulator.sweep.measurements import EngineVariant, SkippedWork


class EngineAbsent(Exception):
    """No engine of this kind is installed; the message says how to get one."""


class NapPaths(NamedTuple):
    """The paths that put it to sleep and wake it up."""

    asleep: str
    awake: str


class SweptKind(Protocol):
    """One kind of engine."""

    @property
    def name(self) -> str:
        """As users write it."""

    @property
    def naps(self) -> NapPaths | None:
        """The paths for sleep and wake-up; None for a kind that is never put to sleep."""

    def program(self) -> list[str]:
        """The program that runs its command; raises `EngineAbsent` if it is not installed here."""

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

    @property
    def caches(self) -> Mapping[str, str]:
        """Variables that name a cache folder, with a name for each: a first start finds them empty."""

    def start(self, lines: Sequence[LogLine], ready_s: float) -> StartLog:
        """Read a start from its log."""

    def slept(self, lines: Sequence[LogLine]) -> tuple[float, float] | None:
        """Memory that the last sleep freed and memory that stays in use, in GiB, if it logs them."""

    async def sample(self, session: aiohttp.ClientSession, url: str) -> EngineSample | None:
        """Its counters now; None if they cannot be read."""

    async def version(self, session: aiohttp.ClientSession, url: str) -> str:
        """Its name, and its version if it reports one."""
