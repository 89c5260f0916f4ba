"""External APIs: what they get, what they never get, and what happens when they are down."""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

import pytest

from fairlead.fleet.model_routes import ExternalTarget
from fairlead.router.config.settings import ExternalConfig
from fairlead.router.external_api import ExternalApi
from fairlead.router.wire.surfaces import Surface
from tests.router.gateways import Json, gateway, posted, single, target, written
from tests.router.planes import HOST, Raw, events, free_port, run_story, whole
from tests.router.test_engine_requests import DELTA
from tests.router.test_falling_back import ANSWER, BROKEN, EVERY, PROMPT, came_from, nothing_runs
from tests.router.test_tls import certified, secure_engine

CHAT: Final[Json] = {"model": "chat", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 4}
SECRET: Final = {"authorization": "Bearer tenants-own", "cookie": "who=me", "x_stainless_os": "Linux"}


def outside(address: str, folder: Path, **more: Any) -> Json:  # noqa: ANN401 - any JSON
    """One API with its own key."""
    (folder / "external-key").write_text("sk-outside\n")
    found: Json = {"name": "external/big", "url": f"http://{address}/openai/v1/", "model": "gpt-big"}
    return found | {"keyFile": str(folder / "external-key")} | more


def test_it_gets_the_body_for_its_model_our_key_and_nothing_of_the_client(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(ANSWER, events(DELTA), ANSWER).listening() as api:
            config = written(tmp_path, [], [single("chat", "external/big")], [outside(api.address, tmp_path)])
            async with gateway(config) as router:
                status, headers, text = await posted(router, CHAT, "/v1/chat/completions", **SECRET)
                assert (status, headers["x-fairlead-target"]) == (200, "external/big")
                assert json.loads(text)["choices"][0]["text"] == "a"
                status, _, text = await posted(router, CHAT | {"stream": True}, "/v1/chat/completions", **SECRET)
                assert (status, text.endswith("data: [DONE]\n\n")) == (200, True)
                assert (await posted(router, {"model": "chat", "input": "hi"}, "/v1/embeddings"))[0] == 200
                status, _, text = await posted(router, CHAT | {"max_tokens": 5}, "/v1/messages")
                assert (status, json.loads(text)["error"]["type"]) == (400, "invalid_request_error")
        head, _, sent = api.seen[0].partition(b"\r\n\r\n")
        assert head.split(b"\r\n") == [
            b"POST /openai/v1/chat/completions HTTP/1.1",
            b"host: " + api.address.encode(),
            b"authorization: Bearer sk-outside",
            b"content-type: application/json",
            b"content-length: %d" % len(sent),
        ]
        assert json.loads(sent) == CHAT | {"model": "gpt-big"}
        assert api.seen[2].startswith(b"POST /openai/v1/embeddings HTTP/1.1\r\n")

    run_story(story())


@pytest.mark.parametrize(
    ("url", "chat", "text"),
    [
        ("https://api.openai.com/v1", "max_completion_tokens", "max_tokens"),
        ("https://us.api.openai.com/v1", "max_completion_tokens", "max_tokens"),
        ("https://team.openai.azure.com/openai/v1", "max_completion_tokens", "max_tokens"),
        ("https://notopenai.com/v1", "max_tokens", "max_tokens"),
        ("http://10.0.0.7:8000/v1", "max_tokens", "max_tokens"),
    ],
)
def test_the_limit_of_output_has_the_name_that_the_api_takes(url: str, chat: str, text: str) -> None:
    """OpenAI's reasoning models refuse `max_tokens`, which a client that is limited here never sent."""
    api = ExternalApi(ExternalConfig(api=ExternalTarget(name="external/big", url=url, model="m")))
    assert (api.limit_members[Surface.CHAT], api.limit_members[Surface.COMPLETIONS]) == (chat, text)


def test_a_limit_of_output_here_is_named_to_the_api(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(ANSWER).listening() as api:
            limits = {"maxOutputTokens": 7}
            config = written(
                tmp_path, [], [single("chat", "external/big")], [outside(api.address, tmp_path)], limits=limits
            )
            async with gateway(config) as router:
                unlimited = {name: value for name, value in CHAT.items() if name != "max_tokens"}
                assert (await posted(router, unlimited, "/v1/chat/completions"))[0] == 200
        assert json.loads(api.seen[0].partition(b"\r\n\r\n")[2])["max_tokens"] == 7

    run_story(story())


@pytest.mark.parametrize("second", ['"model": "chat"', '"mod\\u0065l": "chat"'])
def test_no_client_gets_another_model_of_it_than_its_route_names(tmp_path: Path, second: str) -> None:
    """An API obeys the last of two members of one name; "chat" may be a dearer model there."""

    async def story() -> None:
        async with Raw(ANSWER).listening() as api:
            config = written(tmp_path, [], [single("chat", "external/big")], [outside(api.address, tmp_path)])
            async with gateway(config) as router:
                body = '{"model": "chat", "prompt": "hi", ' + second + "}"
                async with router.session.post(router.url + "/v1/completions", data=body) as answer:
                    assert answer.status == 200
        assert json.loads(api.seen[0].partition(b"\r\n\r\n")[2])["model"] == "gpt-big"

    run_story(story())


def test_its_cookies_and_names_of_our_organization_stay_here(tmp_path: Path) -> None:
    async def story() -> None:
        lines = b"set-cookie: __cf_bm=1\r\nOpenAI-Organization: ours\r\nRetry-After: 3\r\ncontent-type:"
        async with Raw(ANSWER.replace(b"content-type:", lines)).listening() as api:
            config = written(tmp_path, [], [single("chat", "external/big")], [outside(api.address, tmp_path)])
            async with gateway(config) as router:
                _, headers, text = await posted(router, PROMPT)
        assert set(headers) & {"set-cookie", "openai-organization"} == set()
        assert (headers["retry-after"], headers["content-type"]) == ("3", "application/json")
        assert json.loads(text)["usage"]["completion_tokens"] == 1

    run_story(story())


def test_a_deployment_that_is_lost_is_answered_for_from_outside(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(BROKEN).listening() as engine, Raw(ANSWER).listening() as api:
            routes = [single("chat", "ns/a", "external/big", reasons=EVERY)]
            config = written(tmp_path, [target("a", engine.address)], routes, [outside(api.address, tmp_path)])
            async with gateway(config) as router:
                status, headers, _ = await posted(router, PROMPT)
                assert (status, came_from(headers)) == (200, ("external/big", "EngineError; from=ns/a"))

    run_story(story())


def test_an_api_that_is_down_is_reported_soon_and_affects_no_other_target(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(*[ANSWER] * 9).listening() as engine:
            address = f"{HOST}:{free_port()}"
            routes = [single("chat", "external/big"), single("both", "external/big", "ns/a"), single("own", "ns/a")]
            targets = [target("a", engine.address)]
            config = written(tmp_path, targets, routes, [outside(address, tmp_path)], hold={"maxSeconds": 0.2})
            async with gateway(config) as router:
                status, _, text = await posted(router, PROMPT)
                assert status in (502, 503)
                assert address in text or "no replica" in text.lower()
                status, headers, _ = await posted(router, PROMPT | {"model": "both"})
                assert (status, headers["x-fairlead-target"]) == (200, "ns/a")
                assert (await posted(router, PROMPT | {"model": "own"}))[0] == 200

    run_story(story())


def test_a_host_that_no_resolver_takes_is_like_one_that_is_down(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(*[ANSWER] * 9).listening() as engine:
            config = written(
                tmp_path,
                [target("a", engine.address)],
                [single("both", "external/big", "ns/a")],
                [outside("a..b:80", tmp_path)],
            )
            async with gateway(config) as router:
                status, headers, _ = await posted(router, PROMPT | {"model": "both"})
                assert (status, headers["x-fairlead-target"]) == (200, "ns/a")

    run_story(story())


@pytest.mark.parametrize("code", [401, 402, 403])
def test_a_key_that_it_refuses_is_no_affair_of_clients(tmp_path: Path, code: int) -> None:
    async def story() -> None:
        refusal = whole(b'{"error":{"message":"Incorrect API key provided: sk-outside"}}', code)
        async with Raw(refusal, refusal).listening() as api, Raw(ANSWER).listening() as engine:
            routes = [single("chat", "external/big"), single("both", "external/big", "ns/a", reasons=EVERY)]
            config = written(tmp_path, [target("a", engine.address)], routes, [outside(api.address, tmp_path)])
            async with gateway(config) as router:
                status, _, text = await posted(router, PROMPT)
                assert (status, json.loads(text)["error"]["code"]) == (502, "external_key_refused")
                assert "sk-outside" not in text
                status, headers, _ = await posted(router, PROMPT | {"model": "both"})
                assert (status, came_from(headers)) == (200, ("ns/a", "EngineError; from=external/big"))

    run_story(story())


@pytest.mark.parametrize("code", [301, 307])
def test_an_api_that_has_moved_is_a_failure_of_ours_which_no_tenant_pays_for(tmp_path: Path, code: int) -> None:
    """Its clients got the redirect, without where to, and their tenant paid for an answer."""
    moved = whole(b"<html>Moved</html>", code).replace(b"\r\n", b"\r\nlocation: https://elsewhere.example\r\n", 1)

    async def story() -> None:
        async with Raw(*[moved] * 2).listening() as api, Raw(ANSWER).listening() as engine:
            routes = [single("chat", "external/big"), single("both", "external/big", "ns/a", reasons=["EngineError"])]
            config = written(tmp_path, [target("a", engine.address)], routes, [outside(api.address, tmp_path)])
            async with gateway(config) as router:
                status, headers, text = await posted(router, PROMPT)
                assert (status, json.loads(text)["error"]["code"]) == (502, "replica_unreachable")
                assert ("location" in headers, "it redirects to another address" in text) == (False, True)
                status, headers, _ = await posted(router, PROMPT | {"model": "both"})
                assert (status, came_from(headers)) == (200, ("ns/a", "EngineError; from=external/big"))
                assert await nothing_runs(router)

    run_story(story())


def test_a_limit_of_its_own_is_overload(tmp_path: Path) -> None:
    async def story() -> None:
        limited = whole(b'{"error":{"message":"Rate limit reached","code":"rate_limit_exceeded"}}', 429)
        limited = limited.replace(b"\r\n", b"\r\nretry-after: 30\r\n", 1)
        async with Raw(*[limited] * 4).listening() as api, Raw(ANSWER).listening() as engine:
            routes = [single("chat", "external/big"), single("both", "external/big", "ns/a", reasons=["QueueFull"])]
            config = written(tmp_path, [target("a", engine.address)], routes, [outside(api.address, tmp_path)])
            async with gateway(config) as router:
                status, headers, text = await posted(router, PROMPT)
                assert (status, headers["retry-after"], "Rate limit reached" in text) == (429, "30", True)
                assert len(api.seen) == 1, "a second request would come too soon"
                _, headers, _ = await posted(router, PROMPT | {"model": "both"})
                assert came_from(headers) == ("ns/a", "QueueFull; from=external/big")
                assert len(api.seen) == 2
                assert await nothing_runs(router)

    run_story(story())


def test_it_never_gets_more_at_once_than_it_may(tmp_path: Path) -> None:
    running = most = 0

    async def story() -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal running, most
            try:
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
                    running += 1
                    most = max(most, running)
                    await asyncio.sleep(0.01)
                    running -= 1
                    writer.write(ANSWER)
            except asyncio.IncompleteReadError:
                writer.close()

        server = await asyncio.start_server(answer, HOST, 0)
        address = f"{HOST}:{server.sockets[0].getsockname()[1]}"
        api = outside(address, tmp_path, maxConcurrency=3)
        async with gateway(written(tmp_path, [], [single("chat", "external/big")], [api])) as router:
            answers = await asyncio.gather(*(posted(router, PROMPT) for _ in range(30)))
            assert {status for status, _, _ in answers} == {200}
        server.close()

    run_story(story())
    assert most == 3


def test_its_certificate_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = certified(tmp_path / "certified", 1)

    async def status() -> int:
        async with secure_engine(folder) as address:
            api = outside(address, tmp_path, url=f"https://{address}/v1")
            config = written(tmp_path, [], [single("chat", "external/big")], [api], hold={"maxSeconds": 0.2})
            async with gateway(config) as router:
                return (await posted(router, PROMPT))[0]

    async def story() -> None:
        assert await status() in (502, 503), "nobody vouches for it"
        monkeypatch.setenv("SSL_CERT_FILE", str(folder / "tls.crt"))
        assert await status() == 200

    run_story(story())
