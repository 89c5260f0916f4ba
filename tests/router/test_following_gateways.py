"""A gateway's router follows its ConfigMap and the engine pods of many deployments through one API server."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest

from fairlead.cluster.connection import ApiConnection
from fairlead.cluster.http_requests import ObjectName
from fairlead.cluster.kinds import CONFIG_MAP, POD
from fairlead.cluster.watch_scope import WatchScope
from fairlead.cluster.watched_objects import WatchedObjects
from fairlead.process.exit_signals import ExitSignals
from fairlead.router import process
from fairlead.router.config import loader
from fairlead.router.drain import DrainPace
from fairlead.router.endpoint_discovery import common_selector
from fairlead.router.process import RouterOptions
from fairlead.router.watched_file import WatchedFile
from tests.cluster.fake_api import FakeApi, Fault
from tests.emulator.living import client, living, paced
from tests.router.gateways import Json, posted, single, target, written
from tests.router.planes import HOST, STREAM, Plane, free_port, run_story
from tests.router.test_discovery import reaching, until

ROLE: Final = "fairlead.dev/role=engine"


def selector(name: str) -> str:
    return f"fairlead.dev/deployment={name},{ROLE}"


def found(name: str, port: int, namespace: str = "ns") -> Json:
    """A target whose pods are found by their labels."""
    return target(name, enginePort=port, selector=selector(name)) | {
        "target": f"{namespace}/{name}",
        "namespace": namespace,
    }


def pod(name: str, deployment: str, namespace: str = "ns") -> dict[str, Any]:
    labels = {"fairlead.dev/deployment": deployment, "fairlead.dev/role": "engine", "fairlead.dev/revision": "r1"}
    status = {"phase": "Running", "podIP": "127.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]}
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": status}


def config_map(config: Path) -> dict[str, Any]:
    metadata = {"name": "front-router", "namespace": "ns"}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "data": {"router.json": config.read_text()},
    }


@asynccontextmanager
async def following(config: Path, connected: Callable[[], Awaitable[ApiConnection]]) -> AsyncIterator[Plane]:
    """A gateway's router with that API server."""

    def pods(namespace: str, selector: str) -> WatchedObjects:
        return WatchedObjects(WatchScope(resource=POD, namespaces=(namespace,), selector=selector), connected)

    def config_maps(namespace: str, name: str) -> WatchedObjects:
        scope = WatchScope(resource=CONFIG_MAP, namespaces=(namespace,), selector=ObjectName(name))
        return WatchedObjects(scope, connected)

    port, metrics_port, signals = free_port(), free_port(), ExitSignals()
    options = RouterOptions(
        config=config,
        host=HOST,
        port=port,
        metrics_port=metrics_port,
        metrics_host=HOST,
        drain_pace=DrainPace(linger_seconds=0.01),
        sweep_seconds=0.01,
        reread_seconds=0.01,
        pods=pods,
        config_maps=config_maps,
    )
    life = asyncio.create_task(process.live(options, signals))
    async with client() as session:
        running = Plane(
            config=config, session=session, port=port, signals=signals, life=life, metrics_port=metrics_port
        )
        try:
            while True:
                try:
                    async with session.get(running.url + "/health"):
                        break
                except OSError:
                    await asyncio.sleep(0.005)
            yield running
        finally:
            signals.put_nowait(15)
            signals.put_nowait(15)
            await life


def watches(fake: FakeApi, plural: str) -> list[tuple[str | None, str]]:
    """The watches that were opened, each once."""
    return sorted(
        {
            (one.namespace, one.selector)
            for one in fake.requests
            if one.verb == "watch" and one.resource.plural == plural
        }
    )


def keyed(config: Path) -> Path:
    """The same file, with a key for its pages, which a router with discovery needs, and its ConfigMap's name."""
    document = json.loads(config.read_text()) | {"configMap": "front-router"}
    document["metricsKeys"] = [sha256(b"operator").hexdigest()]
    config.write_text(json.dumps(document))
    return config


KEY: Final = {"Authorization": "Bearer operator"}


async def report(running: Plane) -> Json:
    async with running.session.get(running.pages + "/fairlead/v1/endpoints", headers=KEY) as answer:
        document: Json = await answer.json()
        return document


async def pods_of(running: Plane) -> dict[str, list[str]]:
    """The routable pods of each target."""
    return {
        name: sorted(one["pod"] for one in page["endpoints"] if one["state"] == "routable")
        for name, page in (await report(running))["targets"].items()
    }


async def become(running: Plane, wanted: dict[str, list[str]]) -> None:
    while await pods_of(running) != wanted:
        await asyncio.sleep(0.01)


def test_one_watch_for_each_namespace_is_shared_out_by_labels(tmp_path: Path) -> None:
    async def story() -> None:
        fake = FakeApi()
        async with living() as (one,), living() as (other,), fake.served():
            for made in (pod("a-0", "a"), pod("b-0", "b"), pod("c-0", "c", "far"), pod("x-0", "x")):
                fake.put(POD, made)
            targets = [found("a", one.port), found("b", other.port), found("c", one.port, "far")]
            config = keyed(written(tmp_path, targets, [single("chat", "ns/a")]))
            fake.put(CONFIG_MAP, config_map(config))
            async with following(config, reaching(fake)) as router:
                await become(router, {"ns/a": ["a-0"], "ns/b": ["b-0"], "far/c": ["c-0"]})
                assert watches(fake, "pods") == [("far", selector("c")), ("ns", ROLE)]
                fake.put(POD, pod("b-1", "b"))
                fake.remove(POD, "ns", "a-0")
                await become(router, {"ns/a": [], "ns/b": ["b-0", "b-1"], "far/c": ["c-0"]})

    run_story(story(), seconds=30)


