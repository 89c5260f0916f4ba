"""Limits of prompts beside requests that are not one text: lists, documents, audio and images."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.emulator.living import TENSORRT, living
from tests.router.planes import CHAT, PROMPT, Plane, Raw, exchange_bytes, plane, posted, run_story, whole, written
from tests.router.test_engine_requests import ANSWER, keyed, router_before
from tests.router.test_other_kinds import of_tensorrt

TEXT: Final = "one two " * 100
"""About 200 tokens."""
LIMITS: Final = {"maxPromptTokens": 300, "maxOutputTokens": 50}
IMAGE: Final = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
SEEN: Final = whole(b'{"choices":[{"text":"a","finish_reason":"stop"}],"usage":{"prompt_tokens":13000}}')


async def estimated(router: Plane, body: dict[str, Any], path: str = "/v1/completions") -> int:
    """The tokens of its prompt by the router's estimate, which the engine answers."""
    head, _, _ = (await exchange_bytes(router, posted(body, path, "x-fairlead-explain: 1"))).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    return int(head.lower().partition(b"x-fairlead-prompt-tokens-estimated: ")[2].partition(b"\r\n")[0])


def test_a_batch_of_texts_is_not_one_long_prompt(tmp_path: Path) -> None:
    async def story() -> None:
        engine = Raw(*[whole(b"{}")] * 4)
        async with router_before(tmp_path, engine, limits=LIMITS) as router:
            assert await estimated(router, {"model": "chat", "input": [TEXT] * 32}, "/v1/embeddings") > 6000
            assert await estimated(router, PROMPT | {"prompt": [TEXT] * 32, "max_tokens": 50}) > 6000
            documents = {"model": "chat", "query": "q", "documents": [TEXT] * 32}
            assert await estimated(router, documents, "/v1/rerank") > 6000
            async with router.session.post(router.url + "/v1/audio/transcriptions", data=bytes(10_000)) as answer:
                assert answer.status == 200

            status, text = await router.complete(PROMPT | {"prompt": [TEXT, TEXT * 2]})
            assert (status, json.loads(text)["error"]["code"]) == (400, "prompt_too_long")
            assert "The longest prompt has about 401 tokens" in text

    run_story(story())


def test_every_prompt_of_a_streamed_completion_is_charged_for_where_each_has_its_own_usage(tmp_path: Path) -> None:
    """TensorRT-LLM sends one usage event for each prompt, the long one's first."""

    async def story() -> None:
        body = PROMPT | {"prompt": [TEXT * 3, TEXT, "a"], "max_tokens": 20}
        of = '{tenant="shop",model="chat"}'
        families = [f"fairlead_router_tenant_{side}_tokens_total{of}" for side in ("prompt", "output")]
        tenant = keyed(tmp_path, tokensPerMinute=1_000_000)
        async with (
            living(serve_arguments=TENSORRT) as (engine,),
            plane(of_tensorrt(written(tmp_path, [engine.address], **tenant))) as router,
        ):
            await router.until("routable")
            key, counts = "Authorization: Bearer sk-1", []
            for more in ({}, {"stream": True}, {"stream": True, "stream_options": {"include_usage": True}}):
                answer = await exchange_bytes(router, posted(body | more, "/v1/completions", key))
                counts.append([await router.metric(family) for family in families])
                assert answer.count(b'"choices":[]') == (3 if "stream_options" in more else 0)
        whole_answer, streamed, as_requested = counts
        assert whole_answer[0] > 600
        assert streamed == [2 * one for one in whole_answer]
        assert as_requested == [3 * one for one in whole_answer]

    run_story(story())


def test_a_route_that_the_router_does_not_know_has_one_prompt(tmp_path: Path) -> None:
    async def story() -> None:
        engine = Raw(*[whole(b"{}")] * 2)
        async with router_before(tmp_path, engine, limits=LIMITS) as router:
            question = {"model": "chat", "questions": {"q": {"type": "choice"}}}
            status, text = await router.complete(question | {"state": TEXT * 2}, "/v1/systemone")
            assert (status, json.loads(text)["error"]["code"]) == (400, "prompt_too_long")
            assert (await router.complete(question | {"state": TEXT}, "/v1/systemone"))[0] == 200
            counted = CHAT | {"messages": [{"role": "user", "content": TEXT * 2}]}
            assert (await router.complete(counted, "/v1/messages/count_tokens"))[0] == 200, "which computes no prompt"

    run_story(story())


