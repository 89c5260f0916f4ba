"""Prompts near a limit are counted by an engine first; if that fails in any way, the estimate decides."""

import asyncio
import json
from contextlib import suppress
from pathlib import Path

import pytest

from fairlead.router import token_counts
from tests.router import gateways
from tests.router.gateways import gateway, single, target
from tests.router.planes import CHAT, HOST, Raw, exchange_bytes, posted, run_story, whole
from tests.router.test_engine_requests import ANSWER, router_before

LONG = {"model": "chat", "prompt": "x" * 400}
"""About 100 tokens, estimated from its bytes."""
LIMITED = {"maxPromptTokens": 110}


class Tokenizing(Raw):
    """An engine whose tokenizer gives this answer; its answers to prompts do not matter."""

    def __init__(self, counted: bytes | None, *answers: bytes | None, silent: bool = False) -> None:
        super().__init__(*answers)
        self._counted = counted
        self._silent = silent
        self.bodies: list[bytes] = []

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"POST /tokenize"):
            return await super()._answered(_Again(head, reader), writer)  # type: ignore[arg-type]  # as far as it is used
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        self.bodies.append(await reader.readexactly(length))
        if self._silent:
            await reader.read()
            return False
        if self._counted is None:
            return False
        writer.write(self._counted)
        return True


class _Again:
    """A reader whose next head was already read."""

    def __init__(self, head: bytes, reader: asyncio.StreamReader) -> None:
        self._head = head
        self.readexactly = reader.readexactly

    async def readuntil(self, _end: bytes) -> bytes:
        return self._head


def counted(tokens: int) -> bytes:
    return whole(json.dumps({"count": tokens, "max_model_len": 2048, "tokens": []}).encode())


def code(answer: bytes) -> str:
    return str(json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"])


def test_a_prompt_estimated_within_the_limit_is_refused_when_its_count_is_over_it(tmp_path: Path) -> None:
    async def story() -> None:
        engine = Tokenizing(counted(1111), ANSWER)
        async with router_before(tmp_path, engine, limits=LIMITED) as router:
            answer = await exchange_bytes(router, posted(LONG))
            assert (answer[:12], code(answer)) == (b"HTTP/1.1 400", "prompt_too_long")
            assert b"The prompt has 1,111 tokens; the limit here is 110 tokens" in answer
            assert json.loads(engine.bodies[0]) == LONG
            assert engine.seen == []

    run_story(story())


def test_a_prompt_estimated_over_the_limit_goes_to_an_engine_when_its_count_is_within_it(tmp_path: Path) -> None:
    async def story() -> None:
        engine = Tokenizing(counted(50), ANSWER)
        async with router_before(tmp_path, engine, limits={"maxPromptTokens": 90}) as router:
            assert (await exchange_bytes(router, posted(LONG))).startswith(b"HTTP/1.1 200")
            assert len(engine.bodies) == len(engine.seen) == 1

    run_story(story())


def test_a_gateways_prompt_is_counted_under_the_name_that_its_engine_has_for_the_model(tmp_path: Path) -> None:
    """An engine that does not know the name counts nothing, and the estimate would decide."""

    async def story() -> None:
        engine = Tokenizing(counted(1111), ANSWER)
        async with engine.listening():
            routes = [single("support", "ns/llama")]
            config = gateways.written(tmp_path, [target("llama", engine.address)], routes, limits=LIMITED)
            async with gateway(config) as router:
                answer = await exchange_bytes(router, posted(LONG | {"model": "support"}))
        assert (answer[:12], code(answer)) == (b"HTTP/1.1 400", "prompt_too_long")
        assert [json.loads(one)["model"] for one in engine.bodies] == ["chat"]

    run_story(story())


def test_prompts_far_from_the_limit_are_not_counted(tmp_path: Path) -> None:
    async def story() -> None:
        engine = Tokenizing(counted(1111), ANSWER)
        async with router_before(tmp_path, engine, limits=LIMITED) as router:
            assert (await router.complete(CHAT, "/v1/chat/completions"))[0] == 200
            assert engine.bodies == []

    run_story(story())


@pytest.mark.parametrize("broken", [None, whole(b"no JSON"), whole(b'{"count": "many"}'), whole(b"{}", 404)])
def test_a_tokenizer_that_fails_leaves_it_to_the_estimate(tmp_path: Path, broken: bytes | None) -> None:
    async def story() -> None:
        engine = Tokenizing(broken, ANSWER)
        async with router_before(tmp_path, engine, limits=LIMITED) as router:
            assert (await router.complete(LONG))[0] == 200
            assert await router.states() == ["routable"]

    run_story(story())


def test_a_tokenizer_that_takes_too_long_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_counts, "TIMEOUT_SECONDS", 0.1)

    async def story() -> None:
        engine = Tokenizing(None, ANSWER, silent=True)
        async with router_before(tmp_path, engine, limits=LIMITED) as router:
            assert (await router.complete(LONG))[0] == 200
            assert len(engine.bodies) == 1

    run_story(story())


