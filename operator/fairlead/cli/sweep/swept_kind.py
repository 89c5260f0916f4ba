"""What a sweep must know of one kind of engine: how it is started without weights, and where its counters are."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import aiohttp

from fairlead.cli.sweep.engine_sample import EngineSample
from fairlead.engines.start_log import LogLine, StartLog
from fairlead.simulator.sweep.measurements import EngineVariant, SkippedWork


class EngineAbsent(Exception):
    """There is no engine of this kind here; the message says how to get one."""


class NapPaths(NamedTuple):
    """Where it is told to sleep and to wake."""

    asleep: str
    awake: str


class SweptKind(Protocol):
    """One kind of engine."""

    @property
    def name(self) -> str:
        """As users write it."""

    @property
    def naps(self) -> NapPaths | None:
        """Where it is told to sleep; None for a kind that is never put to sleep."""

    def program(self) -> list[str]:
        """What runs its command; `EngineAbsent` if it is not installed here."""

    def lacks(self, *, on_cpu: bool) -> tuple[SkippedWork, ...]:
        """What cannot be measured on this kind, and why."""

    def added(self, words: Sequence[str]) -> tuple[str, ...]:
        """What a sweep needs beside a user's own flags."""

    def flags(self, variant: EngineVariant) -> tuple[str, ...]:
        """What makes this variant of the command."""

    def drafting(self, model: str) -> tuple[str, ...]:
        """What makes this model, a folder, the draft of the command's own."""

    def environment(self, variant: EngineVariant) -> Mapping[str, str]:
        """Variables beside the user's own; folders of caches are named in `caches`."""

    @property
    def caches(self) -> Mapping[str, str]:
        """Variables that name a folder for a cache, and a name for each: a first start finds them empty."""

    def start(self, lines: Sequence[LogLine], ready_s: float) -> StartLog:
        """What its log says of a start."""

    def slept(self, lines: Sequence[LogLine]) -> tuple[float, float] | None:
        """Memory that the last sleep freed and that stays in use, in GiB, if its log says so."""

    async def sample(self, session: aiohttp.ClientSession, url: str) -> EngineSample | None:
        """Its counters now; None if they cannot be read."""

    async def version(self, session: aiohttp.ClientSession, url: str) -> str:
        """Its name, and its version where it says it."""
