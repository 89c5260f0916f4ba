"""A client names no request inside an engine: by such a name it would end, or be taken for, those of others."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.living import SGLANG, TENSORRT, living, paced
from tests.router.planes import CHAT, PROMPT, STREAM, Plane, Raw, exchange_bytes, plane, posted, run_story, written
from tests.router.test_engine_requests import ANSWER, keyed
from tests.router.test_other_kinds import body_of, of_kind, of_sglang, of_tensorrt

KEY = "Authorization: Bearer sk-1"
OVERRIDES = ("X-Override-Rid: a", "x-override-routed-dp-rank: 1", "x-override-conversation-id: a", "X-Kept: a")
NAMED: dict[str, dict[str, Any]] = {
    "SGLang": {"rid": "a", "request_id": "resp_a"},
    "TensorRT-LLM": {"disaggregated_params": {"request_type": "context_and_generation", "disagg_request_id": 17}},
}


@pytest.mark.parametrize("kind", sorted(NAMED))
@pytest.mark.parametrize("with_tenants", [True, False])
def test_no_name_of_a_clients_reaches_an_engine_on_any_route(tmp_path: Path, kind: str, with_tenants: bool) -> None:
    bodies = {
        "/v1/completions": PROMPT,
        "/v1/chat/completions": CHAT,
        "/v1/responses": {"model": "chat", "input": "hello"},
        "/v1/messages": CHAT | {"max_tokens": 3},
        "/v1/embeddings": {"model": "chat", "input": "hello"},
        "/v1/classify": {"model": "chat", "text": "hello"},
    }

    async def story() -> None:
        engine = Raw(*[ANSWER] * len(bodies))
        tenants = keyed(tmp_path) if with_tenants else {}
        async with engine.listening(), plane(of_kind(kind, written(tmp_path, [engine.address], **tenants))) as router:
            await router.until("routable")
            for path, body in bodies.items():
                await exchange_bytes(router, posted(body | NAMED[kind], path, KEY, *OVERRIDES))
        assert [body_of(one) for one in engine.seen] == list(bodies.values())
        for request in engine.seen:
            head = request.partition(b"\r\n\r\n")[0].lower()
            assert b"x-override-" not in head
            assert b"x-kept: a" in head

    run_story(story())


@pytest.mark.parametrize(
    "spelling",
    [
        b'{"prompt": "x", "\\u0072id": "a"}',
        b'{"rid": "a", "prompt": "x", "rid": null}',
        b'{"prompt": "x", "suffix": 5, "rid": ["a", "b"], "max_tokens": "3"}',
        b'{"prompt": {"of": "no type"}, "rid": ""}',
    ],
)
def test_no_spelling_of_a_body_hides_a_name(tmp_path: Path, spelling: bytes) -> None:
    async def story() -> None:
        engine = Raw(ANSWER)
        async with engine.listening(), plane(of_sglang(written(tmp_path, [engine.address]))) as router:
            await router.until("routable")
            head = b"POST /v1/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
            await exchange_bytes(router, b"%bcontent-length: %d\r\n\r\n%b" % (head, len(spelling), spelling))
        sent = {name: value for name, value in json.loads(spelling).items() if name != "rid"}
        assert [body_of(one) for one in engine.seen] == [sent]

    run_story(story())


async def left_after_its_first_bytes(router: Plane, rid: str) -> None:
    """A client that names its request, and goes away in the middle of the answer."""
    body = STREAM | {"rid": rid, "max_tokens": 500, "ignore_eos": True}
    async with router.session.post(router.url + "/v1/completions", json=body) as answer:
        assert answer.status == 200
        await answer.content.readany()
        answer.close()


def test_clients_that_leave_end_no_request_of_others(tmp_path: Path) -> None:
    """SGLang's own ids are hexadecimal digits: sixteen clients with an id of one digit reach them all."""

    async def story() -> None:
        body = PROMPT | {"max_tokens": 100, "ignore_eos": True}
        async with (
            living(paced(0.001, 0.005), serve_arguments=SGLANG) as (engine,),
            plane(of_sglang(written(tmp_path, [engine.address]))) as router,
        ):
            await router.until("routable")
            running = [asyncio.create_task(router.complete(body)) for _ in range(3)]
            while engine.engine.now.running < 3:
                await asyncio.sleep(0.001)
            await asyncio.gather(*(left_after_its_first_bytes(router, digit) for digit in "0123456789abcdef"))
            for status, text in await asyncio.gather(*running):
                answer = json.loads(text)
                assert (status, answer["choices"][0]["finish_reason"]) == (200, "length")
                assert answer["usage"]["completion_tokens"] == 100

    run_story(story())


def test_two_clients_of_one_name_both_get_an_answer(tmp_path: Path) -> None:
    async def story() -> None:
        named = PROMPT | {"max_tokens": 20}
        async with (
            living(paced(0.001, 0.005), serve_arguments=SGLANG) as (sglang,),
            living(serve_arguments=TENSORRT) as (tensorrt,),
        ):
            for of, engine in ((of_sglang, sglang), (of_tensorrt, tensorrt)):
                body = named | NAMED["SGLang" if of is of_sglang else "TensorRT-LLM"]
                async with plane(of(written(tmp_path, [engine.address]))) as router:
                    await router.until("routable")
                    answers = await asyncio.gather(*(router.complete(body) for _ in range(2)))
                    assert [status for status, _ in answers] == [200, 200]

    run_story(story())