@pytest.mark.parametrize("path", ["/tokenize", "/v1/tokenize", "/v1/messages/count_tokens"])
def test_counting_a_prompt_takes_nothing_of_its_tenants_tokens(tmp_path: Path, path: str) -> None:
    """Agents count their conversation before each turn; a turn was then refused, although little was computed."""
    (tmp_path / "key").write_text("sk-1")
    tenant = {"name": "shop", "keyFiles": [str(tmp_path / "key")], "tokensPerMinute": 1000}

    async def story() -> None:
        engine = Raw(*[whole(b'{"count":900}')] * 3)
        async with router_before(tmp_path, engine, tenants=[tenant]) as router:
            counted = posted({"model": "chat", "prompt": "x" * 3600}, path, "Authorization: Bearer sk-1")
            for _ in range(3):
                answer = await exchange_bytes(router, counted)
                assert answer.startswith(b"HTTP/1.1 200"), answer

    run_story(story())


def test_tokens_sent_as_numbers_are_counted_exactly(tmp_path: Path) -> None:
    async def story() -> None:
        dense = whole(b'{"choices":[{"text":"a","finish_reason":"stop"}],"usage":{"prompt_tokens":12800}}')
        engine = Raw(*[dense] * 200)
        async with router_before(tmp_path, engine, limits=LIMITS) as router:
            for _ in range(40):
                await router.complete(PROMPT | {"prompt": [TEXT] * 32})
            assert await estimated(router, PROMPT | {"prompt": "one two " * 50}) > 130, "texts have fewer bytes a token"
            assert await estimated(router, PROMPT | {"prompt": [7] * 300}) == 300
            assert await estimated(router, PROMPT | {"prompt": [[7] * 300, [7] * 200]}) == 500
            too_long: list[Any] = [[7] * 301, [[7], [7] * 301]]
            for tokens in too_long:
                status, text = await router.complete(PROMPT | {"prompt": tokens})
                assert (status, "prompt has 301 tokens; the limit here is 300 tokens" in text) == (400, True)

    run_story(story())


def test_a_recording_takes_little_of_its_tenants_rate(tmp_path: Path) -> None:
    async def story() -> None:
        engine, mine = Raw(whole(b"{}"), ANSWER), {"Authorization": "Bearer sk-1"}
        async with router_before(tmp_path, engine, **keyed(tmp_path, tokensPerMinute=10_000)) as router:
            sound, path = bytes(1_000_000), router.url + "/v1/audio/transcriptions"
            async with router.session.post(path, data=sound, headers=mine) as answer:
                assert answer.status == 200
            async with router.session.post(router.url + "/v1/completions", json=PROMPT, headers=mine) as answer:
                assert answer.status == 200

    run_story(story())


def test_a_recording_whose_usage_is_in_seconds_takes_what_was_estimated(tmp_path: Path) -> None:
    """OpenAI's and vLLM's usage of a transcription: the recording's length, and no tokens."""

    async def story() -> None:
        transcript = whole(b'{"text":"hello","usage":{"type":"duration","seconds":3}}')
        engine, mine = Raw(transcript, transcript), {"Authorization": "Bearer sk-1"}
        async with router_before(tmp_path, engine, **keyed(tmp_path, tokensPerMinute=300)) as router:
            statuses = []
            for _ in range(2):
                path = router.url + "/v1/audio/transcriptions"
                async with router.session.post(path, data=bytes(10_000), headers=mine) as answer:
                    statuses.append(answer.status)
            assert statuses == [200, 429], "about 257 tokens each"
            assert await router.metric('fairlead_router_tenant_prompt_tokens_total{tenant="shop",model="other"}') == 257

    run_story(story())


def test_images_and_answers_that_engines_keep_teach_nothing_of_the_length_of_texts(tmp_path: Path) -> None:
    async def story() -> None:
        question = CHAT | {"messages": [{"role": "user", "content": [{"type": "text", "text": TEXT * 4}, IMAGE]}]}
        goes_on = {"model": "chat", "input": TEXT * 4, "previous_response_id": "resp_1"}
        engine = Raw(*[SEEN] * 40, ANSWER)
        async with router_before(tmp_path, engine) as router:
            for _ in range(20):
                assert (await router.complete(question, "/v1/chat/completions"))[0] == 200
                assert (await router.complete(goes_on, "/v1/responses"))[0] == 200
            assert await estimated(router, PROMPT | {"prompt": TEXT}) == 201
            engine.answers.append(SEEN)
            assert await estimated(router, question, "/v1/chat/completions") > 256

    run_story(story())
