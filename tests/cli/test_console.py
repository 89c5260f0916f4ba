"""`fairlead console`: a local proxy, for one reader, to the leading pod."""

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from fairlead.cli import cluster_client, console_proxy
from fairlead.cli.cluster_client import ClusterUnavailable
from fairlead.cluster.kinds import POD, SERVICE_ACCOUNT, Manifest
from fairlead.process.console_views import FORWARDED
from tests.cli.conftest import Run
from tests.cli.pretend_cluster import LABELS, PretendCluster, running
from tests.cluster.fake_api import FakeRequest

FORBIDDEN = "pods is forbidden: pods/proxy"


class ConsoleCluster(PretendCluster):
    """Two operator pods with a console: the second one leads."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, str, str]] = []
        """Pod, path with query, token."""
        self.refusal = ""
        """The content of its replies to requests for pages, each a 403."""
        self.unreachable = ""
        """The pod of a node that does not answer."""
        self.cuts = False
        """A proxy cuts such requests before the API server answers."""

    def has_consoles(self, port_name: str = "console") -> None:
        """As the chart creates them with console.enabled."""
        self.has_pods("fairlead-0", "fairlead-1", port_name=port_name)

    def has_pods(self, *names: str, port_name: str = "console", namespace: str = "fairlead-system") -> None:
        """Create pods of the operator; those whose name ends in 0 stand by."""
        for name in names:
            metadata = {"name": name, "namespace": namespace, "labels": LABELS}
            ports = [{"name": "metrics", "containerPort": 9090}, {"name": port_name, "containerPort": 9091}]
            self.put(
                POD,
                {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [{"ports": ports}]}},
            )

    async def _carry_out(self, request: web.Request, sent: FakeRequest, body: Manifest) -> web.StreamResponse:
        if sent.subresource == "token":
            return web.json_response({"status": {"token": f"of-{sent.name}"}}, status=201)
        if sent.subresource != "proxy":
            return await super()._carry_out(request, sent, body)
        if self.refusal:
            return web.Response(status=403, text=self.refusal, content_type="application/json")
        _, _, page = str(request.rel_url).partition("/proxy")
        self.seen.append((sent.name, page, request.headers.get(FORWARDED, "")))
        pod = sent.name.partition(":")[0]
        if self.unreachable == pod and self.cuts:
            assert request.transport is not None
            request.transport.close()
        if self.unreachable == pod:
            status = {"kind": "Status", "message": "error trying to reach service: dial tcp: i/o timeout", "code": 502}
            return web.json_response(status, status=502)
        self.objects.found((POD.title, sent.namespace or "", pod))
        if pod.endswith("0"):
            return web.Response(status=503, text="standing by")
        return web.Response(text=f"<h1>{page}</h1>", content_type="text/html")


@contextmanager
def a_cluster(folder: Path) -> Iterator[ConsoleCluster]:
    with running(folder, ConsoleCluster) as (cluster, kubeconfig):
        os.environ["KUBECONFIG"] = kubeconfig
        assert isinstance(cluster, ConsoleCluster)
        yield cluster


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ConsoleCluster]:
    monkeypatch.setenv("KUBECONFIG", "")
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with a_cluster(tmp_path) as made:
        yield made


Scenario = Callable[[aiohttp.ClientSession, str], Awaitable[None]]


def entered(scenario: Scenario, account: str | None = None, operator_namespace: str | None = None) -> None:
    """A browser session at the open proxy, with cookies."""

    async def run() -> None:
        async with cluster_client.open_cluster(None, operator_namespace) as reached:
            way = await console_proxy.passage(reached, account)
            async with (
                console_proxy.opened(way, 0) as address,
                aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session,
            ):
                await scenario(session, address)

    asyncio.run(run())


def test_the_printed_address_opens_the_console_of_the_pod_that_leads(cluster: ConsoleCluster) -> None:
    cluster.has_consoles()

    async def scenario(session: aiohttp.ClientSession, address: str) -> None:
        async with session.get(address) as answer:
            assert (answer.status, answer.url.query_string, await answer.text()) == (200, "", "<h1>/</h1>")
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        async with session.get(URL(address).origin() / "deployments/team/chat") as answer:
            assert await answer.text() == "<h1>/deployments/team/chat</h1>"
        async with session.get(URL(address).origin() % {"page": "2"}) as answer:
            assert await answer.text() == "<h1>/?page=2</h1>"

    entered(scenario)
    assert cluster.seen == [
        ("fairlead-0:9091", "/", "Bearer t"),
        ("fairlead-1:9091", "/", "Bearer t"),
        ("fairlead-1:9091", "/deployments/team/chat", "Bearer t"),
        ("fairlead-1:9091", "/?page=2", "Bearer t"),
    ]


def test_a_tenants_pod_with_the_operators_labels_never_receives_the_readers_token(cluster: ConsoleCluster) -> None:
    """Whoever may create a pod in any namespace can give it these labels, and its namespace may sort first."""
    cluster.has_consoles()
    cluster.has_pods("evil-1", namespace="aaa")

    async def scenario(session: aiohttp.ClientSession, address: str) -> None:
        assert await read(session, address) == (200, "<h1>/</h1>")
        cluster.remove(POD, "fairlead-system", "fairlead-0")
        cluster.remove(POD, "fairlead-system", "fairlead-1")
        status, words = await read(session, address)
        assert status == 503, "during an upgrade it is not taken for the new operator"
        assert "no pod of the operator is found in fairlead-system; --operator-namespace names" in words

    entered(scenario)
    assert {pod for pod, _, _ in cluster.seen} == {"fairlead-0:9091", "fairlead-1:9091"}


def test_an_operator_elsewhere_is_used_only_when_its_namespace_is_named(cluster: ConsoleCluster) -> None:
    cluster.has_pods("fairlead-1", namespace="ops")

    async def scenario(session: aiohttp.ClientSession, address: str) -> None:
        assert await read(session, address) == (200, "<h1>/</h1>")

    with pytest.raises(ClusterUnavailable, match="is found in fairlead-system; --operator-namespace names"):
        entered(scenario)
    assert cluster.seen == []
    entered(scenario, operator_namespace="ops")
    assert cluster.seen == [("fairlead-1:9091", "/", "Bearer t")]


async def read(session: aiohttp.ClientSession, address: str) -> tuple[int, str]:
    async with session.get(address) as answer:
        return answer.status, await answer.text()


def test_the_console_of_a_session_outlives_the_pods_that_it_began_with(cluster: ConsoleCluster) -> None:
    cluster.has_pods("fairlead-0", "fairlead-1")

    async def scenario(session: aiohttp.ClientSession, address: str) -> None:
        assert await read(session, address) == (200, "<h1>/</h1>")
        cluster.remove(POD, "fairlead-system", "fairlead-1")
        status, words = await read(session, address)
        assert (status, words) == (503, "standing by"), "none leads for a moment"

        cluster.remove(POD, "fairlead-system", "fairlead-0")
        cluster.has_pods("fairlead-2", "fairlead-10")
        assert await read(session, address) == (200, "<h1>/</h1>"), "an upgrade replaced both"
        cluster.remove(POD, "fairlead-system", "fairlead-2")
        cluster.remove(POD, "fairlead-system", "fairlead-10")
        status, words = await read(session, address)
        assert (status, words.partition(" in ")[0]) == (503, "no pod of the operator is found")

    entered(scenario)


@pytest.mark.parametrize(
    ("cuts", "problem"), [(False, "error trying to reach service: dial tcp"), (True, "get pods/proxy fairlead-system")]
)
def test_a_pod_whose_node_does_not_answer_is_passed_over(cluster: ConsoleCluster, *, cuts: bool, problem: str) -> None:
    cluster.has_pods("fairlead-1", "fairlead-3")
    cluster.unreachable, cluster.cuts = "fairlead-1", cuts

    async def scenario(session: aiohttp.ClientSession, address: str) -> None:
        for _ in range(2):
            assert await read(session, address) == (200, "<h1>/</h1>")
        cluster.remove(POD, "fairlead-system", "fairlead-3")
        status, words = await read(session, address)
        assert (status, words[: len(problem)]) == (503, problem)

    entered(scenario)
    tried = [pod.partition(":")[0] for pod, _ in groupby(name for name, _, _ in cluster.seen)]
    assert tried == ["fairlead-1", "fairlead-3", "fairlead-1"], "it is not asked first again"


def test_without_the_key_under_another_name_or_beside_the_console_nothing_is_passed_on(cluster: ConsoleCluster) -> None:
    cluster.has_consoles()

    async def scenario(session: aiohttp.ClientSession, address: str) -> None:
        origin = URL(address).origin()
        async with session.get(origin) as answer:
            assert (answer.status, await answer.text()) == (403, "open the address that fairlead console printed\n")
        async with session.get(address, headers={"Host": "evil.example"}) as answer:
            assert answer.status == 403
        async with session.get(URL(f"{origin}/%2e%2e/%2e%2e/secrets", encoded=True)) as answer:
            assert answer.status in (403, 404)
        async with session.post(address) as answer:
            assert answer.status == 405

    entered(scenario)
    assert cluster.seen == []


@pytest.mark.parametrize("reply", [f'{{"kind": "Status", "message": "{FORBIDDEN}"}}', FORBIDDEN])
def test_a_missing_permission_is_reported_with_the_words_of_the_api_server(cluster: ConsoleCluster, reply: str) -> None:
    cluster.has_consoles()
    cluster.refusal = reply

    async def scenario(session: aiohttp.ClientSession, address: str) -> None:
        async with session.get(address) as answer:
            assert (answer.status, await answer.text()) == (403, f"{FORBIDDEN}\n")

    entered(scenario)


def test_a_client_certificate_reads_as_a_service_account(cluster: ConsoleCluster) -> None:
    cluster.has_consoles()
    metadata = {"name": "reader", "namespace": "team"}
    cluster.put(SERVICE_ACCOUNT, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})

    async def scenario(session: aiohttp.ClientSession, address: str) -> None:
        async with session.get(address) as answer:
            assert answer.status == 200

    entered(scenario, "team/reader")
    assert {token for _, _, token in cluster.seen} == {"Bearer of-reader"}


def test_a_user_that_acts_as_another_one_does_not_read_with_its_own_token(cluster: ConsoleCluster) -> None:
    cluster.has_consoles()
    path = Path(os.environ["KUBECONFIG"])
    path.write_text(path.read_text().replace('"token": "t"', '"token": "t", "as": "viewer"'))

    async def scenario(session: aiohttp.ClientSession, address: str) -> None:
        pytest.fail(f"{session} came in at {address}")

    with pytest.raises(ClusterUnavailable, match=r"acts as another one \(users\[\]\.user\.as\).* --service-account"):
        entered(scenario)


@pytest.mark.parametrize(
    ("account", "named", "words"),
    [
        (None, "webhook", "the operator serves no console: set console.enabled=true"),
        (None, "", "no pod of the operator is found"),
        ("reader", "console", "--service-account reader: write NAMESPACE/NAME"),
        ("team/reader/", "console", "--service-account team/reader/: 'reader/' cannot be the name of an object"),
    ],
)
def test_a_missing_prerequisite_is_reported_before_anything_is_opened(
    cluster: ConsoleCluster, account: str | None, named: str, words: str
) -> None:
    if named:
        cluster.has_consoles(named)

    async def scenario(session: aiohttp.ClientSession, address: str) -> None:
        pytest.fail(f"{session} came in at {address}")

    with pytest.raises(ClusterUnavailable, match=words):
        entered(scenario, account)


def test_the_command_prints_the_address_and_ends_with_a_signal(run: Run, cluster: ConsoleCluster) -> None:
    cluster.has_consoles()

    ended = threading.Timer(2.0, os.kill, (os.getpid(), signal.SIGINT))
    ended.start()
    code, out, err = run("console")
    ended.join()
    assert (code, err) == (0, "")
    assert out.startswith("Open http://127.0.0.1:")


def test_the_command_says_why_it_cannot(run: Run, cluster: ConsoleCluster) -> None:
    code, out, err = run("console")
    assert (code, out) == (1, "")
    assert "no pod of the operator is found" in err
    assert cluster.seen == []
