"""Takes samples from a Prometheus instead of from the pods, with the age of its own scrapes.

Every few seconds a thread queries all pods at once; between two queries the last samples stay. A namespace's queries
wait for each other, and for those of no other namespace.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, TypeVar

from fairlead.autoscaler.samples import prometheus_queries, router_reports, sample_log, validation
from fairlead.autoscaler.samples.prometheus_api import PrometheusClient, PrometheusServer, PrometheusUnavailable
from fairlead.autoscaler.samples.prometheus_queries import PodName, PrometheusSeries
from fairlead.autoscaler.samples.query_turns import QueryTurns
from fairlead.autoscaler.samples.router_reports import RouterReport
from fairlead.autoscaler.samples.sample import PodSample, RouterView
from fairlead.autoscaler.samples.sample_source import SourceCounters
from fairlead.autoscaler.samples.scrape_targets import ScrapeTarget
from fairlead.engines.catalogue import ENGINES
from fairlead.engines.engine import EngineDescription
from fairlead.fleet.engine_load import EngineLoad, UnreadableScrape
from fairlead.scaling.facts import SampleProblem

log = logging.getLogger("fairlead.autoscaler")

INTERVAL_SECONDS: Final = 5.0
"""Prometheus usually scrapes every 15 to 30 seconds; querying more often finds a new sample soon, at little cost."""
HOUR_SECONDS: Final = 3600.0
TIMEOUT_SECONDS: Final = 10.0
"""How long the query for past weeks waits for others: decisions wait for it, and start without it after that."""
WEEKS_SECONDS: Final = 20.0
"""How long they wait for its turn and its answer."""
Answer = TypeVar("Answer")
UNKNOWN_POD: Final = (
    "Prometheus has no sample with its labels namespace and pod; check that it scrapes the pod and keeps both"
)


def connect(server: PrometheusServer) -> PrometheusClient:
    """Create the real client; its libraries are imported only in a process that has a policy with a Prometheus."""
    through = import_module("fairlead.autoscaler.samples.prometheus_http")
    client: PrometheusClient = through.HttpPrometheusClient(server.url, server.token, server.authority)
    return client


@dataclass(frozen=True, slots=True)
class PrometheusSamples:
    """The samples of one query for all pods."""

    engines: Mapping[PodName, tuple[EngineLoad | UnreadableScrape, float]]
    routers: Mapping[PodName, tuple[RouterReport, float]]


class PrometheusSampleSource:
    """All pods of one process whose policies name this server."""

    def __init__(
        self,
        server: PrometheusServer,
        turns: QueryTurns,
        interval_seconds: float = INTERVAL_SECONDS,
        connect: Callable[[PrometheusServer], PrometheusClient] = connect,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self.tallies = SourceCounters()
        self._server = server
        self._turns = turns
        self._interval = interval_seconds
        self._timeout = timeout_seconds
        self._connect = connect
        self._connection: PrometheusClient | None = None
        self._targets: dict[str, ScrapeTarget] = {}
        self._engines: dict[str, PodSample[EngineLoad]] = {}
        self._routers: dict[str, PodSample[RouterView]] = {}
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._query_lock = asyncio.Lock()
        """One query at a time: the first one makes the connection."""

    def start(self) -> None:
        """Start querying."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name=f"ask {self._server.url}")

    def follow(self, targets: Iterable[ScrapeTarget]) -> None:
        """Follow exactly these pods; a new pod triggers a query at once."""
        wanted = {one.uid: one for one in targets if one.kind is None or one.kind in ENGINES}
        if wanted.keys() - self._targets.keys():
            self._changed.set()
        for uid in self._targets.keys() - wanted.keys():
            self._engines.pop(uid, None)
            self._routers.pop(uid, None)
        self._targets = wanted

    def engine(self, uid: str) -> PodSample[EngineLoad]:
        """Return the sample of one engine."""
        return self._engines.get(uid, PodSample())

    def router(self, uid: str) -> PodSample[RouterView]:
        """Return the sample of one router."""
        return self._routers.get(uid, PodSample())

    async def requests_each_hour(self, routers: PodName, start: float, end: float) -> list[tuple[float, float]]:
        """Return hourly arrival rates at these routers, in requests a second by the end of the hour; empty without an
        answer."""
        query = prometheus_queries.requests_each_hour(routers)
        try:
            async with asyncio.timeout(self._timeout):
                await self._query_lock.acquire()
        except TimeoutError:
            return []
        try:
            async with asyncio.timeout(WEEKS_SECONDS):
                return await self._in_turn(lambda: self._connected().course(query, start, end, HOUR_SECONDS))
        except (PrometheusUnavailable, TimeoutError):
            return []
        finally:
            self._query_lock.release()

    async def close(self) -> None:
        """Stop the queries."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            while True:
                await self._scrape()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._interval):
                        await self._changed.wait()
        finally:
            if self._connection is not None:
                self._connection.close()

    async def _scrape(self) -> None:
        self._changed.clear()
        targets = tuple(self._targets.values())
        if not targets:
            return
        self.tallies.scrapes += len(targets)
        try:
            async with self._query_lock:
                samples = await self._in_turn(lambda: query_pods(self._connected(), targets))
        except PrometheusUnavailable as problem:
            self._all_silent(targets, f"Prometheus at {self._server.url} does not answer: {problem}")
            return
        except Exception:  # a bug here must not end the queries: that would look like a fleet at rest
            log.exception("the query of Prometheus at %s failed", self._server.url)
            self._all_silent(
                targets,
                f"an internal error kept the autoscaler from querying Prometheus at {self._server.url}; see its log",
            )
            return
        for target in targets:
            self._take(target, samples)

    async def _in_turn(self, work: Callable[[], Answer]) -> Answer:
        return await self._turns.run(self._server.namespace, work)

    def _connected(self) -> PrometheusClient:
        """Connect; runs in a thread, since importing the libraries takes a while."""
        if self._connection is None:
            self._connection = self._connect(self._server)
        return self._connection

    def _take(self, target: ScrapeTarget, samples: PrometheusSamples) -> None:
        pod = PodName(target.namespace, target.name)
        if target.kind is None and pod in samples.routers:
            self._keep_router(target, router_reports.with_report(self.router(target.uid), *samples.routers[pod]))
        elif target.kind is not None and pod in samples.engines:
            self._keep_engine(target, validation.after(self.engine(target.uid), *samples.engines[pod]))
        else:
            self._silent(target, UNKNOWN_POD)

    def _all_silent(self, targets: Iterable[ScrapeTarget], because: str) -> None:
        for target in targets:
            self._silent(target, because)

    def _silent(self, target: ScrapeTarget, because: str) -> None:
        if target.kind is None:
            self._keep_router(
                target, router_reports.with_doubt(self.router(target.uid), SampleProblem.NO_ANSWER, because)
            )
        else:
            self._keep_engine(target, validation.with_doubt(self.engine(target.uid), SampleProblem.NO_ANSWER, because))

    def _keep_router(self, target: ScrapeTarget, sample: PodSample[RouterView]) -> None:
        self._count(target, self.router(target.uid), sample)
        if target.uid in self._targets:
            self._routers[target.uid] = sample

    def _keep_engine(self, target: ScrapeTarget, sample: PodSample[EngineLoad]) -> None:
        self._count(target, self.engine(target.uid), sample)
        if target.uid in self._targets:
            self._engines[target.uid] = sample

    def _count(self, target: ScrapeTarget, before: PodSample[Any], after: PodSample[Any]) -> None:
        if after.problem is not None:
            self.tallies.failures[after.problem] += 1
        sample_log.changed(target, before, after)


def query_pods(connection: PrometheusClient, targets: Iterable[ScrapeTarget]) -> PrometheusSamples:
    """Query all of them and parse the answers; runs in a thread. Of an answer, only series of these pods are kept."""
    routers: set[PodName] = set()
    engines: dict[str, tuple[EngineDescription, set[PodName]]] = {}
    """For engines with the same metric families: one engine description and their pods, by one of these."""
    for one in targets:
        pod = PodName(one.namespace, one.name)
        if one.kind is None:
            routers.add(pod)
        else:
            engine = ENGINES[one.kind]
            engines.setdefault(engine.names.usage, (engine, set()))[1].add(pod)
    loads: dict[PodName, tuple[EngineLoad | UnreadableScrape, float]] = {}
    for engine, wanted in engines.values():
        loads |= _engines(connection, engine, wanted)
    return PrometheusSamples(loads, _routers(connection, routers) if routers else {})


def _engines(
    connection: PrometheusClient, engine: EngineDescription, wanted: set[PodName]
) -> dict[PodName, tuple[EngineLoad | UnreadableScrape, float]]:
    at = _moments(connection, engine.names.dated, wanted)
    pages = connection.query(
        prometheus_queries.of_engines(engine.names, _namespaces(wanted)),
        lambda series: prometheus_queries.engine_expositions(_of(wanted, series)),
    )
    return {pod: (engine.load(text), at[pod]) for pod, text in pages.items() if pod in at}


def _routers(connection: PrometheusClient, wanted: set[PodName]) -> dict[PodName, tuple[RouterReport, float]]:
    at = _moments(connection, prometheus_queries.HELD, wanted)
    pages = connection.query(
        prometheus_queries.of_routers(_namespaces(wanted)),
        lambda series: prometheus_queries.router_reports(_of(wanted, series)),
    )
    return {pod: (report, at[pod]) for pod, report in pages.items() if pod in at}


def _moments(connection: PrometheusClient, family: str, wanted: set[PodName]) -> dict[PodName, float]:
    query = prometheus_queries.moments(family, _namespaces(wanted))
    return connection.query(query, lambda series: {one.pod: float(one.value) for one in _of(wanted, series)})


def _of(wanted: set[PodName], series: Iterable[PrometheusSeries]) -> Iterator[PrometheusSeries]:
    return (one for one in series if one.pod in wanted)


def _namespaces(pods: set[PodName]) -> set[str]:
    return {one.namespace for one in pods}
