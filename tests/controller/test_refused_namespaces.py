"""A watched namespace in which the operator has no rights, such as a deleted one: all others are served."""

import asyncio
import logging
import random
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any

import kopf
import pytest
from aiohttp import web

from fairlead.cluster import informers, kinds
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.informer import Informer
from fairlead.cluster.lease import Leadership, LeaseSettings
from fairlead.controller import leader_tasks
from fairlead.controller.leader_tasks import LeaderTasks
from fairlead.controller.reconcile import ReconcileSettings
from fairlead.controller.webhook import kopf_host
from fairlead.controller.work_queue import ReconcileOutcome
from fairlead.review.context import ObjectKey, ReviewContext
from fairlead.telemetry.operator_metrics import OperatorMetrics
from tests.cluster.fake_api import FakeApi, FakeRequest
from tests.cluster.fake_objects import Status
from tests.cluster.worlds import IN_USE, run, until
from tests.controller.pretend import CATALOGUE, PLATFORM, deployment
from tests.controller.test_process import SETTINGS

SETTING = ReconcileSettings(context=ReviewContext(catalogue=CATALOGUE), installation=PLATFORM)


class Walled(FakeApi):
    """An API server with one namespace in which nobody may do anything but what is allowed."""

    def __init__(self) -> None:
        super().__init__()
        self.allowed: set[str] = set()
        self.walled = {"team-b"}

    def _understood(self, request: web.Request) -> FakeRequest:
        found = super()._understood(request)
        if found.namespace in self.walled and found.resource.title not in self.allowed:
            raise Status(403, "Forbidden", f"{found.resource.title} is forbidden in {found.namespace}")
        return found


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Informer.__init__, "__kwdefaults__", {"timings": IN_USE})
    monkeypatch.setattr(leader_tasks, "LISTED_PARTLY_S", 0.05)


@asynccontextmanager
async def leading(fake: FakeApi, *namespaces: str) -> AsyncIterator[LeaderTasks]:
    """A leader of these namespaces at work."""
    async with fake.connected() as connection:
        api = ApiServer(connection)
        lease = LeaseSettings(namespace="fairlead-system", name="fairlead", identity="me")
        leadership = Leadership(api, lease, random.Random(7))  # noqa: S311  # jitter
        await leadership.acquire()
        leader = LeaderTasks(api, leadership, SETTING, OperatorMetrics())
        working = asyncio.create_task(leader.run(namespaces, "me"))
        try:
            yield leader
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)


def document(namespace: str) -> Any:  # noqa: ANN401  # a manifest
    """A deployment of this namespace."""
    found = deployment()
    return found | {"metadata": found["metadata"] | {"namespace": namespace}}


def is_reconciled(fake: FakeApi, namespace: str) -> bool:
    """Whether the deployment there has a status."""
    return "status" in fake.objects.held[kinds.INFERENCE_DEPLOYMENT.title, namespace, "chat"]


def test_the_others_are_served_and_it_is_too_once_the_operator_has_its_rights_there(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story() -> None:
        fake = Walled()
        for namespace in ("team-a", "team-b"):
            fake.put(kinds.INFERENCE_DEPLOYMENT, document(namespace))
        async with leading(fake, "team-a", "team-b") as leader:
            await until(lambda: is_reconciled(fake, "team-a"))
            assert not is_reconciled(fake, "team-b")
            world = leader.world()
            assert world is not None
            assert (world.is_left_out("team-a"), world.is_left_out("team-b")) == (False, True)
            fake.allowed = {kinds.INFERENCE_DEPLOYMENT.title}
            await until(lambda: world.of(kinds.INFERENCE_DEPLOYMENT).find("team-b", "chat"))
            key = ObjectKey("InferenceDeployment", "team-b", "chat")
            assert await leader.queue.work(key) == ReconcileOutcome(after_s=0.05), "its pods are not listed yet"
            assert not is_reconciled(fake, "team-b")
            fake.walled.clear()
            await until(lambda: is_reconciled(fake, "team-b"))

    with caplog.at_level(logging.ERROR):
        run(story())
    (line,) = [one.message for one in caplog.records if "is watched" in one.message]
    assert line.startswith(
        "namespace team-b is watched, and Fairlead is not permitted to list anything in it: list inferencedeploy"
    )
    assert line.endswith("run `helm upgrade`, which writes the Role there, or take it out of watchNamespaces")


def test_while_one_right_alone_is_missing_nothing_is_decided_and_the_log_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without pods, for instance, no replica would seem to serve."""
    monkeypatch.setattr(informers, "LOGGED_EVERY_S", 0.1)

    async def story() -> None:
        fake = Walled()
        fake.walled.clear()
        fake.forbidden.add(("list", kinds.POD.title))
        fake.put(kinds.INFERENCE_DEPLOYMENT, document("team-a"))
        async with leading(fake, "team-a"):
            await until(
                lambda: (
                    "nothing is reconciled or scaled until every kind is listed: list pods team-a: 403" in caplog.text
                )
            )
            assert not is_reconciled(fake, "team-a")
            fake.forbidden.clear()
            await until(lambda: is_reconciled(fake, "team-a"))

    run(story())


def test_no_request_of_kopf_fails_for_good_so_that_a_refused_namespace_does_not_end_the_webhook() -> None:
    pauses = list(islice(kopf_host.kopf_settings(SETTINGS, None, print).networking.error_backoffs, 10_000))  # type: ignore[arg-type]
    assert (len(pauses), min(pauses), max(pauses)) == (10_000, 1.0, 60.0)
    assert pauses == sorted(pauses)


def test_kopf_that_ends_by_itself_leaves_no_thread_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its loop closes only when that thread ends; after 20 s, Kopf would kill the whole process without a word."""
    waited: list[bool] = []

    async def ending(*, stop_flag: threading.Event, **_: object) -> None:
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, lambda: waited.append(stop_flag.wait(5)))
        raise RuntimeError("bug")

    monkeypatch.setattr(kopf, "operator", ending)
    callbacks = kopf_host.KopfCallbacks(wake=print, review=None, certificates=None, listens=print)  # type: ignore[arg-type]  # not called

    async def story() -> None:
        with pytest.raises(RuntimeError, match="bug"):
            await kopf_host.run(SETTINGS, None, callbacks)  # type: ignore[arg-type]  # no credentials are needed

    run(story())
    assert waited == [True]
