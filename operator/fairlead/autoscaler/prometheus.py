"""Figures from a Prometheus instead of from the pods: as old as its scrapes are, and told so.

Every few seconds a thread asks for all pods at once; between two answers what was told stands.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from fairlead.autoscaler import believing, noting, prometheus_queries, router_pages
from fairlead.autoscaler.prometheus_doors import Connection, Door, Unanswered
from fairlead.autoscaler.prometheus_queries import PodName
from fairlead.autoscaler.router_pages import Page
from fairlead.autoscaler.source import Tallies
from fairlead.autoscaler.targets import Target
from fairlead.autoscaler.told import RouterSays, Told
from fairlead.engines.catalogue import ENGINES
from fairlead.engines.engine import Engine
from fairlead.fleet.load import EngineLoad, Unreadable
from fairlead.scaling.facts import Doubt

log = logging.getLogger("fairlead.autoscaler")

INTERVAL_SECONDS: Final = 5.0
"""Prometheus scrapes every 15 to 30 seconds mostly; asking oftener finds a new sample soon, and costs it little."""
HOUR_SECONDS: Final = 3600.0
PATIENCE_SECONDS: Final = 10.0
"""Decisions wait for the weeks before, and many wait in one row: who has not had its turn by then goes without."""
UNKNOWN_POD: Final = "Prometheus has no sample with its labels namespace and pod"


def connect(door: Door) -> Connection:
    """The real one; what it stands on is loaded by whoever asks a Prometheus, and by nobody else."""
    through = import_module("fairlead.autoscaler.prometheus_connection")
    made: Connection = through.HttpConnection(door.url, door.token, door.authority)
    return made


@dataclass(frozen=True, slots=True)
class Answers:
    """One look at all pods."""

    engines: Mapping[PodName, tuple[EngineLoad | Unreadable, float]]
    routers: Mapping[PodName, tuple[Page, float]]


class PrometheusSource:
    """All pods that one process decides by one server's word."""

    def __init__(
        self,
        door: Door,
        interval_seconds: float = INTERVAL_SECONDS,
        connect: Callable[[Door], Connection] = connect,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self.tallies = Tallies()
        self._door = door
        self._interval = interval_seconds
        self._patience = patience_seconds
        self._connect = connect
        self._connection: Connection | None = None
        self._targets: dict[str, Target] = {}
        self._engines: dict[str, Told[EngineLoad]] = {}
        self._routers: dict[str, Told[RouterSays]] = {}
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._asking = asyncio.Lock()
        """One question at a time: the connection is made by the first one."""

    def start(self) -> None:
        """Begin to ask."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name=f"ask {self._door.url}")

    def follow(self, targets: Iterable[Target]) -> None:
        """These pods and no others; a new one is asked for at once."""
        wanted = {one.uid: one for one in targets if one.kind is None or one.kind in ENGINES}
        if wanted.keys() - self._targets.keys():
            self._changed.set()
        for uid in self._targets.keys() - wanted.keys():
            self._engines.pop(uid, None)
            self._routers.pop(uid, None)
        self._targets = wanted

    def engine(self, uid: str) -> Told[EngineLoad]:
        """What is known of one engine."""
        return self._engines.get(uid, Told())

    def router(self, uid: str) -> Told[RouterSays]:
        """What is known of one router."""
        return self._routers.get(uid, Told())

    async def asked_each_hour(self, routers: PodName, start: float, end: float) -> list[tuple[float, float]]:
        """What came to these routers, a second, in the hour before each moment; nothing where nobody can tell."""
        query = prometheus_queries.asked_each_hour(routers)
        try:
            async with asyncio.timeout(self._patience):
                await self._asking.acquire()
        except TimeoutError:
            return []
        try:
            return await asyncio.to_thread(lambda: self._connected().course(query, start, end, HOUR_SECONDS))
        except Unanswered:
            return []
        finally:
            self._asking.release()

    async def close(self) -> None:
        """Ask no more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            while True:
                await self._look()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._interval):
                        await self._changed.wait()
        finally:
            if self._connection is not None:
                self._connection.close()

    async def _look(self) -> None:
        self._changed.clear()
        asked = tuple(self._targets.values())
        if not asked:
            return
        self.tallies.looks += len(asked)
        try:
            async with self._asking:
                answers = await asyncio.to_thread(lambda: look(self._connected(), asked))
        except Unanswered as problem:
            self._nobody(asked, f"Prometheus at {self._door.url} does not answer: {problem}")
            return
        except Exception:  # a fault of ours must not end the asking: that would look like a fleet at rest
            log.exception("asking Prometheus at %s met a fault", self._door.url)
            self._nobody(
                asked, f"a bug of the autoscaler kept it from asking Prometheus at {self._door.url}; see its log"
            )
            return
        for target in asked:
            self._take(target, answers)

    def _connected(self) -> Connection:
        """Called in a thread, since what it stands on takes a while to load."""
        if self._connection is None:
            self._connection = self._connect(self._door)
        return self._connection

    def _take(self, target: Target, answers: Answers) -> None:
        pod = PodName(target.namespace, target.name)
        if target.kind is None and pod in answers.routers:
            self._router_told(target, router_pages.told(self.router(target.uid), *answers.routers[pod]))
        elif target.kind is not None and pod in answers.engines:
            self._engine_told(target, believing.after(self.engine(target.uid), *answers.engines[pod]))
        else:
            self._silent(target, UNKNOWN_POD)

    def _nobody(self, asked: Iterable[Target], because: str) -> None:
        for target in asked:
            self._silent(target, because)

    def _silent(self, target: Target, because: str) -> None:
        if target.kind is None:
            self._router_told(target, router_pages.doubted(self.router(target.uid), Doubt.NO_ANSWER, because))
        else:
            self._engine_told(target, believing.doubted(self.engine(target.uid), Doubt.NO_ANSWER, because))

    def _router_told(self, target: Target, told: Told[RouterSays]) -> None:
        self._count(target, self.router(target.uid), told)
        if target.uid in self._targets:
            self._routers[target.uid] = told

    def _engine_told(self, target: Target, told: Told[EngineLoad]) -> None:
        self._count(target, self.engine(target.uid), told)
        if target.uid in self._targets:
            self._engines[target.uid] = told

    def _count(self, target: Target, before: Told[Any], after: Told[Any]) -> None:
        if after.doubt is not None:
            self.tallies.failures[after.doubt] += 1
        noting.changed(target, before, after)


