"""A 401 of the API server makes a credential plugin run again, whatever was requested; one of a pod does not."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import pytest

from fairlead.cluster import account_tokens, pod_logs, pod_proxy, service_proxy
from fairlead.cluster.api_server import ApiServer, Unreachable
from fairlead.cluster.connection import ApiConnection
from fairlead.cluster.credential_plugin import MIN_HELD_S, CredentialPlugin
from fairlead.cluster.kinds import CONFIG_MAP
from fairlead.cluster.kubeconfig import KubeconfigSource
from fairlead.cluster.service_proxy import ServicePort
from tests.cluster.fake_api import FakeApi, Fault
from tests.cluster.test_credential_plugin import COUNTED, NOW, plugin, printing, user, variables
from tests.cluster.test_kubeconfig import written
from tests.cluster.worlds import run

POD: Final = ("fairlead-system", "fairlead-0")
REFUSED: Final = Fault(
    code=401,
    body='{"kind": "Status", "apiVersion": "v1", "code": 401, "message": "Unauthorized"}',
    headers={"Content-Type": "application/json"},
)
"""The API server's own words."""
OF_A_POD: Final = {
    "text": Fault(code=401, body="<h1>Unknown token</h1>", headers={"Content-Type": "text/html"}),
    "JSON": Fault(code=401, body='{"error": {"message": "no key"}}', headers={"Content-Type": "application/json"}),
    "longer": Fault(code=401, body='"' + 20_000 * "no key " + '"', headers={"Content-Type": "application/json"}),
}


async def objects(connection: ApiConnection) -> object:
    """List objects."""
    return await ApiServer(connection).listing(CONFIG_MAP)


async def page(connection: ApiConnection) -> object:
    """Read a page of a pod."""
    return await pod_proxy.read_page(connection, POD, 9090, "/page")


async def log(connection: ApiConnection) -> object:
    """Read a pod's log."""
    return [line async for line in pod_logs.lines(connection, POD, {})]


async def token(connection: ApiConnection) -> object:
    """Request the token of a ServiceAccount."""
    return await account_tokens.issue(connection, "team", "reader")


async def chat(connection: ApiConnection) -> object:
    """Send a chat request to a model, and read what it answers."""
    async with service_proxy.post(connection, ServicePort("team", "chat:http"), "/v1/chat", b"{}", {}) as answer:
        return b"".join([part async for part in answer.parts])


Sending = Callable[[ApiConnection], Awaitable[object]]


def answered(folder: Path, sending: Sending, fault: Fault, *, times: int = 3) -> tuple[list[str | None], list[object]]:
    """Send it some times, first at once and then each ten seconds; the tokens used next, and what was answered."""
    now, tokens, answers = NOW, list[str | None](), list[object]()

    async def story() -> None:
        nonlocal now
        async with FakeApi().served() as fake:
            cluster = {"name": "here", "cluster": {"server": fake.address}}
            path = written(folder / "config", "here", user(), clusters=[cluster])
            source = KubeconfigSource(
                files=(Path(path),), environ=variables(path), context=None, plugin=CredentialPlugin(lambda: now)
            )
            async with ApiConnection(source, await source()) as connection:
                for number in range(times):
                    now = NOW + MIN_HELD_S * min(number, 1)
                    fake.faults.append((lambda _: True, fault))
                    try:
                        answers.append(await sending(connection))
                    except Unreachable as problem:
                        answers.append(str(problem))
                    tokens.append((await connection.credentials()).token)

    plugin(folder, COUNTED, printing('{"token": "t$number"}'))
    run(story())
    return tokens, answers


@pytest.mark.parametrize("sending", [objects, page, log, token, chat])
def test_a_401_runs_it_again_and_one_of_a_request_that_was_sent_before_does_not(
    tmp_path: Path, sending: Sending
) -> None:
    tokens, answers = answered(tmp_path, sending, REFUSED)
    assert tokens == ["t1", "t2", "t2"]
    assert all("Unauthorized" in str(one) for one in answers)


@pytest.mark.parametrize("words", OF_A_POD)
@pytest.mark.parametrize("sending", [page, log, chat])
def test_a_401_of_a_pod_behind_the_api_server_is_no_reason_to_run_it_again(
    tmp_path: Path, sending: Sending, words: str
) -> None:
    """Such as a console that does not accept the token that was passed on, or a router that wants a key."""
    tokens, answers = answered(tmp_path, sending, OF_A_POD[words])
    assert tokens == ["t1"] * 3
    if sending is chat:
        assert answers == [OF_A_POD[words].body.encode()] * 3
