"""Our client against a real API server: the same cases as on the fake one, and an informer that keeps up."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import kopf
import pytest

from devcluster.door import Embedded
from fairlead.cluster.api_server import ApiServer, RequestRefused
from fairlead.cluster.connection import connect, source_of
from fairlead.cluster.informer import Informer
from fairlead.cluster.kinds import CONFIG_MAP, LEASE, Manifest, trimmed
from fairlead.cluster.lease import Leadership, LeaseDurations, LeaseSettings, hold
from fairlead.cluster.watch_scope import WatchScope
from tests.cluster.contract import STORIES, Story
from tests.cluster.worlds import DICE, note, run, until
from tests.faults.proxy import Proxy


@pytest.fixture
def namespace(api_server: Embedded, request: pytest.FixtureRequest) -> str:
    """A namespace of the test's own."""
    name = f"reaching-{abs(hash(request.node.name)) % 10**8}"
    api_server.kubectl("create", "namespace", name)
    return name


@asynccontextmanager
async def reached(door: Embedded) -> AsyncIterator[ApiServer]:
    """A client of the API server."""
    async with await connect({"KUBECONFIG": str(door.kubeconfig)}) as connection:
        yield ApiServer(connection)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_real_one_answers_as_the_fake(api_server: Embedded, namespace: str, story: Story) -> None:
    async def scenario() -> None:
        async with reached(api_server) as api:
            await story(api, namespace)

    run(scenario())


def test_an_informer_holds_what_a_list_says_after_a_storm(api_server: Embedded, namespace: str) -> None:
    async def story() -> None:
        rng, woken = random.Random(3), list[str]()  # noqa: S311  # a storm, no secrets
        async with reached(api_server) as api:
            watched = WatchScope(resource=CONFIG_MAP, namespaces=(namespace,))
            informer = Informer(api, watched, lambda old, new: woken.append(str(new or old)), rng=rng)
            following = asyncio.create_task(informer.run())
            await asyncio.gather(*(_storm(api, namespace, f"n{number}", rng) for number in range(8)))
            last = await api.apply(note("last", namespace=namespace))
            await until(lambda: informer.store.find(namespace, "last"))
            items, _ = await api.listing(CONFIG_MAP, namespace)
            following.cancel()
        assert [trimmed(one) for one in items] == list(informer.store.all())
        assert trimmed(last) in items
        assert len(woken) >= len(items)

    run(story())


async def _storm(api: ApiServer, namespace: str, name: str, rng: random.Random) -> None:
    """Change, delete and recreate one object."""
    for _ in range(10):
        held: Manifest = await api.apply(note(name, str(rng.random()), namespace=namespace))
        if rng.random() < 0.4:
            await api.remove(held, uid=held["metadata"]["uid"])


def test_what_is_invalid_is_refused_with_the_servers_message(api_server: Embedded, namespace: str) -> None:
    async def story() -> None:
        async with reached(api_server) as api:
            with pytest.raises(RequestRefused, match=r"422: .*metadata\.name: Invalid value") as refused:
                await api.create(note("Not-A-Name", namespace=namespace))
        assert (refused.value.lacks_right, refused.value.retry_after) == (False, None)

    run(story())


def test_a_namespace_that_ends_refuses_what_is_new_and_says_so(api_server: Embedded, namespace: str) -> None:
    """A light cluster has no controller that finishes its deletion, so it stays half deleted."""
    api_server.kubectl("delete", "namespace", namespace, "--wait=false")

    async def story() -> None:
        async with reached(api_server) as api:
            with pytest.raises(RequestRefused, match="because it is being terminated") as refused:
                await api.create(note("new", namespace=namespace))
        assert (refused.value.namespace_ends, refused.value.lacks_right) == (True, False)

    run(story())


def test_a_missing_right_is_refused_and_named(api_server: Embedded, namespace: str, tmp_path: Path) -> None:
    token = _powerless(api_server, namespace)
    config = json.loads(api_server.kubectl("config", "view", "--raw", "--output=json"))
    config["users"][0]["user"] = {"token": token}
    path = tmp_path / "config"
    path.write_text(json.dumps(config))

    async def story() -> None:
        async with await connect({"KUBECONFIG": str(path)}) as connection:
            with pytest.raises(RequestRefused, match='cannot list resource "configmaps"') as refused:
                await ApiServer(connection).listing(CONFIG_MAP, namespace)
            assert refused.value.lacks_right
            assert (await connection.credentials()).token == token

    run(story())


def test_two_who_want_to_lead_take_turns(api_server: Embedded, namespace: str) -> None:
    """P22 on a real server: one holds it, the other waits; once released, it changes hands within two tries."""

    async def story() -> None:
        async with reached(api_server) as api:
            durations = LeaseDurations(retry_s=0.1, deadline_s=5)
            first, second = (
                Leadership(api, LeaseSettings(namespace=namespace, name="lead", identity=who), DICE, durations)
                for who in "ab"
            )
            async with hold(first):
                waiting = asyncio.create_task(second.acquire())
                await asyncio.sleep(0.5)
                assert (first.may_write(), second.may_write(), waiting.done()) == (True, False, False)
            async with asyncio.timeout(2):
                await waiting
            assert (first.may_write(), second.may_write()) == (False, True)
            held = await api.read(LEASE, namespace, "lead")
            assert held is not None
            assert (held["spec"]["holderIdentity"], held["spec"]["leaseTransitions"]) == ("b", 1)

    run(story())


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_through_the_fault_proxy_a_real_one_answers_the_same(
    api_server: Embedded, namespace: str, story: Story, tmp_path: Path
) -> None:
    async def scenario() -> None:
        ours = await source_of({"KUBECONFIG": str(api_server.kubeconfig)})()
        async with Proxy(ours).served() as proxy:
            through = proxy.kubeconfig_through(tmp_path / "config")
            async with await connect({"KUBECONFIG": str(through)}) as connection:
                await story(ApiServer(connection), namespace)

    run(scenario())


def test_a_token_goes_through_the_proxy_as_itself(api_server: Embedded, namespace: str, tmp_path: Path) -> None:
    """Not as the administrator whose certificate the proxy has."""
    token = _powerless(api_server, namespace)

    async def story() -> None:
        ours = await source_of({"KUBECONFIG": str(api_server.kubeconfig)})()
        async with Proxy(ours).served() as proxy:
            through = proxy.kubeconfig_through(tmp_path / "config", token)
            async with await connect({"KUBECONFIG": str(through)}) as connection:
                with pytest.raises(
                    RequestRefused, match=f'User "system:serviceaccount:{namespace}:powerless" cannot list'
                ):
                    await ApiServer(connection).listing(CONFIG_MAP, namespace)

    run(story())


def test_kopf_reaches_it_with_the_same_credentials(api_server: Embedded) -> None:
    async def story() -> None:
        found = await source_of({"KUBECONFIG": str(api_server.kubeconfig)})()
        login = kopf.ConnectionInfo(**found.for_kopf())
        connector = aiohttp.TCPConnector(ssl=login.as_ssl_context())
        async with (
            aiohttp.ClientSession(connector=connector, headers=login.as_http_headers()) as session,
            session.get(f"{login.server}/api/v1/namespaces/default") as answer,
        ):
            assert (answer.status, (await answer.json())["metadata"]["name"]) == (200, "default")

    run(story())


def _powerless(door: Embedded, namespace: str) -> str:
    """The token of a service account without any rights."""
    door.kubectl("create", "serviceaccount", "powerless", f"--namespace={namespace}")
    return door.kubectl("create", "token", "powerless", f"--namespace={namespace}").strip()
