"""What a completion reports beside its text: logprobs, ids, cached tokens, times."""

from tests.emulator.surface.pretending import answering, run_story, serving
from tests.emulator.surface.test_completions import HELLO, PATH, WORDS


def test_logprobs_go_with_each_token_in_order_of_likelihood() -> None:
    async def story() -> None:
        async with serving() as engine:
            _, body = await engine.post(PATH, HELLO | {"logprobs": 3})
            chunks = (await engine.events(PATH, HELLO | {"logprobs": 3}))[:-1]
        facts = body["choices"][0]["logprobs"]
        assert "".join(facts["tokens"]) == body["choices"][0]["text"]
        assert facts["text_offset"] == [len("".join(facts["tokens"][:place])) for place in range(8)]
        for token, value, top in zip(facts["tokens"], facts["token_logprobs"], facts["top_logprobs"], strict=True):
            assert (next(iter(top)), len(top)) == (token, 3)
            assert list(top.values()) == sorted(top.values(), reverse=True)
            assert top[token] == value <= 0
        streamed = [chunk["choices"][0]["logprobs"] for chunk in chunks]
        assert [one["text_offset"][0] for one in streamed] == facts["text_offset"]

    run_story(story())


def test_logprobs_of_an_echoed_prompt_begin_with_a_token_that_nothing_comes_before() -> None:
    async def story() -> None:
        body = HELLO | {"echo": True, "logprobs": 2, "return_tokens_as_token_ids": True}
        async with serving() as engine:
            _, whole = await engine.post(PATH, body)
            chunks = (await engine.events(PATH, body | {"logprobs": 0}))[:-1]
        facts = whole["choices"][0]["logprobs"]
        assert facts["token_logprobs"][0] is None
        assert facts["tokens"][1].startswith("token_id:")
        assert len(facts["tokens"]) == 11
        starts = [len("".join(facts["tokens"][:place])) for place in range(11)]
        assert facts["text_offset"] == starts, "also behind the first token, which is written as text"
        prompt = whole["choices"][0]["prompt_logprobs"]
        assert (prompt[0], len(prompt), [len(one) for one in prompt[1:]]) == (None, 3, [2, 2])
        assert len(chunks[0]["choices"][0]["logprobs"]["tokens"]) == 4

    run_story(story())


def test_token_ids_are_in_the_answer_where_requested() -> None:
    async def story() -> None:
        body = HELLO | {"return_token_ids": True, "prompt_logprobs": 1}
        async with serving() as engine:
            choice = (await engine.post(PATH, body))[1]["choices"][0]
            chunks = (await engine.events(PATH, HELLO | {"return_token_ids": True, "echo": True}))[:-1]
        assert choice["prompt_token_ids"] == WORDS.encode("hello world")
        assert WORDS.decode(choice["token_ids"]) == choice["text"]
        assert [one for chunk in chunks for one in chunk["choices"][0]["token_ids"]] == choice["token_ids"]
        assert chunks[0]["choices"][0]["prompt_token_ids"] == choice["prompt_token_ids"]

    run_story(story())


def test_cached_tokens_and_times_are_reported_where_the_server_is_set_to() -> None:
    async def story() -> None:
        serve_arguments = answering(prompt_tokens_details=True, per_request_metrics=True)
        async with serving(serve_arguments) as engine:
            _, whole = await engine.post(PATH, HELLO)
            last = (await engine.events(PATH, HELLO | {"stream_options": {"include_usage": True}}))[-2]
            _, two = await engine.post(PATH, HELLO | {"n": 2})
        assert whole["usage"]["prompt_tokens_details"]["cached_tokens"] == 16
        assert last["usage"]["prompt_tokens_details"] == {"cached_tokens": 16}
        assert whole["metrics"] == {
            "time_to_first_token_ms": 500.0,
            "generation_time_ms": 1000.0,
            "queue_time_ms": 500.0,
            "mean_itl_ms": 1000 / 7,
            "tokens_per_second": 8 / 1.5,
            "speculative_decoding": None,
        }
        assert "speculative_decoding" not in last["metrics"]
        assert two["metrics"] is None

    run_story(story())
