"""The leader's tasks: run informers and the work queue, and reconcile. All of it ends with the Lease."""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

import aiohttp

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiError
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.fencing import FencedApiServer, NotLeading
from fairlead.cluster.lease import Leadership
from fairlead.controller import failure_reports, reconcilers
from fairlead.controller.autoscaler_presence import AutoscalerPresence
from fairlead.controller.children import orphan_scan
from fairlead.controller.children.peer_secrets import PeerSecrets
from fairlead.controller.events import ReconcileEvents
from fairlead.controller.failure_reports import FailureReports
from fairlead.controller.informers import WATCHED, ControllerInformers
from fairlead.controller.interfaces import EmbeddedService
from fairlead.controller.pods.pod_client import PodClient
from fairlead.controller.reconcile import ReconcileSettings, moment
from fairlead.controller.reconcilers import ReconcilerAccess, Reconcilers
from fairlead.controller.work_queue import ReconcileOutcome, WorkQueue
from fairlead.fleet.router_keys import RouterKeys
from fairlead.process.lifecycle import first_of
from fairlead.review.context import ObjectKey
from fairlead.scaling.explain.decision_record import DecisionRecord
from fairlead.telemetry.operator_metrics import OperatorMetrics

LONGEST_TICK_S: Final = 60.0
"""The limit of a whole reconcile, whatever hangs; every request has its own time-out."""
FORGOTTEN_AFTER_S: Final = LONGEST_TICK_S + 1.0
"""After this no reconcile runs that began before an object was deleted."""
RESYNC_S: Final = 600.0
"""Each object is reconciled again after this time, whether or not anything woke it."""
LISTED_PARTLY_S: Final = 2.0
"""How soon an object is tried again whose namespace, left out for lack of rights, is being listed kind by kind."""
READS_AT_ONCE: Final = 256
"""Connections for reads of pods, each of two seconds."""
LONG_AT_ONCE: Final = 1024
"""Connections for replies that take minutes, of engines and judges: twice what evaluations use at most."""

ReconcilerMaker = Callable[[ReconcileSettings, ReconcilerAccess], Reconcilers]

log = logging.getLogger("fairlead.controller")


