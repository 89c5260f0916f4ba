"""Engines from the cluster: which pods count, and that a router follows them as they come and go."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.cluster import watched_objects
from fairlead.cluster.connection import ApiConnection
from fairlead.cluster.credentials import Credentials, NoCredentials
from fairlead.cluster.kinds import POD
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.endpoints import DiscoveredEndpoint
from fairlead.router import discovery, endpoint_sources
from fairlead.router.config.loader import RouterConfig
from fairlead.router.discovery import EnginePods
from fairlead.router.endpoint_sources import StaticEndpoints
from tests.cluster.fake_api import FakeApi
from tests.emulator.living import living
from tests.router.planes import Cluster, plane, run_story, written

LABELS: Final = {"fairlead.dev/deployment": "chat", "fairlead.dev/role": "engine"}
CHAT: Final = RouterConfig(
    namespace="serving", selector="fairlead.dev/deployment=chat,fairlead.dev/role=engine", models=("chat",)
)


def pod(name: str, ip: str | None = "10.0.0.1", ready: str = "True", **status: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    conditions = [{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": ready}]
    document = {"phase": "Running", "conditions": conditions} | ({"podIP": ip} if ip else {}) | status
    metadata = {"name": name, "namespace": "serving", "labels": LABELS}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": document}


def ending(name: str) -> dict[str, Any]:
    leaving = pod(name)
    leaving["metadata"] = leaving["metadata"] | {"deletionTimestamp": "2026-11-20T12:00:00Z"}
    return leaving


def test_a_pod_with_an_address_is_an_endpoint_and_its_conditions_say_which() -> None:
    pods = [pod("a"), pod("b", ready="False"), ending("c"), pod("d", ip="fd00::7")]

    assert discovery.pod_endpoints(pods, 8000) == (
        DiscoveredEndpoint(pod="a", address="10.0.0.1:8000", ready=True, ending=False),
        DiscoveredEndpoint(pod="b", address="10.0.0.1:8000", ready=False, ending=False),
        DiscoveredEndpoint(pod="c", address="10.0.0.1:8000", ready=True, ending=True),
        DiscoveredEndpoint(pod="d", address="[fd00::7]:8000", ready=True, ending=False),
    )


@pytest.mark.parametrize("mark", ["falling", "containerd://1", ""])
def test_a_marked_pod_sleeps_whatever_the_mark_says(mark: str) -> None:
    document = pod("a")
    document["metadata"]["annotations"] = {"fairlead.dev/asleep": mark}

    (seen,) = discovery.pod_endpoints([document], 8000)

    assert seen.asleep


def test_a_pod_says_which_revision_it_is_and_which_adapters_it_has() -> None:
    document = pod("a")
    document["metadata"]["labels"] = LABELS | {"fairlead.dev/revision": "7"}
    document["metadata"]["annotations"] = {"fairlead.dev/adapters": "legal,support"}

    (seen,) = discovery.pod_endpoints([document], 8000)

    assert not seen.asleep
    assert (seen.revision, seen.adapters) == ("7", frozenset({"legal", "support"}))


def running(name: str, ip: str, *words: str, port: int) -> dict[str, Any]:
    """A pod whose container runs an engine with these words."""
    container = {"name": "engine", "command": list(words), "ports": [{"name": "http", "containerPort": port}]}
    return pod(name, ip=ip) | {"spec": {"containers": [container]}}


def test_while_a_deployment_goes_to_another_kind_pods_of_both_are_found_where_each_listens() -> None:
    """The configuration already names the new kind's port."""
    pods = [
        running("old", "10.0.0.1", "vllm", "serve", port=8000),
        running("new", "10.0.0.2", "sglang", "serve", port=30000),
        running("newer", "10.0.0.3", "other", port=9000),
        pod("other", ip="10.0.0.4"),
    ]

    assert [(one.address, one.kind) for one in discovery.pod_endpoints(pods, 30000)] == [
        ("10.0.0.1:8000", EngineKind.VLLM),
        ("10.0.0.2:30000", EngineKind.SGLANG),
        ("10.0.0.3:9000", None),
        ("10.0.0.4:30000", None),
    ]


