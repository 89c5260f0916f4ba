"""The simulated engine over HTTP: the answers, streams, refusals and metrics of vLLM 0.32."""

import asyncio
import json
from dataclasses import replace
from typing import Any, Final

import aiohttp
import pytest

from fairlead.engines.vllm.engine import Vllm
from fairlead.fleet.load import EngineLoad
from fairlead.simulator.pretence import Fault
from tests.simulator.living import CHAT, NOON, QUICK, client, faulty, living, paced, told

HELLO: Final[dict[str, Any]] = {"model": "chat", "messages": [{"role": "user", "content": "hello there"}]}
PROMPT: Final[dict[str, Any]] = {"model": "chat", "prompt": "one two three"}


def test_the_quiet_endpoints_answer_as_vllms() -> None:
    async def story() -> None:
        async with living() as (engine,), client() as asks:
            for path in ("/health", "/ping"):
                async with asks.get(engine.url + path) as answer:
                    assert (answer.status, await answer.read()) == (200, b"")
            async with asks.get(engine.url + "/version") as answer:
                assert await answer.json() == {"version": "0.32.0"}
            async with asks.get(engine.url + "/v1/models") as answer:
                cards = (await answer.json())["data"]
            assert [(card["id"], card["root"], card["parent"], card["max_model_len"]) for card in cards] == [
                ("chat", "org/model", None, 2048),
                ("de", "org/de", "chat", None),
            ]
            async with asks.post(engine.url + "/tokenize", json=PROMPT) as answer:
                assert (await answer.json())["count"] == 3
            async with asks.get(engine.url + "/v2") as answer:
                assert (answer.status, await answer.json()) == (404, {"detail": "Not Found"})
            async with asks.head(engine.url + "/health") as answer:
                assert answer.status == 405

    told(story())


def test_the_same_prompt_always_gets_the_same_answer_whole_or_streamed() -> None:
    async def story() -> None:
        async with living() as (engine,), client() as asks:
            url = engine.url + "/v1/chat/completions"
            async with asks.post(url, json=HELLO | {"max_tokens": 5}, headers={"X-Request-Id": "r1"}) as answer:
                whole = await answer.json()
            async with asks.post(url, json=HELLO | {"max_completion_tokens": 5, "stream": True}) as answer:
                assert answer.content_type == "text/event-stream"
                chunks = events(await answer.text())
            choice = whole["choices"][0]
            assert (whole["id"], whole["created"], whole["model"]) == ("chatcmpl-r1", NOON, "chat")
            assert whole["usage"] == {"prompt_tokens": 3, "total_tokens": 8, "completion_tokens": 5}
            assert (len(choice["message"]["content"].split()), choice["finish_reason"]) == (5, "length")
            deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
            assert deltas[0] == {"role": "assistant", "content": ""}
            assert "".join(delta["content"] for delta in deltas) == choice["message"]["content"]
            assert chunks[-1]["choices"][0]["finish_reason"] == "length"

    told(story())


def test_a_stream_of_completions_ends_with_usage_where_asked_and_with_done() -> None:
    async def story() -> None:
        async with living() as (engine,), client() as asks:
            body = PROMPT | {"stream": True, "stream_options": {"include_usage": True}, "max_tokens": 200}
            async with asks.post(engine.url + "/v1/completions", json=body) as answer:
                text = await answer.text()
            chunks = events(text)
            said = [chunk["choices"][0] for chunk in chunks[:-1]]
            assert text.endswith("data: [DONE]\n\n")
            assert (chunks[-1]["choices"], chunks[-1]["usage"]["completion_tokens"]) == ([], len(said))
            assert [choice["finish_reason"] for choice in said] == [None] * (len(said) - 1) + ["stop"]
            async with asks.post(engine.url + "/v1/completions", json=body | {"ignore_eos": True}) as answer:
                assert len(events(await answer.text())) == 200 + 1

    told(story())


