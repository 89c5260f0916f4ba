"""The console with the chart's rights on a real API server: only those whom Kubernetes lets read can see it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import aiohttp
import pytest
from yarl import URL

from devcluster.door import Embedded
from fairlead.cli import cluster_client, console_proxy
from fairlead.cluster.kinds import INFERENCE_DEPLOYMENT
from fairlead.console import reports_page
from fairlead.objects import published_report
from fairlead.objects.published_report import PublishedReport
from fairlead.process.console_access import HOLDS_S
from house.chart_manifests import NAMESPACE
from tests.apiserver import rights
from tests.apiserver.reachable import own_address
from tests.apiserver.rights import Right
from tests.apiserver.test_operator_rights import Scene, scene
from tests.controller.pretend import deployment
from tests.emulator.living import Living
from tests.faults.operator import own_host
from tests.faults.small_cluster import small_cluster

PORT: Final = 9091
REVIEWS: Final = {
    Right("create", "tokenreviews.authentication.k8s.io"),
    Right("create", "subjectaccessreviews.authorization.k8s.io"),
}


@pytest.fixture(scope="module")
def small() -> Iterator[Embedded]:
    with small_cluster(gpus=4) as door:
        yield door


@asynccontextmanager
async def console(door: Embedded) -> AsyncIterator[Scene]:
    """An operator with a console, at an address that the API server proxies to; a deployment in two namespaces."""
    values = {"console": {"enabled": True}, "webhook": {"enabled": False}}
    flags = ("--webhook=off", f"--console-port={PORT}")
    async with scene(door, values, flags, own_address() or own_host()) as one:
        await one.kubectl("create", "namespace", "other")
        other = deployment("mail")
        other["metadata"]["namespace"] = "other"
        await one.apply(deployment("chat"), other)
        await one.until("mail", "get", "infd", "-A")
        yield one


async def reader(one: Scene, name: str, *namespaces: str) -> str:
    """The token of an account that may get deployments there."""
    await one.kubectl("create", "serviceaccount", name)
    for namespace in namespaces:
        role = f"--resource={INFERENCE_DEPLOYMENT.title}"
        await one.kubectl("create", "role", name, "--verb=get", role, "-n", namespace)
        await one.kubectl(
            "create", "rolebinding", name, f"--role={name}", f"--serviceaccount=default:{name}", "-n", namespace
        )
    return (await one.kubectl("create", "token", name)).strip()


async def get(path: str, token: str = "") -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{own_address() or own_host()}:{PORT}{path}", headers=headers) as answer,
    ):
        return answer.status, await answer.text()


def test_token_reviews_and_access_reviews_decide_who_sees_what(small: Embedded) -> None:
    """seeing.3"""

    async def story() -> None:
        async with console(small) as one:
            may, may_not = await reader(one, "reader", "default"), await reader(one, "stranger")
            await _leading(may)
            await _who_sees_what(may, may_not)
            await _a_right_that_ends(one, may)
            assert rights.used(one.proxy) >= REVIEWS
            await _through_the_api_server(one, await reader(one, "walker", "default", "other"))

    asyncio.run(story())


async def _leading(token: str) -> None:
    status, text = 0, "nothing listens"
    for _ in range(900):
        with suppress(aiohttp.ClientConnectorError):
            status, text = await get("/", token)
        if status == 200 and "./deployments/default/chat" in text:
            return
        await asyncio.sleep(0.2)
    raise AssertionError(f"{status}: {text}")


async def _who_sees_what(may: str, may_not: str) -> None:
    assert [(await get(page, token))[0] for page in ("/", "/gateways") for token in ("", f"{may}x")] == [401] * 4
    assert (await get("/", may_not))[0] == 403
    assert (await get("/deployments/default/chat", may_not))[0] == 403
    status, fleet = await get("/", may)
    assert (status, "./deployments/other/mail" in fleet) == (200, False)
    status, page = await get("/deployments/default/chat", may)
    assert (status, "system:serviceaccount:default:reader" in page) == (200, True)
    assert (await get("/deployments/other/mail", may))[0] == 403


async def _a_right_that_ends(one: Scene, token: str) -> None:
    await one.kubectl("delete", "rolebinding", "reader")
    await asyncio.sleep(HOLDS_S + 1)
    assert (await get("/", token))[0] == 403


async def _through_the_api_server(one: Scene, token: str) -> None:
    """As `fairlead console` does: the API server removes Authorization, keeps our header, and changes no link."""
    address = own_address()
    if address is None:
        return
    labels = {"app.kubernetes.io/name": "fairlead", "app.kubernetes.io/component": "operator"}
    container = {"name": "operator", "image": "fairlead", "ports": [{"name": "console", "containerPort": PORT}]}
    operator = {"name": "fairlead-0", "namespace": NAMESPACE, "labels": labels}
    await _pretended_pod(one, address, operator, container)
    await one.kubectl(
        *("create", "rolebinding", "walker-explains", "--role=fairlead-explain", "-n", NAMESPACE),
        "--serviceaccount=default:walker",
    )
    config = json.loads(await one.kubectl("config", "view", "--raw", "--output=json"))
    config["users"][0]["user"] = {"token": token}
    path = one.operator.folder / "walker"
    path.write_text(json.dumps(config), encoding="utf-8")
    engine = await Living(host=address).start()
    await _service(one, address, engine.port)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("KUBECONFIG", str(path))
        async with cluster_client.open_cluster(None) as cluster:
            way = await console_proxy.passage(cluster, None)
            async with (
                console_proxy.opened(way, 0) as door,
                aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session,
            ):
                await _publish(one)
                await _walked(session, door)
                try:
                    await _a_model_answers(one, session, URL(door).origin())
                finally:
                    await engine.stop()


async def _a_model_answers(one: Scene, session: aiohttp.ClientSession, root: URL) -> None:
    """Call a model through the API server: refused before there is a right to it, then streamed."""
    page, headers = root / "playground" / "default" / "model-router:http", {"Origin": str(root)}
    body = {"model": "chat", "messages": [{"role": "user", "content": "x"}], "max_tokens": 30, "stream": True}
    async with session.post(page, json=body, headers=headers) as answer:
        text = await answer.text()
        assert (answer.status, "services/proxy" in text) == (403, True), text
    role = ("--verb=create", "--resource=services/proxy")
    await one.kubectl("create", "role", "asks", *role)
    await one.kubectl("create", "rolebinding", "asks", "--role=asks", "--serviceaccount=default:walker")
    parts, status = list[bytes](), 0
    for _ in range(60):
        async with session.post(page, json=body, headers=headers) as answer:
            parts, status = [part async for part in answer.content.iter_any()], answer.status
        if status == 200:
            break
        await asyncio.sleep(0.5)
    assert status == 200, parts
    assert len(parts) > 3, "it comes as the engine computes it"
    assert b"".join(parts).endswith(b"data: [DONE]\n\n")


async def _publish(one: Scene) -> None:
    """Publish a report in two namespaces, one of which the walker may read."""
    for namespace in ("default", "other"):
        report = PublishedReport(namespace=namespace, name="friday", verdict="chat keeps them", played_at="today")
        manifest = published_report.manifest(report, "<h1>Friday</h1>")
        assert isinstance(manifest, dict)
        await one.apply(manifest)
    await one.kubectl("create", "role", "reads", "--verb=get", "--resource=configmaps")
    await one.kubectl("create", "rolebinding", "reads", "--role=reads", "--serviceaccount=default:walker")


async def _service(one: Scene, address: str, port: int) -> None:
    """A Service of a model's routers, for the API server's proxy, which goes only to addresses of pods."""
    head = {"name": "model-router", "namespace": "default"}
    pod = {"name": "model-0", "namespace": "default"}
    await _pretended_pod(one, address, pod, {"name": "router", "image": "fairlead"})
    ports = [{"name": "http", "port": 80, "protocol": "TCP"}]
    reached = {"ip": address, "targetRef": {"kind": "Pod", **pod}}
    await one.apply({"apiVersion": "v1", "kind": "Service", "metadata": head, "spec": {"ports": ports}})
    await one.apply(
        {
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": head,
            "subsets": [{"addresses": [reached], "ports": [{"name": "http", "port": port}]}],
        }
    )


async def _walked(session: aiohttp.ClientSession, door: str) -> None:
    root = URL(door).origin()
    async with session.get(door) as answer:
        text = await answer.text()
        assert answer.status == 200, text
        assert 'href="./deployments/default/chat"' in text
        assert 'href="./deployments/other/mail"' in text
    async with session.get(root / "deployments/default/chat") as answer:
        text = await answer.text()
        assert 'href="../../assets/console.css"' in text
    async with session.get(root / "assets/console.js") as answer:
        assert (answer.status, answer.content_type) == (200, "text/javascript")
    async with session.get(root / "reports") as answer:
        text = await answer.text()
        assert ("./reports/default/friday" in text, "./reports/other/friday" in text) == (True, False), text
    async with session.get(root / "reports/default/friday") as answer:
        assert await answer.text() == "<h1>Friday</h1>"
        assert answer.headers["Content-Security-Policy"] == reports_page.POLICY
    async with session.get(root / "reports/other/friday") as answer:
        assert answer.status == 403


async def _pretended_pod(one: Scene, address: str, metadata: dict[str, Any], container: dict[str, Any]) -> None:
    """A process as a pod, for the API server's proxy.

    It is on no node, so that nothing else writes its address.
    """
    spec = {"containers": [container], "schedulerName": "none"}
    await one.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    status = json.dumps({"status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}})
    place = (metadata["name"], "-n", metadata["namespace"])
    await one.kubectl("patch", "pod", *place, "--subresource=status", "--type=merge", "-p", status)