class LeaderTasks:
    """The tasks of the leader."""

    def __init__(
        self,
        api: ApiServer,
        leadership: Leadership,
        setting: ReconcileSettings,
        metrics: OperatorMetrics,
        make: ReconcilerMaker = reconcilers.made,
    ) -> None:
        self.metrics = metrics
        self.embedded: EmbeddedService | None = None
        self.presence = AutoscalerPresence()
        self._chance = random.Random()  # noqa: S311  # jitter, not a secret
        self.queue = WorkQueue(work=self._work, chance=self._chance)
        self._leadership = leadership
        self._setting = setting
        self._make = make
        self._api = api
        self._server = FencedApiServer(api, leadership.may_write)
        self._failures = FailureReports(self._server, lambda: self._informers)
        self._informers: ControllerInformers | None = None
        self._reconcilers: Reconcilers | None = None

    @property
    def router_keys(self) -> RouterKeys:
        """The keys with which routers' metrics ports are read."""
        return self._setting.installation.router_keys

    def wake(self, key: ObjectKey) -> None:
        """Wake the key of an object that changed; without effect while this process does not lead."""
        if self._informers is not None:
            self.queue.wake(key)

    def world(self) -> ControllerInformers | None:
        """Return what is watched, once the cluster was listed; None while this process does not lead."""
        informers = self._informers
        return informers if informers and informers.has_listed(kinds.INFERENCE_DEPLOYMENT) else None

    def records(self) -> Iterable[DecisionRecord]:
        """Return the last decisions of the embedded service."""
        return self.embedded.records() if self.embedded else ()

    def watch_age_s(self) -> float:
        """Return seconds since the most silent watch's last message; 0 while this process does not lead."""
        return self._informers.age_s() if self._informers else 0.0

    async def run(self, namespaces: tuple[str, ...], instance: str) -> None:
        """List the cluster, then reconcile, until cancelled."""
        async with self._equipped(namespaces, instance) as informers:
            await first_of(self._reconcile(informers), informers.run())

    async def _reconcile(self, informers: ControllerInformers) -> None:
        await informers.synced()
        await orphan_scan.find(self._api, informers)
        for manifest in (one for kind in WATCHED.ours for one in informers.of(kind).all()):
            self.queue.wake(
                ObjectKey(manifest["kind"], manifest["metadata"]["namespace"], manifest["metadata"]["name"])
            )
        log.info("leading: the cluster was listed, reconciling begins")
        peers = PeerSecrets(self._server, informers)
        assert self._reconcilers is not None
        async with (
            self._embedded_running(informers),
            _background_task("peers", peers.follow()),
            _background_task("evaluations", self._reconcilers.runs.follow()),
            _background_task("autoscalers", self.presence.follow(lambda: self._wake_scaled(informers))),
        ):
            await self.queue.run()

    def _wake_scaled(self, informers: ControllerInformers) -> None:
        """Have the status of each deployment with spec.scaling report whether it is decided."""
        for manifest in informers.of(kinds.INFERENCE_DEPLOYMENT).each():
            if "scaling" in (manifest.get("spec") or {}):
                metadata = manifest["metadata"]
                self.wake(ObjectKey(manifest["kind"], metadata["namespace"], metadata["name"]))

    def page_facts(self) -> None:
        """Update the metrics before a scrape."""
        self.metrics.waiting(self.queue.depth, self.queue.oldest_s())
        self.metrics.leads(self._leadership.may_write())
        if self._informers is not None:
            self.metrics.follows(self._informers.followed())
            self.metrics.set_conditions(self._informers.judged())
            self.metrics.tries(*self._informers.tried())

    @asynccontextmanager
    async def _equipped(self, namespaces: tuple[str, ...], instance: str) -> AsyncIterator[ControllerInformers]:
        async with pod_session(READS_AT_ONCE) as session, pod_session(LONG_AT_ONCE) as long_session:
            pod_access = PodClient(session, router_keys=self.router_keys, long_session=long_session)
            informers = ControllerInformers(
                self._api, namespaces, self.wake, self._forget, gateway_api=self._setting.gateway_api
            )
            events = ReconcileEvents(self._server, instance, self.metrics)
            access = ReconcilerAccess(self._api, self._server, informers, pod_access, events, self.presence)
            self._reconcilers = self._make(self._setting, access)
            self._informers = informers
            try:
                yield informers
            finally:
                self._informers = None

    @asynccontextmanager
    async def _embedded_running(self, informers: ControllerInformers) -> AsyncIterator[None]:
        """Run the embedded service; if it ends by itself, that is a bug that must not stop the reconciling."""
        if self.embedded is None:
            yield
            return
        async with _background_task("autoscaler", self.embedded.run(informers, self._server, self.router_keys)):
            yield

    def _forget(self, uid: str) -> None:
        """Drop what is kept of a deleted object; again later, since a reconcile that runs now may note it once more."""
        self._drop(uid)
        asyncio.get_running_loop().call_later(FORGOTTEN_AFTER_S, self._drop, uid)

    def _drop(self, uid: str) -> None:
        if self._reconcilers is not None:
            self._reconcilers.forget(uid)

    async def _work(self, key: ObjectKey) -> ReconcileOutcome:
        """Run one reconcile, whatever its result; the only place that catches unexpected exceptions."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(LONGEST_TICK_S):
                outcome = await self._tick(key)
            self._failures.went_well(key)
        except NotLeading as problem:
            outcome = ReconcileOutcome(failed=str(problem))
        except (ApiError, TimeoutError) as problem:
            words = str(problem) or f"a reconcile took more than {LONGEST_TICK_S:.0f} s"
            log.warning("%s", words, extra=failure_reports.about(key) | {"reason": type(problem).__name__})
            wait = problem.retry_after if isinstance(problem, ApiError) else None
            outcome = ReconcileOutcome(failed=words, not_before_s=wait or 0.0)
            await self._failures.failure(key, words)
        except Exception as problem:
            log.exception("an internal error of Fairlead; please report it", extra=failure_reports.about(key))
            outcome = ReconcileOutcome(failed=f"{type(problem).__name__}: {problem}")
            await self._failures.bug(key, outcome.failed)
        seconds = time.monotonic() - started
        word = "failed" if outcome.failed else "again" if outcome.after_s == 0 else "done"
        self.metrics.reconciled(word, seconds, time.time(), well=not outcome.failed)
        if outcome.failed or outcome.gone or outcome.after_s is not None:
            return outcome
        return replace(outcome, after_s=RESYNC_S * self._chance.uniform(0.8, 1.2))

    async def _tick(self, key: ObjectKey) -> ReconcileOutcome:
        assert self._informers is not None
        assert self._reconcilers is not None
        if self._informers.is_left_out(key.namespace):
            return ReconcileOutcome(after_s=LISTED_PARTLY_S)
        return await self._reconcilers.reconcile(key, moment())


def pod_session(connections: int) -> aiohttp.ClientSession:
    """Open connections that keep no cookies: a judge's would go to the judges of others."""
    connector = aiohttp.TCPConnector(limit=connections)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


@asynccontextmanager
async def _background_task(name: str, work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run a task while the block runs; its failure must not end the block."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_log_if_broken)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _log_if_broken(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (problem := task.exception()) is not None:
        log.error("an internal error of Fairlead: the %s ended; please report it", task.get_name(), exc_info=problem)