def test_a_client_that_leaves_while_its_prompt_is_counted_leaves_nothing_behind(tmp_path: Path) -> None:
    async def story() -> None:
        engine = Tokenizing(None, ANSWER, silent=True)
        async with router_before(tmp_path, engine, limits=LIMITED) as router:
            closed = engine.closed
            _, writer = await asyncio.open_connection(HOST, router.port)
            writer.write(posted(LONG))
            while not engine.bodies:
                await asyncio.sleep(0.002)
            writer.transport.abort()
            while engine.closed == closed:
                await asyncio.sleep(0.002)
            assert await router.metric("fairlead_router_requests_in_flight") == 0.0
            assert (await router.endpoints())[0]["inflight"] == 0
            assert engine.seen == []

    run_story(story())


def test_a_client_that_leaves_while_a_fallback_counts_its_prompt_takes_nothing_of_its_tenants_rates(
    tmp_path: Path,
) -> None:
    """The first deployment had charged it, and the fallback only counted."""
    (tmp_path / "key").write_text("secret")
    tenant = {"name": "shop", "keyFiles": [str(tmp_path / "key")], "requestsPerMinute": 1, "tokensPerMinute": 1000}
    request = posted(LONG | {"max_tokens": 600}, "/v1/completions", "Authorization: Bearer secret")

    async def story() -> None:
        first = Tokenizing(counted(100), whole(b'{"error":{"message":"it broke"}}', 500), ANSWER)
        other = Tokenizing(None, silent=True)
        async with first.listening(), other.listening():
            targets = [target("a", first.address), target("b", other.address)]
            routes = [single("chat", "ns/a", "ns/b", reasons=["EngineError"])]
            config = gateways.written(tmp_path, targets, routes, limits=LIMITED, tenants=[tenant])
            async with gateway(config) as router:
                _, writer = await asyncio.open_connection(HOST, router.port)
                writer.write(request)
                while not other.bodies:
                    await asyncio.sleep(0.002)
                writer.transport.abort()
                while not other.closed:
                    await asyncio.sleep(0.002)
                answer = await exchange_bytes(router, request)
                assert answer.startswith(b"HTTP/1.1 200"), answer

    run_story(story())


def test_where_no_engine_is_there_to_count_the_request_waits_as_any_other(tmp_path: Path) -> None:
    async def story() -> None:
        engine = Tokenizing(counted(50), ANSWER)
        hold = {"maxSeconds": 0.05}
        async with router_before(tmp_path, engine, limits=LIMITED, hold=hold) as router:
            router.config.write_text(router.config.read_text().replace(engine.address, f"{HOST}:1"))
            await router.until("probing")
            with suppress(TimeoutError):
                assert (await router.complete(LONG))[0] == 503

    run_story(story())


def test_one_tenants_prompts_do_not_change_what_anothers_are_estimated_at(tmp_path: Path) -> None:
    """Many tokens in few bytes, as of digits, made everybody's prompts look too long."""
    tenants = [{"name": name, "keyFiles": [str(tmp_path / name)]} for name in ("shop", "sums")]
    for one in tenants:
        (tmp_path / str(one["name"])).write_text(f"sk-{one['name']}")

    async def story() -> None:
        answer = whole(b'{"choices":[],"usage":{"prompt_tokens":60000,"completion_tokens":1}}')
        limits = {"maxPromptTokens": 2400}
        async with router_before(tmp_path, Raw(*[answer] * 2), tenants=tenants, limits=limits) as router:
            sums = posted({"model": "chat", "prompt": "7" * 4000}, "/v1/completions", "Authorization: Bearer sk-sums")
            assert (await exchange_bytes(router, sums))[9:12] == b"200"
            assert code(await exchange_bytes(router, sums)) == "prompt_too_long", "its own are known to be long now"
            shop = posted({"model": "chat", "prompt": "x" * 6000}, "/v1/completions", "Authorization: Bearer sk-shop")
            assert (await exchange_bytes(router, shop))[9:12] == b"200"

    run_story(story())
