"""Tenants with an issuer's tokens at a whole router, beside those with API keys."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from time import time  # noqa: TID251 - tokens end by the clock that the router reads
from typing import Any

from tests.emulator.living import living
from tests.router.issuers import QUICK, SELDOM, issuer, keys_read, message, secured, sent, tenants
from tests.router.planes import HOST, PROMPT, STREAM, Plane, Raw, free_port, plane, run_story, whole, written
from tests.routing.tokens.issuing import signer

ANSWER = whole(b'{"usage": {"prompt_tokens": 1, "completion_tokens": 1}}')


async def readings(router: Plane, result: str) -> float:
    return await router.metric(f'fairlead_router_issuer_key_readings_total{{result="{result}"}}')


def test_a_token_and_a_key_of_one_tenant_are_the_same_tenants_requests(tmp_path: Path) -> None:
    async def story() -> None:
        async with issuer(tmp_path) as there, secured(tmp_path, there) as router:
            await keys_read(router, there)
            for key in (there.token(), "sk-shop", there.token("bank"), there.token("lab")):
                assert (await sent(router, key))[:2] == (200, "")
            for name, requests in (("shop", 3), ("bank", 1), ("lab", 1)):
                family = "fairlead_router_tenant_requests_total"
                assert await router.metric(f'{family}{{tenant="{name}",model="chat",code="2xx"}}') == requests
            for key in ("sk-else", "", "a.b"):
                assert (await sent(router, key))[:2] == (401, "unknown_key")
            assert "neither an API key that is known here nor a token" in await message(router, "sk-else")

    run_story(story())


def test_a_tenant_with_a_token_reads_its_own_usage_and_its_own_models(tmp_path: Path) -> None:
    async def story() -> None:
        async with issuer(tmp_path) as there, living() as (engine,):
            config = written(
                tmp_path,
                [engine.address],
                oidc=there.oidc,
                tenants=[{"name": "shop", "models": ["chat"]}, {"name": "bank", "models": ["de"]}],
            )
            text = json.loads(config.read_text()) | {"pricePerHour": "3.6"}
            config.write_text(json.dumps(text))
            async with plane(config, pace=QUICK) as router:
                await router.until("routable")
                await keys_read(router, there)
                pages = {}
                for name in ("shop", "bank"):
                    headers = {"authorization": f"Bearer {there.token(name)}"}
                    for path in ("/v1/usage", "/v1/models"):
                        async with router.session.get(router.url + path, headers=headers) as answer:
                            pages[name, path] = (await answer.json())["data"]
                assert sum(one["num_model_requests"] for one in pages["shop", "/v1/usage"][0]["results"]) == 1
                assert pages["bank", "/v1/usage"] == []
                assert [one["id"] for one in pages["shop", "/v1/models"]] == ["chat"]
                assert [one["id"] for one in pages["bank", "/v1/models"]] == ["de"]
                for path in ("/v1/usage", "/v1/models"):
                    async with router.session.get(router.url + path) as answer:
                        assert answer.status == 401

    run_story(story())


def test_no_token_reaches_an_engine(tmp_path: Path) -> None:
    async def story() -> None:
        async with (
            issuer(tmp_path) as there,
            Raw(*[ANSWER] * 3).listening() as engine,
            secured(tmp_path, there, address=engine.address) as router,
        ):
            await keys_read(router, there)
            assert len(engine.seen) == 1
            assert b"eyJ" not in b"".join(engine.seen)

    run_story(story())


def test_before_the_first_reading_tokens_wait_outside_and_keys_do_not(tmp_path: Path) -> None:
    async def story() -> None:
        async with issuer(tmp_path) as there:
            there.opened.clear()
            async with secured(tmp_path, there) as router:
                status, code, headers = await sent(router, there.token())
                assert (status, code, headers["retry-after"]) == (503, "issuer_keys_unread", "1")
                assert (await sent(router, "sk-shop"))[0] == 200
                assert (await sent(router, "a.b.c"))[:2] == (401, "token_refused")
                async with router.session.get(router.url + "/ready") as answer:
                    assert answer.status == 200
                there.opened.set()
                await keys_read(router, there)
                assert (await sent(router, there.token()))[0] == 200

    run_story(story())


def test_keys_that_are_rotated_while_requests_run_cost_no_request_that_is_sent_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with issuer(tmp_path) as there, secured(tmp_path, there, SELDOM) as router:
            await keys_read(router, there)
            codes: list[tuple[int, str]] = []
            stopped = asyncio.Event()

            async def client() -> None:
                while not stopped.is_set():
                    token = there.token()
                    found = await sent(router, token)
                    while found[0] == 503:
                        await asyncio.sleep(0.01)
                        found = await sent(router, token)
                    codes.append(found[:2])

            clients = [asyncio.create_task(client()) for _ in range(4)]
            for number in range(3):
                await asyncio.sleep(0.05)
                new = signer("ES256", f"new {number}")
                there.shown = [new, *there.shown[:1]]
                await there.read()
            stopped.set()
            await asyncio.gather(*clients)
            assert set(codes) == {(200, "")}
            assert len(codes) > 10
            assert await readings(router, "read") >= 4

    run_story(story())


def test_while_the_issuer_is_away_its_last_keys_count(tmp_path: Path) -> None:
    async def story() -> None:
        async with issuer(tmp_path) as there, secured(tmp_path, there) as router:
            await keys_read(router, there)
            new = signer("ES256", "new")
            for page, result in (
                ({"issuer": "https://other.example"}, "unusable"),
                ({"jwks_uri": "https://127.0.0.1:1"}, "unreachable"),
            ):
                there.page = page
                before = await readings(router, result)
                while await readings(router, result) == before:
                    await asyncio.sleep(0.01)
                assert (await sent(router, there.token()))[0] == 200
                assert (await sent(router, there.token(by=new)))[:2] == (503, "issuer_keys_unread")
            there.page = {}
            there.shown = [new]
            await there.read(2)
            assert (await sent(router, there.token()))[0] == 200

    run_story(story())


def test_a_token_ends_on_a_connection_that_is_kept(tmp_path: Path) -> None:
    """The same head, again and again: the cache of heads must not outlive the token."""

    async def story() -> None:
        async with issuer(tmp_path) as there, secured(tmp_path, there) as router:
            await keys_read(router, there)
            token = there.token(exp=time() - 28)
            reader, writer = await asyncio.open_connection(HOST, router.port)
            content = json.dumps(PROMPT).encode()
            head = f"POST /v1/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            head += "Content-Type: application/json\r\n"
            request = f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content
            statuses: list[int] = []
            body = b""
            while 401 not in statuses:
                writer.write(request)
                answer = await reader.readuntil(b"\r\n\r\n")
                length = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                body = await reader.readexactly(length)
                statuses.append(int(answer.split(b" ")[1]))
                await asyncio.sleep(0.05)
            assert statuses[0] == 200
            assert json.loads(body)["error"]["code"] == "token_refused"
            assert json.loads(body)["error"]["message"].startswith("The token expired 3")
            writer.close()

    run_story(story())


def test_a_stream_that_began_in_time_is_not_cut_when_its_token_ends(tmp_path: Path) -> None:
    async def story() -> None:
        async with issuer(tmp_path) as there, secured(tmp_path, there) as router:
            await keys_read(router, there)
            headers = {"authorization": f"Bearer {there.token(exp=time() - 28.5)}"}
            body = STREAM | {"max_tokens": 1500}
            async with router.session.post(router.url + "/v1/completions", json=body, headers=headers) as answer:
                assert answer.status == 200
                assert (await answer.text()).rstrip().endswith("data: [DONE]")

    run_story(story())


def test_claims_of_a_tenant_may_be_several_and_a_token_may_have_several(tmp_path: Path) -> None:
    async def story() -> None:
        async with issuer(tmp_path) as there, secured(tmp_path, there, bank=["b", "c"], lab=["l"]) as router:
            await keys_read(router, there)
            for sub in ("c", ["x", "b", "l"], "shop", ["l"]):
                assert (await sent(router, there.token(sub)))[0] == 200
            assert (await sent(router, there.token("bank")))[:2] == (403, "unknown_tenant")
            for name, requests in (("shop", 2), ("bank", 2), ("lab", 1)):
                family = "fairlead_router_tenant_requests_total"
                assert await router.metric(f'{family}{{tenant="{name}",model="chat",code="2xx"}}') == requests

    run_story(story())


def test_other_claims_audiences_and_issuers_count_without_a_restart(tmp_path: Path) -> None:
    async def story() -> None:
        async with issuer(tmp_path) as there, living() as (engine,):

            def change(oidc: dict[str, Any] | None, **claims: list[str]) -> None:
                routing: dict[str, Any] = {"tenants": tenants(tmp_path, **claims)} | ({"oidc": oidc} if oidc else {})
                written(tmp_path, [engine.address], **routing)

            async def until(key: str, *wanted: object) -> None:
                while (await sent(router, key))[:2] != wanted:
                    await asyncio.sleep(0.01)

            change(None)
            async with plane(tmp_path / "router.json", pace=QUICK) as router:
                await router.until("routable")
                token = there.token()
                assert (await sent(router, token))[:2] == (401, "unknown_key")
                change(there.oidc)
                await until(token, 200, "")
                change(there.oidc, shop=["else"])
                await until(token, 403, "unknown_tenant")
                change(there.oidc | {"audiences": ["others"]})
                await until(token, 401, "token_refused")
                change(there.oidc | {"issuer": f"https://{HOST}:{free_port()}"})
                await until(token, 503, "issuer_keys_unread")
                assert (await sent(router, "sk-shop"))[0] == 200
                change(None)
                await until(token, 401, "unknown_key")

    run_story(story())


def test_a_router_without_an_issuer_imports_nothing_of_tokens() -> None:
    program = (
        "import sys; import fairlead.router.process; unwanted = {'jwt', 'cryptography', 'aiohttp'}; "
        "sys.exit(', '.join((unwanted | {'fairlead.router.tenant_tokens'}) & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
