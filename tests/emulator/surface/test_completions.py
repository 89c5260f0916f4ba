"""Completions over HTTP: counts that add up, choices, batches, stops, logprobs, and identical streams."""

from typing import Any, Final

import pytest

from fairlead.emulator.text import tokenizer
from tests.emulator.surface.pretending import NOON, PretendDriver, answering, run_story, serving

WORDS: Final = tokenizer.of(128_256)
PATH: Final = "/v1/completions"
HELLO: Final[dict[str, Any]] = {"model": "chat", "prompt": "hello world", "max_tokens": 8, "ignore_eos": True}


def test_a_completion_has_all_of_vllms_fields_and_its_usage_adds_up() -> None:
    async def story() -> None:
        async with serving() as engine:
            _, body = await engine.post(PATH, HELLO, X_Request_Id="mine")
        choice = body.pop("choices")[0]
        assert len(WORDS.encode(choice.pop("text"))) == 8
        assert choice == {
            "index": 0,
            "logprobs": None,
            "finish_reason": "length",
            "stop_reason": None,
            "token_ids": None,
            "prompt_logprobs": None,
            "prompt_token_ids": None,
            "routed_experts": None,
        }
        assert body.pop("system_fingerprint").startswith("vllm-0.32.0-")
        assert body == {
            "id": "cmpl-mine",
            "object": "text_completion",
            "created": NOON,
            "model": "chat",
            "service_tier": None,
            "usage": {
                "prompt_tokens": 3,
                "total_tokens": 11,
                "completion_tokens": 8,
                "prompt_tokens_details": None,
                "completion_tokens_details": None,
            },
            "kv_transfer_params": None,
            "ec_transfer_params": None,
            "metrics": None,
        }

    run_story(story())


def test_the_same_prompt_always_gets_the_same_text_however_it_is_sent() -> None:
    async def story() -> None:
        async with serving() as engine, serving(driver=PretendDriver(tokens=3)) as speculating:
            whole = (await engine.post(PATH, HELLO))[1]["choices"][0]["text"]
            ids = WORDS.encode("hello world")
            assert (await engine.post(PATH, HELLO | {"prompt": [ids]}))[1]["choices"][0]["text"] == whole
            for other, count in ((engine, 8), (speculating, 3)):
                chunks = (await other.events(PATH, HELLO))[:-1]
                assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == whole
                assert len(chunks) == count
            assert (await engine.post(PATH, HELLO | {"seed": 5}))[1]["choices"][0]["text"] != whole

    run_story(story())


def test_a_stream_ends_with_usage_where_requested_and_always_with_done() -> None:
    async def story() -> None:
        async with serving() as engine:
            plain = await engine.events(PATH, HELLO)
            events = await engine.events(PATH, HELLO | {"stream_options": {"include_usage": True}})
        assert (len(plain), plain[-1], "system_fingerprint" in plain[-2]) == (9, "[DONE]", True)
        assert "system_fingerprint" not in events[-3]
        assert events[-2]["choices"] == []
        assert events[-2]["usage"] == {"prompt_tokens": 3, "total_tokens": 11, "completion_tokens": 8}

    run_story(story())


def test_usage_in_every_chunk_counts_up() -> None:
    async def story() -> None:
        options = {"include_usage": True, "continuous_usage_stats": True}
        async with serving() as engine, serving(answering(force_include_usage=True)) as forced:
            events = await engine.events(PATH, HELLO | {"stream_options": options})
            unasked = await forced.events(PATH, HELLO)
        for chunks in (events, unasked):
            counts = [chunk["usage"]["completion_tokens"] for chunk in chunks[:-1]]
            assert counts == [1, 2, 3, 4, 5, 6, 7, 8, 8]

    run_story(story())


def test_choices_and_batches_are_numbered_together_and_prompts_count_once() -> None:
    async def story() -> None:
        body = HELLO | {"prompt": ["hello world", "the tide"], "n": 2, "temperature": 0.5}
        async with serving() as engine:
            _, whole = await engine.post(PATH, body)
            chunks = (await engine.events(PATH, body))[:-1]
        texts = {choice["index"]: choice["text"] for choice in whole["choices"]}
        assert len(set(texts.values())) == 4
        assert whole["usage"]["prompt_tokens"] == 5
        assert whole["usage"]["completion_tokens"] == 32
        streamed = dict.fromkeys(texts, "")
        for chunk in chunks:
            streamed[chunk["choices"][0]["index"]] += chunk["choices"][0]["text"]
        assert streamed == texts

    run_story(story())


def test_a_reply_that_ends_by_itself_counts_its_unseen_last_token() -> None:
    async def story() -> None:
        async with serving() as engine:
            _, body = await engine.post(PATH, {"prompt": "hello world", "max_tokens": 500, "return_token_ids": True})
        choice = body["choices"][0]
        assert choice["finish_reason"] == "stop"
        assert choice["token_ids"][-1] == WORDS.end
        assert body["usage"]["completion_tokens"] == len(WORDS.encode(choice["text"])) + 1

    run_story(story())


def test_min_tokens_keep_a_reply_from_ending() -> None:
    async def story() -> None:
        async with serving() as engine:
            _, body = await engine.post(PATH, {"prompt": "hello", "max_tokens": 500, "min_tokens": 300})
        assert body["usage"]["completion_tokens"] == 301

    run_story(story())


def test_completions_have_sixteen_tokens_by_default_and_the_context_caps_them() -> None:
    async def story() -> None:
        async with serving() as engine:
            _, unsaid = await engine.post(PATH, {"prompt": "hello", "ignore_eos": True})
            _, capped = await engine.post(PATH, {"prompt": [7] * 101, "max_tokens": 1000, "ignore_eos": True})
        assert unsaid["usage"]["completion_tokens"] == 16
        assert (capped["usage"]["completion_tokens"], capped["choices"][0]["finish_reason"]) == (923, "length")

    run_story(story())


