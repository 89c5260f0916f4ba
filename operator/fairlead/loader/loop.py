"""The control loop beside one engine: observe, decide in `adapting`, act, repeat; files are fetched in the
background."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import aiohttp

from fairlead.adapting import loader_steps
from fairlead.adapting.adapter_check import AdapterExpectation
from fairlead.adapting.load_list import EMPTY, LoadEntry, LoadList
from fairlead.adapting.loader_steps import (
    DiscardStep,
    FailedTry,
    LoadStep,
    ReplicaView,
    StageStep,
    UnloadStep,
)
from fairlead.fleet.adapters import AdapterPlace, AdapterProblem, AdapterReason
from fairlead.loader import sources
from fairlead.loader.engine_adapters import EngineAdapters
from fairlead.loader.sources import SourceAccess
from fairlead.loader.staging_folder import StagingFolder

INTERVAL_S: Final = 1.0
"""Between observations while nothing happens; each is one request to the local engine."""

log = logging.getLogger("fairlead.loader")


class LoaderLoop:
    """Makes one engine's adapters match the list."""

    def __init__(
        self,
        pod: str,
        slots: AdapterExpectation,
        staging_folder: StagingFolder,
        engine: EngineAdapters,
        clock: Callable[[], float],
    ) -> None:
        self._pod = pod
        self._slots = slots
        self._staging_folder = staging_folder
        self._engine = engine
        self._clock = clock
        self._listed: LoadList | None = None
        self._view = ReplicaView(wanted=())
        self._failed: dict[str, tuple[LoadEntry, FailedTry]] = {}
        self._staging: dict[str, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()
        self.complete = False
        """Whether every version on the list has been loaded or tried once since the engine started."""

    def take(self, listed: LoadList) -> None:
        """Replace the list."""
        self._listed = listed
        self._woken.set()

    @property
    def places(self) -> tuple[AdapterPlace, ...]:
        """The state of each version as of the last observation."""
        return loader_steps.places(self._view)

    async def run(self, access: SourceAccess, session: aiohttp.ClientSession) -> None:
        """Run until cancelled."""
        try:
            while True:
                self._woken.clear()
                await self.turn(access, session)
                await self._sleep()
        finally:
            for task in self._staging.values():
                task.cancel()

    async def turn(self, access: SourceAccess, session: aiohttp.ClientSession) -> None:
        """Observe once, and carry out the steps that follow."""
        await self._observe()
        acted = False
        for step in loader_steps.steps(self._view, self._clock()):
            match step:
                case LoadStep(entry):
                    await self._load(entry)
                    acted = True
                case UnloadStep(name):
                    problem = await self._engine.unload(name)
                    log.info("unloaded %s%s", name, f": {problem.message}" if problem else "")
                    acted = True
                case DiscardStep(digest):
                    await asyncio.to_thread(self._staging_folder.discard, digest)
                case StageStep(entry):
                    self._begin(entry, access, session)
        if acted:
            await self._observe()
        self.complete = self._listed is not None and (
            (self.complete and self._view.loaded is not None) or loader_steps.is_complete(self._view)
        )

    async def _sleep(self) -> None:
        try:
            async with asyncio.timeout(INTERVAL_S):
                await self._woken.wait()
        except TimeoutError:
            pass

    async def _observe(self) -> None:
        listed = self._listed or EMPTY
        wanted = listed.of(self._pod)
        before, loaded = self._view, await self._engine.loaded()
        if self.complete and loaded is not None and not self._still_has(before, loaded):
            # The engine lost its adapters: it restarted between two observations.
            self.complete = False
        self._failed = {one.name: self._failed[one.name] for one in wanted if self._is_tried(one)}
        view = ReplicaView(
            wanted=wanted,
            staged=self._staging_folder.staged(),
            loaded=loaded,
            failed={name: tried for name, (_, tried) in self._failed.items()},
            unwanted_since=before.unwanted_since,
        )
        self._view = replace(view, unwanted_since=loader_steps.unwanted(view, self._clock()))

    @staticmethod
    def _still_has(before: ReplicaView, loaded: frozenset[str]) -> bool:
        had = {name for name in before.loaded or () if loader_steps.is_ours(name)}
        return not had or bool(had & loaded)

    def _is_tried(self, entry: LoadEntry) -> bool:
        """Return whether this exact entry failed; a changed entry is tried at once."""
        tried = self._failed.get(entry.name)
        return tried is not None and tried[0] == entry

    async def _load(self, entry: LoadEntry) -> None:
        problem = await self._engine.load(entry.name, str(self._staging_folder.path(entry.digest)))
        listed = await self._engine.loaded()
        if listed is not None and entry.name in listed:
            self._failed.pop(entry.name, None)
            log.info("loaded %s", entry.name)
        elif problem is not None:
            self._note(entry, problem)
            if problem.reason is AdapterReason.ENGINE_REFUSED:
                await asyncio.to_thread(self._staging_folder.discard_if_changed, entry.digest)

    def _note(self, entry: LoadEntry, problem: AdapterProblem) -> None:
        tried = self._failed.get(entry.name)
        found = loader_steps.failed(tried[1] if tried else None, problem, self._clock())
        self._failed[entry.name] = (entry, found)
        if tried is None or tried[1].problem != problem:
            log.warning("%s: %s: %s", entry.name, problem.reason.value, problem.message)

    def _begin(self, entry: LoadEntry, access: SourceAccess, session: aiohttp.ClientSession) -> None:
        """Stage an entry in the background, unless its digest is being staged already."""
        if entry.digest not in self._staging:
            task = asyncio.create_task(self._stage(entry, access, session), name=entry.name)
            self._staging[entry.digest] = task

    async def _stage(self, entry: LoadEntry, access: SourceAccess, session: aiohttp.ClientSession) -> None:
        try:
            with self._staging_folder.begin() as folder:
                problem = await sources.fetch(entry.source, folder, access, session)
                if problem is None:
                    expected = (self._listed or EMPTY).expectation(entry, self._slots)
                    problem = await asyncio.to_thread(self._staging_folder.keep, folder, entry.digest, expected)
        except OSError as problem_of_disk:
            problem = AdapterProblem(
                reason=AdapterReason.SOURCE_UNREADABLE,
                message=f"the folder of adapters cannot be written: {problem_of_disk}; free space on its node",
            )
        except Exception as unforeseen:
            # Noted like any other failure: one that ends this task unseen is tried each second, and keeps the replica
            # unready for ever.
            log.exception("staging %s", entry.name)
            words = " ".join(str(unforeseen).split())[:120]
            problem = AdapterProblem(
                reason=AdapterReason.SOURCE_UNREADABLE,
                message=f"{type(unforeseen).__name__} while its source was read: {words}; see the loader's log",
            )
        finally:
            self._staging.pop(entry.digest, None)
        if problem is None:
            self._failed.pop(entry.name, None)
            log.info("staged %s", entry.name)
        else:
            self._note(entry, problem)
        self._woken.set()
