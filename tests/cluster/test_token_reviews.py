"""The API server is asked in the name of a token's owner, never in the router's own."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from fairlead.cluster import access_reviews
from fairlead.fleet.token_rights import TokenRight
from tests.cluster.test_connection import kubeconfig
from tests.cluster.worlds import run

ALLOWED = {"status": {"allowed": True}}
DENIED = {"status": {"allowed": False}}


@asynccontextmanager
async def answering(status: int, text: str, seen: list[tuple[str, object]]) -> AsyncIterator[str]:
    async def review(request: web.Request) -> web.Response:
        who = " as ".join(value for name, value in request.headers.items() if name.startswith(("Author", "Imperson")))
        seen.append((who, await request.json()))
        return web.Response(status=status, text=text)

    app = web.Application()
    app.add_routes([web.post(access_reviews.PATH, review)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.trial(16)
@pytest.mark.parametrize(
    ("status", "text", "right"),
    [
        (201, json.dumps(ALLOWED), TokenRight.ALLOWED),
        (200, json.dumps(ALLOWED), TokenRight.ALLOWED),
        (201, json.dumps(DENIED), TokenRight.DENIED),
        (201, json.dumps({"status": {"allowed": "true"}}), TokenRight.DENIED),
        (201, "[]", TokenRight.DENIED),
        (201, "nonsense", TokenRight.NO_ANSWER),
        (401, "{}", TokenRight.UNKNOWN_TOKEN),
        (403, "{}", TokenRight.DENIED),
        (429, "{}", TokenRight.NO_ANSWER),
        (500, "{}", TokenRight.NO_ANSWER),
    ],
)
def test_only_a_well_formed_answer_of_the_api_server_allows_a_token(
    tmp_path: Path, status: int, text: str, right: TokenRight
) -> None:
    async def story() -> None:
        seen: list[tuple[str, object]] = []
        async with answering(status, text, seen) as server:
            environ = {"KUBECONFIG": kubeconfig(tmp_path, server, {"token": "our-own"})}
            assert await access_reviews.may_get("theirs", "/metrics", environ) is right
        spec = {"nonResourceAttributes": {"path": "/metrics", "verb": "get"}}
        ((who, request),) = seen
        assert who == "Bearer theirs"
        assert isinstance(request, dict)
        assert (request["kind"], request["spec"]) == ("SelfSubjectAccessReview", spec)

    run(story())


def test_our_client_certificate_is_not_presented_with_another_clients_token(tmp_path: Path) -> None:
    """The server would take its owner for the requester, and allow everything that we may do."""
    ours = {"client-certificate": str(tmp_path / "our.crt"), "client-key": str(tmp_path / "our.key")}
    for name in ours.values():
        Path(name).write_text("none that could be loaded")

    async def story() -> None:
        seen: list[tuple[str, object]] = []
        async with answering(201, json.dumps(DENIED), seen) as server:
            environ = {"KUBECONFIG": kubeconfig(tmp_path, server, ours)}
            assert await access_reviews.may_get("theirs", "/metrics", environ) is TokenRight.DENIED

    run(story())


def test_the_user_that_ours_acts_as_is_not_named_with_another_clients_token(tmp_path: Path) -> None:
    async def story() -> None:
        seen: list[tuple[str, object]] = []
        async with answering(201, json.dumps(DENIED), seen) as server:
            environ = {"KUBECONFIG": kubeconfig(tmp_path, server, {"token": "our-own", "as": "admin"})}
            assert await access_reviews.may_get("theirs", "/metrics", environ) is TokenRight.DENIED
        assert [who for who, _ in seen] == ["Bearer theirs"]

    run(story())


@pytest.mark.parametrize("token", ["a\r\nb: c", "schlüssel", "\x00"])
def test_what_cannot_be_a_token_is_not_sent(token: str) -> None:
    async def story() -> None:
        assert await access_reviews.may_get(token, "/metrics", {}) is TokenRight.UNKNOWN_TOKEN

    run(story())


def test_without_a_way_to_the_cluster_nothing_is_known(tmp_path: Path) -> None:
    async def story() -> None:
        absent = {"KUBECONFIG": str(tmp_path / "absent")}
        assert await access_reviews.may_get("t", "/metrics", absent) is TokenRight.NO_ANSWER
        texts = {"KUBECONFIG": kubeconfig(tmp_path, "http://127.0.0.1:1", {"token": "t"})}
        assert await access_reviews.may_get("t", "/metrics", texts) is TokenRight.NO_ANSWER

    run(story())
