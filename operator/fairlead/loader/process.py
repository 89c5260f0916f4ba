"""The loader process beside an engine: follows the list in its ConfigMap, runs the loop, and answers the kubelet."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp

from fairlead.adapting import load_list
from fairlead.adapting.adapter_check import AdapterExpectation
from fairlead.cluster import watched_objects
from fairlead.cluster.kinds import Manifest
from fairlead.loader import page, sources
from fairlead.loader.engine_adapters import EngineAdapters
from fairlead.loader.loop import LoaderLoop
from fairlead.loader.sources import SourceAccess
from fairlead.loader.staging_folder import StagingFolder
from fairlead.process import ports
from fairlead.process.exit_signals import ExitSignals, exit_signals
from fairlead.process.lifecycle import first_of

log: Final = logging.getLogger("fairlead.loader")


@dataclass(frozen=True, kw_only=True)
class LoaderOptions:
    """Options that the pod sets."""

    namespace: str
    pod: str
    config_map: str
    folder: Path
    engine: str
    """Host and port."""
    slots: AdapterExpectation
    """What an adapter must agree with, whatever model it is for."""
    host: str
    port: int
    fixed: frozenset[str] = frozenset()
    """Names that the engine starts with and that are spelt like those of a version."""
    access: SourceAccess = field(default_factory=SourceAccess)


def serve(options: LoaderOptions) -> int:
    """Run until a signal stops the process."""
    asyncio.run(_serve(options))
    return 0


async def _serve(options: LoaderOptions) -> None:
    signals = exit_signals()
    async with aiohttp.ClientSession() as session, sources.session() as outside:
        loop = LoaderLoop(
            options.pod,
            options.slots,
            StagingFolder(options.folder),
            EngineAdapters(session, options.engine, options.fixed),
            time.monotonic,
        )
        listed = watched_objects.config_map_of(options.namespace, options.config_map)
        async with ports.serve(options.host, options.port, page.routes(loop)):
            await first_of(
                _ended(signals),
                loop.run(options.access, outside),
                listed.follow(taking(loop)),
            )


async def _ended(signals: ExitSignals) -> None:
    await signals.get()


def taking(loop: LoaderLoop) -> Callable[[tuple[Manifest, ...]], None]:
    """Return a callback that passes each new list to the loop; an unreadable list changes nothing."""

    def take(found: tuple[Manifest, ...]) -> None:
        for one in found:
            try:
                loop.take(load_list.read((one.get("data") or {}).get(load_list.KEY, "")))
            except load_list.UnreadableLoadList as problem:
                log.warning("%s; what is loaded stays", problem)

    return take