def test_pods_without_an_address_and_pods_that_ended_are_none() -> None:
    bare = {"metadata": {"name": "new"}}

    assert (
        discovery.pod_endpoints([bare, pod("a", ip=None), pod("b", phase="Failed"), pod("c", phase="Succeeded")], 8000)
        == ()
    )


@given(st.lists(st.sampled_from(["True", "False", "Unknown"])))
def test_only_a_pod_that_says_it_is_ready_ever_is(readiness: list[str]) -> None:
    found = discovery.pod_endpoints([pod(f"p{index}", ready=ready) for index, ready in enumerate(readiness)], 8000)

    assert [one.ready for one in found] == [ready == "True" for ready in readiness]


def test_a_list_in_the_file_needs_no_cluster() -> None:
    assert isinstance(endpoint_sources.source_of(RouterConfig(endpoints=("127.0.0.1:8000",))), StaticEndpoints)
    assert isinstance(endpoint_sources.source_of(CHAT), EnginePods)


def test_the_whole_list_of_pods_is_delivered_at_first_and_after_every_change() -> None:
    async def story() -> None:
        fake, entries = FakeApi(), list[tuple[str, ...]]()
        fake.put(POD, pod("a"))
        fake.put(POD, pod("other") | {"metadata": {"name": "other", "namespace": "serving", "labels": {}}})
        async with fake.served():
            task = asyncio.create_task(
                EnginePods(CHAT, reaching(fake)).follow(lambda seen: entries.append(tuple(one.pod for one in seen)))
            )
            await until(lambda: entries == [("a",)])
            await until(lambda: fake.watchers)
            fake.put(POD, pod("b", ip="10.0.0.2"))
            await until(lambda: entries[-1:] == [("a", "b")])
            fake.remove(POD, "serving", "a")
            await until(lambda: entries[-1:] == [("b",)])
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    run_story(story())


def test_a_router_takes_the_pods_of_its_selector(tmp_path: Path) -> None:
    async def story() -> None:
        fake = FakeApi()
        async with living() as (engine,), fake.served():
            fake.put(POD, pod("a", ip="127.0.0.1"))
            settings = RouterConfig(
                namespace="serving", selector=CHAT.selector, models=("chat",), engine_port=engine.port
            )
            source = EnginePods(settings, reaching(fake))
            async with plane(written(tmp_path, ["x:1"]), following(source)) as router:
                await router.until("routable")
                assert (await router.complete())[0] == 200
                fake.put(POD, pod("a", ip="127.0.0.1", ready="False"))
                await router.until("notReady")

    run_story(story())


def test_an_unreachable_cluster_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched_objects, "AGAIN_SECONDS", 0.005)

    async def story() -> None:
        fake, endpoints = FakeApi(), list[tuple[DiscoveredEndpoint, ...]]()
        async with fake.served():
            reach, missed = reaching(fake), iter((NoCredentials("no kubeconfig"), OSError("no route")))

            async def at_last() -> ApiConnection:
                if (problem := next(missed, None)) is not None:
                    raise problem
                return await reach()

            task = asyncio.create_task(EnginePods(CHAT, at_last).follow(endpoints.append))
            await until(lambda: endpoints == [()])
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    run_story(story())


def reaching(fake: FakeApi) -> Callable[[], Awaitable[ApiConnection]]:
    """A connection factory for the fake API server."""

    async def connected() -> ApiConnection:
        credentials = Credentials(server=fake.address)

        async def same() -> Credentials:
            return credentials

        return ApiConnection(same, credentials)

    return connected


def following(source: EnginePods) -> Cluster:
    """That source, whatever the file says."""

    class Real(Cluster):
        async def follow(self, callback: Callable[[tuple[DiscoveredEndpoint, ...]], None]) -> None:
            await source.follow(callback)

    return Real()


async def until(callback: Callable[[], object]) -> None:
    while not callback():
        await asyncio.sleep(0.002)
