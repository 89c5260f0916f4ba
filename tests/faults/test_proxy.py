"""The fault proxy forwards everything, counts every write, and fails exactly where a test says."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from fairlead.cluster.api_server import ApiError, ApiServer, Throttled, Unreachable
from fairlead.cluster.connection import connect
from fairlead.cluster.credentials import Credentials
from fairlead.cluster.informer import Informer
from fairlead.cluster.kinds import CONFIG_MAP, LEASE, Manifest
from fairlead.cluster.watch_scope import InformerTimings, WatchScope
from tests.cluster.contract import QUICK_STORIES, Story
from tests.cluster.fake_api import FakeApi
from tests.cluster.worlds import DICE, IN_USE, note, run, text_of, until
from tests.faults.proxy import Answer, CutBody, Delay, Drop, Fault, Kill, Moment, Proxy
from tests.faults.requests import ApiCall, understood

IMPATIENT = InformerTimings(stay_s=(20, 30), silence_s=0.3, least_s=0.01, max_s=0.02)


@dataclass
class World:
    """An API server, the proxy in front of it, and a client of the proxy."""

    fake: FakeApi
    proxy: Proxy
    api: ApiServer

    @asynccontextmanager
    async def following(self, timings: InformerTimings = IN_USE) -> AsyncIterator[Informer]:
        """An informer through the proxy, with an open watch."""
        informer = Informer(self.api, WatchScope(resource=CONFIG_MAP), unheard, rng=DICE, timings=timings)
        running = asyncio.create_task(informer.run())
        try:
            await until(lambda: self.proxy.gates["configmaps"].streams)
            yield informer
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    """All three."""
    async with FakeApi().served() as fake, Proxy(Credentials(server=fake.address)).served() as proxy:
        path = proxy.kubeconfig_through(folder / "config", token="ours")
        async with await connect({"KUBECONFIG": str(path)}) as connection:
            yield World(fake, proxy, ApiServer(connection))


def unheard(old: Manifest | None, new: Manifest | None) -> None:
    """Ignore changes; the tests read the store."""


def names(informer: Informer) -> set[str]:
    """What a store holds."""
    return {one["metadata"]["name"] for one in informer.store.all()}


@pytest.mark.parametrize("story", QUICK_STORIES, ids=lambda story: story.__name__)
def test_through_the_proxy_everything_is_as_before(tmp_path: Path, story: Story) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as there:
            await story(there.api, "serving")

    run(scenario())


def test_writes_are_numbered_and_counted_and_the_lease_is_not(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as there:
            await there.api.create(note("a"))
            lease = {"apiVersion": LEASE.api_version, "kind": "Lease"}
            await there.api.create(lease | {"metadata": {"name": "lead", "namespace": "serving"}})
            await there.api.apply(note("a", "b"))
            await there.api.read(CONFIG_MAP, "serving", "a")
        assert [(one.call.verb, one.call.resource, one.number) for one in there.proxy.log] == [
            ("create", "configmaps", 1),
            ("create", "leases.coordination.k8s.io", None),
            ("patch", "configmaps", 2),
            ("get", "configmaps", None),
        ]
        assert {one.user_agent.partition("/")[0] for one in there.proxy.log} == {"fairlead"}
        assert there.proxy.counts == {("create", "configmaps", "serving/a"): 1, ("patch", "configmaps", "serving/a"): 1}
        there.proxy.counted_anew()
        assert (there.proxy.writes, there.proxy.log, len(there.proxy.counts)) == (0, [], 0)

    run(story())


@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize(
    ("fault", "kind"),
    [(Drop(), Unreachable), (CutBody(), Unreachable), (Answer(429, "TooManyRequests", 3), Throttled)],
    ids=["drop", "cut", "answer"],
)
def test_the_second_write_fails_before_or_after_it_is_done(
    tmp_path: Path, fault: Fault, kind: type[ApiError], moment: Moment
) -> None:
    async def story() -> None:
        async with world(tmp_path) as there:
            there.proxy.at(2, moment, Delay(0.01))
            there.proxy.at(2, moment, fault)
            await there.api.apply(note("a", "first"))
            with pytest.raises(kind):
                await there.api.apply(note("a", "second"))
            stored = text_of(await there.api.read(CONFIG_MAP, "serving", "a"))
            assert stored == ("first" if moment is Moment.BEFORE else "second")
            await there.api.apply(note("a", "third"))

    run(story())


def test_a_process_is_killed_at_its_write(tmp_path: Path) -> None:
    """The operator is another process; here it is one that only sleeps."""

    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])

    async def story() -> None:
        async with world(tmp_path) as there:
            there.proxy.at(1, Moment.AFTER, Kill(sleeper.pid))
            with pytest.raises(Unreachable):
                await there.api.apply(note("a"))
            assert await there.api.read(CONFIG_MAP, "serving", "a") is not None

    try:
        run(story())
        assert sleeper.wait(5) == -9
    finally:
        sleeper.kill()
        sleeper.wait()


def test_held_watch_events_arrive_when_released_and_lost_ones_never_without_a_relist(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as there, there.following() as informer:
            gate = there.proxy.gates["configmaps"]
            gate.hold()
            there.fake.put(CONFIG_MAP, note("late"))
            await asyncio.sleep(0.05)
            assert names(informer) == set()
            gate.release()
            await until(lambda: names(informer) == {"late"})
            gate.losing = 1
            there.fake.put(CONFIG_MAP, note("lost"))
            there.fake.put(CONFIG_MAP, note("heard"))
            await until(lambda: "heard" in names(informer))
            assert names(informer) == {"late", "heard"}
            gate.expire()
            await until(lambda: names(informer) == {"late", "heard", "lost"})
            assert informer.relists == 1

    run(story())


@pytest.mark.parametrize("how", ["cut", "silence"])
def test_a_watch_that_breaks_or_falls_silent_is_opened_again(tmp_path: Path, how: str) -> None:
    async def story() -> None:
        async with world(tmp_path) as there, there.following(IMPATIENT) as informer:
            gate = there.proxy.gates["configmaps"]
            gate.cut() if how == "cut" else gate.silence()
            there.fake.put(CONFIG_MAP, note("after"))
            await until(lambda: names(informer) == {"after"})
            assert informer.relists == 0

    run(story())


def test_a_restart_before_a_server_that_lags_sees_the_past_and_then_catches_up(tmp_path: Path) -> None:
    """The setting of P6."""

    async def story() -> None:
        async with world(tmp_path) as there:
            there.fake.put(CONFIG_MAP, note("deleted-since"))
            async with there.following():
                await there.proxy.photograph("configmaps")
            there.fake.remove(CONFIG_MAP, "serving", "deleted-since")
            there.fake.put(CONFIG_MAP, note("made-since"))
            there.proxy.go_back("configmaps")
            async with there.following() as informer:
                await asyncio.sleep(0.05)
                assert names(informer) == {"deleted-since"}
                there.proxy.come_back()
                await until(lambda: names(informer) == {"made-since"})

    run(story())


def test_cut_off_means_the_lease_too(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as there:
            there.proxy.cut_off = True
            with pytest.raises(Unreachable):
                await there.api.read(LEASE, "serving", "lead")
            there.proxy.cut_off = False
            assert await there.api.read(LEASE, "serving", "lead") is None

    run(story())


@pytest.mark.parametrize(
    ("method", "path", "query", "sent"),
    [
        ("GET", "/api/v1/namespaces/a/pods/p/log", {}, ApiCall("get", "pods", "log", "a", "p")),
        ("GET", "/api/v1/pods", {"watch": "true"}, ApiCall("watch", "pods", "", "", "")),
        ("DELETE", "/api/v1/namespaces/a/pods", {}, ApiCall("deletecollection", "pods", "", "a", "")),
        ("PATCH", "/api/v1/namespaces/a", {}, ApiCall("patch", "namespaces", "", "", "a")),
        ("PUT", "/api/v1/namespaces/a/finalize", {}, ApiCall("update", "namespaces", "finalize", "", "a")),
        ("GET", "/apis/apps/v1/deployments", {}, ApiCall("list", "deployments.apps", "", "", "")),
        ("GET", "/apis/apps/v1", {}, ApiCall("get", "/apis/apps/v1", "", "", "")),
        ("GET", "/version", {}, ApiCall("get", "/version", "", "", "")),
        ("POST", "/api/v1/namespaces/a/pods", {}, ApiCall("create", "pods", "", "a", "")),
    ],
)
def test_a_request_is_understood_from_its_address(method: str, path: str, query: dict[str, str], sent: ApiCall) -> None:
    assert understood(method, path, query, b"not json") == sent
    body = json.dumps({"metadata": {"generateName": "new-"}}).encode()
    assert understood("POST", "/api/v1/namespaces/a/pods", {}, body).name == "new-"