def test_a_change_of_the_config_map_applies_within_two_seconds_and_cuts_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        fake = FakeApi()
        (tmp_path / "later").mkdir()
        async with living(paced(0.01, 0.01)) as (one,), living() as (other,), fake.served():
            for made in (pod("a-0", "a"), pod("b-0", "b")):
                fake.put(POD, made)
            targets = [found("a", one.port), found("b", other.port)]
            config = keyed(written(tmp_path, targets[:1], [single("chat", "ns/a")]))
            fake.put(CONFIG_MAP, config_map(config))
            async with following(config, reaching(fake)) as router:
                await become(router, {"ns/a": ["a-0"]})
                running = asyncio.create_task(posted(router, STREAM | {"max_tokens": 100}))
                while not one.engine.now.running:
                    await asyncio.sleep(0.002)
                one.engine.hold()
                later = keyed(written(tmp_path / "later", targets[1:], [single("chat", "ns/b")]))
                changed = asyncio.get_running_loop().time()
                fake.put(CONFIG_MAP, config_map(later))
                async with asyncio.timeout(2):
                    while list((await report(router))["targets"]) != ["ns/b"]:
                        await asyncio.sleep(0.01)
                assert asyncio.get_running_loop().time() - changed < 2
                await become(router, {"ns/b": ["b-0"]})
                _, headers, _ = await posted(router, STREAM)
                assert headers["x-fairlead-target"] == "ns/b"
                assert not running.done()
                one.engine.go_on()
                assert (await running)[2].endswith("data: [DONE]\n\n")
                assert watches(fake, "configmaps") == [("ns", "metadata.name=front-router")]

    run_story(story(), seconds=30)


def test_a_deployments_own_router_receives_a_changed_share_within_two_seconds(tmp_path: Path) -> None:
    """Its file is as old as the kubelet leaves it; a rejected canary must lose its users at once."""

    async def story() -> None:
        fake = FakeApi()
        async with living() as (one,), fake.served():
            config = tmp_path / "router.json"
            place = {
                "renderedFrom": "InferenceDeployment ns/a",
                "namespace": "ns",
                "configMap": "front-router",
                "models": ["chat"],
            }
            engines = {"selector": selector("a"), "enginePort": one.port}
            config.write_text(json.dumps(place | engines | {"share": {"revision": "1a2b3c4d", "percent": 10}}))
            keyed(config)
            fake.put(POD, pod("a-0", "a"))
            fake.put(CONFIG_MAP, config_map(config))
            async with following(config, reaching(fake)) as router:
                assert (await report(router))["share"] == {"revision": "1a2b3c4d", "percent": 10}
                later = json.loads(config.read_text()) | {"share": {"revision": "1a2b3c4d", "percent": 0}}
                fake.put(CONFIG_MAP, config_map(config) | {"data": {"router.json": json.dumps(later)}})
                async with asyncio.timeout(2):
                    while (await report(router))["share"]["percent"] != 0:
                        await asyncio.sleep(0.01)
                assert json.loads(config.read_text())["share"]["percent"] == 10

    run_story(story(), seconds=30)


def test_an_outage_of_the_api_server_leaves_all_as_it_was(tmp_path: Path) -> None:
    async def story() -> None:
        fake = FakeApi()
        async with living() as (one,), fake.served():
            fake.put(POD, pod("a-0", "a"))
            config = keyed(written(tmp_path, [found("a", one.port)], [single("chat", "ns/a")]))
            fake.put(CONFIG_MAP, config_map(config))
            async with following(config, reaching(fake)) as router:
                await become(router, {"ns/a": ["a-0"]})
                for verb in ("list", "watch"):
                    fake.fail(Fault(code=503), verb, times=50)
                for _ in range(20):
                    assert (await posted(router, STREAM))[0] == 200
                    await asyncio.sleep(0.01)
                assert await pods_of(router) == {"ns/a": ["a-0"]}

    run_story(story(), seconds=30)


def test_the_narrowest_selector_that_finds_all_is_what_they_have_in_common() -> None:
    document = {"renderedFrom": "x", "targets": [found("a", 1), found("b", 1)], "routes": []}
    one, other = loader.read(json.dumps(document)).targets
    assert common_selector([one]) == selector("a")
    assert common_selector([one, other]) == ROLE


def text(place: int) -> str:
    return json.dumps({"renderedFrom": "x", "targets": [], "routes": [], "routers": place})


def test_a_mount_that_lags_behind_its_watch_takes_nothing_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, applied = tmp_path / "router.json", list[int]()
    path.write_text(text(1))

    async def story() -> None:
        watched = WatchedFile(path, lambda fresh: applied.append(fresh.routers))
        watched.load()
        following = asyncio.create_task(watched.follow(0.005))

        async def file(content: str) -> None:
            path.write_text(content)
            await asyncio.sleep(0.05)

        for place in (1, 2, 3):
            watched.take(text(place))
        assert applied == [2, 3]
        await file(text(2))
        assert applied[-1] == 3, "the kubelet is late"
        await file(text(3))
        assert applied[-1] == 3
        await file(text(4))
        assert applied[-1] == 4, "the watch is broken, and the mount is not"
        watched.take("{}")
        await until(lambda: "the watched ConfigMap" in caplog.text)
        assert applied[-1] == 4
        following.cancel()

    with caplog.at_level(logging.ERROR):
        run_story(story())