def look(connection: Connection, targets: Iterable[Target]) -> Answers:
    """Ask for all of them; in a thread, the reading too."""
    routers: set[str] = set()
    engines: dict[str, tuple[Engine, set[str]]] = {}
    """Where engines are that tell the same families, by one of these."""
    for one in targets:
        if one.kind is None:
            routers.add(one.namespace)
        else:
            engine = ENGINES[one.kind]
            engines.setdefault(engine.names.usage, (engine, set()))[1].add(one.namespace)
    loads: dict[PodName, tuple[EngineLoad | Unreadable, float]] = {}
    for engine, places in engines.values():
        loads |= _engines(connection, engine, places)
    return Answers(loads, _routers(connection, routers) if routers else {})


def _engines(
    connection: Connection, engine: Engine, places: set[str]
) -> dict[PodName, tuple[EngineLoad | Unreadable, float]]:
    at = _moments(connection, engine.names.usage, places)
    pages = prometheus_queries.pages(connection.ask(prometheus_queries.of_engines(engine.names, places)))
    return {pod: (engine.load(text), at[pod]) for pod, text in pages.items() if pod in at}


def _routers(connection: Connection, places: set[str]) -> dict[PodName, tuple[Page, float]]:
    at = _moments(connection, prometheus_queries.HELD, places)
    pages = prometheus_queries.router_pages(connection.ask(prometheus_queries.of_routers(places)))
    return {pod: (page, at[pod]) for pod, page in pages.items() if pod in at}


def _moments(connection: Connection, family: str, places: set[str]) -> dict[PodName, float]:
    return {one.pod: float(one.value) for one in connection.ask(prometheus_queries.moments(family, places))}
