"""The address before anything is sent to it: which models it lists, and whether it can be used."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from fairlead.batcher import batch_endpoint
from fairlead.batcher.batch_endpoint import AddressUnusable, BatchAddress, BatchEndpoint
from fairlead.batching.attempt_outcomes import Outcome
from tests.batcher.sent_batches import NOON, ScriptedAddress
from tests.batching.batch_lines import request
from tests.emulator.living import living
from tests.evaluator.pretended_endpoint import PretendedEndpoint
from tests.router.planes import before, run_story
from tests.router.test_engine_requests import keyed
from tests.router.test_tls import certified, secure_engine


async def models(url: str, key: str = "") -> frozenset[str] | None:
    async with batch_endpoint.opened() as session:
        address = BatchAddress(url=url, key=key, time_out_s=5.0)
        return await BatchEndpoint(session, address, now=lambda: NOON).models()


def test_a_router_lists_the_models_of_its_key(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, before(tmp_path, engines, **keyed(tmp_path)) as router:
            assert await models(router.url, "sk-1") == frozenset({"chat", "de"})
            with pytest.raises(
                AddressUnusable, match=r"it answers 401 unknown_key: it wants another key; name its file"
            ):
                await models(router.url, "sk-2")

    run_story(story())


def test_an_address_that_cannot_be_found_is_named() -> None:
    async def story() -> None:
        with pytest.raises(AddressUnusable, match=r"--to http://nowhere\.invalid: it does not answer: "):
            await models("http://nowhere.invalid")

    run_story(story())


@asynccontextmanager
async def refusing(status: str) -> AsyncIterator[int]:
    """The port of a proxy that refuses everything."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        await reader.readexactly(int(length[1]) if length else 0)
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        yield int(server.sockets[0].getsockname()[1])


@pytest.mark.parametrize(
    ("refusal", "because"),
    [("403 Forbidden", "403 Forb"), ("502 Bad Gateway", "502 Bad"), ("503", "503$")],
)
def test_a_proxy_that_refuses_is_named_without_its_password(refusal: str, because: str) -> None:
    async def story() -> None:
        async with refusing(refusal) as port, batch_endpoint.opened() as session:
            proxy = f"http://svc:S3cret@127.0.0.1:{port}"
            address = BatchAddress(url="https://chat.invalid", key="sk-1", proxy=proxy, time_out_s=5.0)
            endpoint = BatchEndpoint(session, address, now=lambda: NOON)
            with pytest.raises(AddressUnusable) as refused:
                await endpoint.models()
            attempt = await endpoint.send(request(), explain=False)
        assert "it does not answer: the proxy answers " in str(refused.value)
        assert "S3cret" not in f"{refused.value} {attempt}"
        assert attempt.outcome is Outcome.UNREACHABLE  # the address has not seen the request
        assert re.match(f"the proxy answers {because}", attempt.message)

    run_story(story())


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_wants_a_user_ends_the_run_and_its_variable_is_named(scheme: str) -> None:
    """An http request's reply is the proxy's own; for https it refuses the connection. Neither changes by waiting."""

    async def story() -> None:
        async with refusing("407 Proxy Authentication Required") as port, batch_endpoint.opened() as session:
            address = BatchAddress(
                url=f"{scheme}://chat.invalid", key="sk-1", proxy=f"http://svc:S3cret@127.0.0.1:{port}", time_out_s=5.0
            )
            endpoint = BatchEndpoint(session, address, now=lambda: NOON)
            with pytest.raises(AddressUnusable) as refused:
                await endpoint.models()
            attempt = await endpoint.send(request(), explain=False)
        assert attempt.outcome is Outcome.UNUSABLE
        assert endpoint.why_unusable(attempt) == str(refused.value)
        assert str(refused.value) == (
            f"--to {scheme}://chat.invalid: its proxy answers 407: it wants a user and a password; write them into "
            f"the variable {scheme.upper()}_PROXY: http://USER:PASSWORD@HOST:PORT"
        )
        assert "S3cret" not in f"{refused.value} {attempt}"

    run_story(story())


@pytest.mark.parametrize("proxy", ["http://svc:S3cret@proxy:port", "http://svc:S3cret@[proxy"])
def test_a_proxy_that_is_no_url_is_named_without_its_password(proxy: str) -> None:
    async def story() -> None:
        async with batch_endpoint.opened() as session:
            address = BatchAddress(url="https://chat.invalid", proxy=proxy, time_out_s=5.0)
            endpoint = BatchEndpoint(session, address, now=lambda: NOON)
            with pytest.raises(AddressUnusable, match="no URL; correct --to, or the variable that") as refused:
                await endpoint.models()
        assert "S3cret" not in str(refused.value)

    run_story(story())


def test_a_reply_that_is_not_http_is_called_so() -> None:
    async def story() -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            with pytest.raises(AddressUnusable, match="it does not answer: no HTTP reply: 400 "):
                await models(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")

    run_story(story())


def test_an_address_that_redirects_is_named_with_where_it_does() -> None:
    async def story() -> None:
        async def moved(request: web.Request) -> web.Response:
            return web.Response(status=308, headers={"Location": f"/other{request.path}"})

        application = web.Application()
        application.router.add_get("/{rest:.*}", moved)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        with pytest.raises(AddressUnusable, match=f"it redirects to {url}/other; name that with --to"):
            await models(url)
        await runner.cleanup()

    run_story(story())


def test_a_certificate_of_a_private_authority_is_named_with_what_to_do(tmp_path: Path) -> None:
    async def story() -> None:
        async with secure_engine(certified(tmp_path, 1)) as address:
            with pytest.raises(AddressUnusable, match=r"self-signed certificate; if a CA of .* SSL_CERT_FILE names"):
                await models(f"https://{address}")
            with pytest.raises(AddressUnusable, match="it does not answer: "):
                await models(f"http://{address}")

    run_story(story())


def test_an_address_without_tls_is_named_so() -> None:
    async def story() -> None:
        address = ScriptedAddress(lambda _: (200, {}, {}))
        async with address.listening():
            with pytest.raises(AddressUnusable, match="it does not answer: no TLS: "):
                await models(address.url.replace("http", "https"))

    run_story(story())


@pytest.mark.parametrize("page", ["[]", '{"data": null}', '{"data": ["chat"]}', "{}", "no", '{"data": []}'])
def test_a_page_that_lists_nothing_leaves_the_choice_to_the_address(page: str) -> None:
    with PretendedEndpoint(list_text=page) as endpoint:
        assert asyncio.run(models(endpoint.url)) is None