@pytest.mark.parametrize("included", [False, True])
def test_a_stop_string_cuts_the_text_and_a_stream_never_shows_its_beginning(included: bool) -> None:
    async def story() -> None:
        async with serving() as engine:
            text = (await engine.post(PATH, HELLO))[1]["choices"][0]["text"]
            stop = text[12:17]
            body = HELLO | {"stop": [stop, "never said"], "include_stop_str_in_output": included}
            choice = (await engine.post(PATH, body))[1]["choices"][0]
            chunks = (await engine.events(PATH, body))[:-1]
        expected = text[: text.index(stop) + len(stop) * included]
        assert (choice["text"], choice["finish_reason"], choice["stop_reason"]) == (expected, "stop", stop)
        assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == expected
        shown = "".join(chunk["choices"][0]["text"] for chunk in chunks[:-1])
        assert included or len(shown) <= len(expected)

    run_story(story())


def test_a_stop_string_before_min_tokens_does_not_count() -> None:
    async def story() -> None:
        async with serving() as engine:
            text = (await engine.post(PATH, HELLO))[1]["choices"][0]["text"]
            body = HELLO | {"stop": text[:4], "min_tokens": 5}
            assert (await engine.post(PATH, body))[1]["choices"][0]["text"].startswith(text[:12])

    run_story(story())


def test_a_stop_token_ends_the_reply_counts_and_is_not_shown() -> None:
    async def story() -> None:
        async with serving() as engine:
            ids = (await engine.post(PATH, HELLO | {"return_token_ids": True}))[1]["choices"][0]["token_ids"]
            body = HELLO | {"stop_token_ids": [ids[3]]}
            _, whole = await engine.post(PATH, body)
            _, shown = await engine.post(PATH, body | {"include_stop_str_in_output": True})
            _, first = await engine.post(PATH, HELLO | {"stop_token_ids": [ids[0]]})
        choice = whole["choices"][0]
        assert (choice["text"], choice["stop_reason"]) == (WORDS.decode(ids[:3]), ids[3])
        assert whole["usage"]["completion_tokens"] == 4
        assert shown["choices"][0]["text"] == WORDS.decode(ids[:4])
        assert first["choices"][0]["text"] == ""

    run_story(story())


def test_echo_puts_the_prompt_before_the_reply() -> None:
    async def story() -> None:
        async with serving() as engine:
            text = (await engine.post(PATH, HELLO))[1]["choices"][0]["text"]
            body = HELLO | {"echo": True}
            assert (await engine.post(PATH, body))[1]["choices"][0]["text"] == "hello world" + text
            chunks = (await engine.events(PATH, body))[:-1]
            _, nothing = await engine.post(PATH, {"prompt": "hello world", "max_tokens": 0, "echo": True})
        assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == "hello world" + text
        assert chunks[0]["choices"][0]["prompt_token_ids"] == WORDS.encode("hello world")
        assert (nothing["choices"][0]["text"], nothing["usage"]["completion_tokens"]) == ("hello world", 1)

    run_story(story())


def test_priority_rank_salt_and_adapter_reach_the_engine() -> None:
    async def story() -> None:
        async with serving() as engine:
            body = HELLO | {"model": "de", "priority": 5, "cache_salt": "pepper"}
            _, whole = await engine.post(PATH, body, X_Vllm_Priority="-2", X_data_parallel_rank="1")
            await engine.post(PATH, body, X_Vllm_Priority="high", X_data_parallel_rank="one")
            for number in ("²", "-1", "9" * 4301):
                status, _ = await engine.post(PATH, body, X_Vllm_Priority=number, X_data_parallel_rank=number)
                assert (status, engine.driver.runs[-1].job.rank) == (200, None)
        first, second = (run.job for run in engine.driver.runs[:2])
        assert whole["model"] == "de"
        assert (first.priority, first.rank, second.priority, second.rank) == (-2, 1, 5, None)
        assert (first.sequences[0].adapter, first.sequences[0].salt) == ("de", "pepper")
        assert (first.each_step, first.sequences[0].max_tokens) == (False, 8)

    run_story(story())


@pytest.mark.parametrize("form", ["TEXT", "JSON"])
def test_the_load_is_in_a_header_for_a_client_that_requests_it(form: str) -> None:
    async def story() -> None:
        async with serving() as engine:
            headers = {"endpoint-load-metrics-format": form}
            async with engine.session.post(engine.url + PATH, json=HELLO, headers=headers) as answer:
                reply = answer.headers["endpoint-load-metrics"]
        assert (
            reply
            == {
                "TEXT": "TEXT named_metrics.num_requests_waiting=3.0, named_metrics.kv_cache_usage_perc=0.25",
                "JSON": 'JSON {"named_metrics": {"num_requests_waiting": 3.0, "kv_cache_usage_perc": 0.25}}',
            }[form]
        )

    run_story(story())


@pytest.mark.parametrize(("side", "kept"), [("left", [3, 4]), ("right", [1, 2])])
def test_a_prompt_is_truncated_where_requested(side: str, kept: list[int]) -> None:
    async def story() -> None:
        body = {"prompt": [1, 2, 3, 4], "max_tokens": 1, "truncate_prompt_tokens": 2, "truncation_side": side}
        async with serving() as engine:
            await engine.post(PATH, body)
            await engine.post(PATH, {"prompt": "hello " * 9999, "max_tokens": 1, "truncate_prompt_tokens": -1})
        assert engine.driver.runs[0].job.sequences[0].prompt_ids == kept
        assert len(engine.driver.runs[1].job.sequences[0].prompt_ids) == 1023

    run_story(story())