REFUSED: Final[dict[str, tuple[dict[str, Any] | bytes, int, str]]] = {
    "no JSON": (b'{"model":', 400, "json_invalid"),
    "no object": (b"[1]", 400, "valid dictionary"),
    "another model": (PROMPT | {"model": "nope"}, 404, "The model `nope` does not exist. Valid aliases: chat, de."),
    "no prompt": ({"model": "chat"}, 400, "Either prompt or prompt_embeds must be provided and non-empty."),
    "two prompts": ({"prompt": ["a", "b"]}, 400, "answers one prompt a request"),
    "two choices": (PROMPT | {"n": 2}, 400, "n=2: the simulated engine answers one choice"),
    "no tokens": (PROMPT | {"max_tokens": 0}, 400, "max_tokens must be at least 1, got 0. (parameter=max_tokens"),
    "tokens in words": (PROMPT | {"max_tokens": "ten"}, 400, "Input should be a valid integer"),
    "more than the context": (PROMPT | {"max_tokens": 5000}, 400, "cannot be greater than max_model_len=2048"),
    "too long a prompt": (PROMPT | {"prompt": [7] * 2048}, 400, "maximum context length is 2048 tokens"),
    "options of no stream": (PROMPT | {"stream_options": {"include_usage": True}}, 400, "when `stream=True`."),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_vllm_refuses_is_refused_in_its_shape(what: str) -> None:
    body, status, why = REFUSED[what]

    async def story() -> None:
        async with living() as (engine,), client() as asks:
            data = body if isinstance(body, bytes) else json.dumps(body)
            async with asks.post(engine.url + "/v1/completions", data=data) as answer:
                error = (await answer.json())["error"]
            assert (answer.status, error["code"]) == (status, status)
            assert why in error["message"]
            assert set(error) == {"message", "type", "param", "code"}

    told(story())


def test_prompts_of_parts_of_tokens_and_of_one_text_are_read() -> None:
    async def story() -> None:
        parts = [{"type": "text", "text": "two words"}, {"type": "image_url"}]
        bodies: list[dict[str, Any]] = [
            {"prompt": [5, 6, 7, 8]},
            {"prompt": ["one text"]},
            {"messages": [{"role": "user", "content": parts}], "min_tokens": 0},
        ]
        async with living() as (engine,), client() as asks:
            for body, tokens in zip(bodies, (4, 2, 3), strict=True):
                path = "/v1/chat/completions" if "messages" in body else "/v1/completions"
                async with asks.post(engine.url + path, json=body) as answer:
                    assert (await answer.json())["usage"]["prompt_tokens"] == tokens

    told(story())


def test_every_fact_the_operator_wants_stands_on_the_metrics_page() -> None:
    async def story() -> None:
        async with living(replace(QUICK, token_seconds=0.02)) as (engine,), client() as asks:
            async with asks.post(engine.url + "/v1/completions", json=PROMPT | {"max_tokens": 2}):
                pass
            async with asks.post(engine.url + "/v1/completions", json=PROMPT | {"stream": True}) as running:
                await running.content.readany()
                async with asks.get(engine.url + "/metrics") as answer:
                    load = Vllm().load(await answer.text())
        assert isinstance(load, EngineLoad)
        assert all(getattr(load, name) is not None for name in EngineLoad.__dataclass_fields__)
        assert (load.engines, load.running, load.waiting, load.finished) == (1, 1.0, 0.0, 1.0)
        assert (load.capacity_tokens, load.capacity_blocks, load.block_tokens) == (131_072, 8193, 16)
        assert (load.prompt_tokens, load.prefix_queries) == (6.0, 6.0)
        assert load.kv_usage == pytest.approx(1 / 8192)
        assert load.time_to_first_token is not None
        assert load.time_to_first_token.count == 2.0

    told(story())


def test_more_requests_than_seats_wait_and_more_than_admitted_get_503() -> None:
    async def story() -> None:
        narrow = replace(CHAT, max_sequences=1, max_unfinished=2)
        async with living(paced(0.05, 0.001), served=narrow) as (engine,), client() as asks:
            inside = [asyncio.create_task(status(asks, engine.url)) for _ in range(2)]
            while len(engine.engine._inside) < 2:
                await asyncio.sleep(0.005)
            assert (engine.engine.now.running, engine.engine.now.waiting) == (1, 1)
            assert await status(asks, engine.url) == 503
            assert engine.engine.tally.rejected == 1
            assert await asyncio.gather(*inside) == [200, 200]

    told(story())


def test_a_client_that_goes_away_frees_its_seat_at_once() -> None:
    async def story() -> None:
        async with living(paced(0.001, 5.0)) as (engine,), client() as asks:
            async with asks.post(engine.url + "/v1/completions", json=PROMPT | {"stream": True}) as stream:
                await stream.content.readany()
                stream.close()
            await asyncio.wait_for(engine.engine.idle.wait(), 1)
            assert engine.engine.now.running == 0
            assert sum(engine.engine.tally.finished.values()) == 0

    told(story())


def test_faults_show_after_the_requests_that_go_well() -> None:
    async def story() -> None:
        async with living(faulty(Fault.ERRORS, after=2)) as (engine,), client() as asks:
            assert [await status(asks, engine.url) for _ in range(3)] == [200, 200, 500]

    told(story())


def test_an_engine_without_tokens_is_healthy_and_one_that_hangs_is_not() -> None:
    async def story() -> None:
        async with living(faulty(Fault.NO_TOKENS), faulty(Fault.HANG)) as (mute, stuck), client() as asks:
            async with asks.get(mute.url + "/health") as answer:
                assert answer.status == 200
            for url in (mute.url + "/v1/completions", stuck.url + "/health"):
                with pytest.raises(TimeoutError):
                    await asks.post(url, json=PROMPT, timeout=aiohttp.ClientTimeout(total=0.05))

    told(story())


def test_a_cut_stream_ends_without_an_end() -> None:
    async def story() -> None:
        async with living(faulty(Fault.CUT_STREAM)) as (engine,), client() as asks:
            async with asks.post(engine.url + "/v1/completions", json=PROMPT | {"stream": True}) as stream:
                with pytest.raises(aiohttp.ClientError):
                    await stream.read()
            with pytest.raises(aiohttp.ClientError):
                await asks.post(engine.url + "/v1/completions", json=PROMPT)

    told(story())


async def status(asks: aiohttp.ClientSession, url: str) -> int:
    async with asks.post(url + "/v1/completions", json=PROMPT) as answer:
        await answer.read()
        return answer.status


def events(text: str) -> list[dict[str, Any]]:
    """The JSON of a stream's events, `[DONE]` apart."""
    pieces = [piece.removeprefix("data: ") for piece in text.split("\n\n") if piece]
    return [json.loads(piece) for piece in pieces if piece != "[DONE]"]
