"""Streams: the chunks and their keys, usage in its three modes, the end, and a client that disconnects early."""

import json
from contextlib import closing

import pytest

from tests.conformance import bodies, page
from tests.conformance.configurations import HELD
from tests.conformance.endpoint import DONE, Endpoint

IDS = [5, 6, 7, 8]
COUNTED = {"include_usage": True}
TAKEN = 50
"""Tokens of a long reply that its client reads: by then every process of a real server knows of the request."""
ALWAYS_COUNTED = {"include_usage": True, "continuous_usage_stats": True}


def test_a_stream_is_server_sent_events(either: Endpoint) -> None:
    headers = either.complete(IDS, max_tokens=2, stream=True).headers
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["transfer-encoding"] == "chunked"


def test_a_completion_streams_one_chunk_a_token(plain: Endpoint) -> None:
    chunks = plain.complete(IDS, max_tokens=5, ignore_eos=True, stream=True).chunks
    *early, last = chunks
    assert [tuple(chunk) for chunk in early] == [bodies.CHUNK] * 4
    assert tuple(last) == (*bodies.CHUNK, "system_fingerprint")
    assert {tuple(chunk["choices"][0]) for chunk in chunks} == {bodies.CHUNK_CHOICE}
    assert len({(chunk["id"], chunk["created"], chunk["object"], chunk["model"]) for chunk in chunks}) == 1
    assert bodies.finishes(chunks) == ["length"]


def test_a_stream_says_what_the_answer_at_once_says(either: Endpoint) -> None:
    figures = {"max_tokens": 20, "ignore_eos": True}
    streamed, at_once = (
        either.complete("hello world", stream=True, **figures),
        either.complete("hello world", **figures),
    )
    assert bodies.text(streamed.chunks) == at_once.json["choices"][0]["text"]
    streamed, at_once = either.chat("hello world", stream=True, **figures), either.chat("hello world", **figures)
    assert bodies.spoken(streamed.chunks) == at_once.json["choices"][0]["message"]["content"]


def test_a_chat_begins_with_its_role_and_ends_with_its_reason(plain: Endpoint) -> None:
    chunks = plain.chat("hello world", max_tokens=3, ignore_eos=True, stream=True).chunks
    first, *middle, last = chunks
    assert first["choices"] == [
        {"index": 0, "delta": {"role": "assistant", "content": ""}, "logprobs": None, "finish_reason": None}
    ]
    assert tuple(first) == (*bodies.CHUNK, "prompt_token_ids", "prompt_text")
    assert [tuple(chunk) for chunk in middle] == [bodies.CHUNK] * 2
    assert {tuple(chunk["choices"][0]) for chunk in middle} == {bodies.DELTA_CHOICE}
    assert tuple(last) == (*bodies.CHUNK, "system_fingerprint")
    assert tuple(last["choices"][0]) == bodies.LAST_DELTA_CHOICE
    assert last["choices"][0]["finish_reason"] == "length"
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}


@pytest.mark.parametrize("route", ["complete", "chat"])
def test_unless_requested_nothing_is_counted(either: Endpoint, route: str) -> None:
    chunks = getattr(either, route)("hello", max_tokens=3, stream=True).chunks
    assert not any(chunk.get("usage") for chunk in chunks)


@pytest.mark.parametrize("route", ["complete", "chat"])
def test_on_request_one_more_chunk_counts_the_whole(plain: Endpoint, route: str) -> None:
    figures = {"max_tokens": 3, "ignore_eos": True}
    *chunks, last = getattr(plain, route)("hello", stream=True, stream_options=COUNTED, **figures).chunks
    usage = getattr(plain, route)("hello", **figures).json["usage"]
    assert tuple(last) == (*bodies.CHUNK, "usage", "system_fingerprint")
    assert last["choices"] == []
    assert last["usage"] == bodies.usage(usage["prompt_tokens"], 3)
    assert not any("usage" in chunk or "system_fingerprint" in chunk for chunk in chunks)


def test_on_another_wish_every_chunk_counts(plain: Endpoint) -> None:
    chunks = plain.complete(IDS, max_tokens=3, ignore_eos=True, stream=True, stream_options=ALWAYS_COUNTED).chunks
    assert [chunk["usage"] for chunk in chunks] == [bodies.usage(len(IDS), count) for count in (1, 2, 3, 3)]


def test_on_another_wish_every_chunk_of_a_chat_counts(plain: Endpoint) -> None:
    chunks = plain.chat("hello", max_tokens=2, ignore_eos=True, stream=True, stream_options=ALWAYS_COUNTED).chunks
    assert [chunk["usage"]["completion_tokens"] for chunk in chunks] == [0, 1, 2, 2]


@pytest.mark.parametrize("route", ["complete", "chat"])
def test_n_answers_come_interleaved_and_end_each_for_itself(either: Endpoint, route: str) -> None:
    figures = {"max_tokens": 3, "ignore_eos": True, "temperature": 0.7, "seed": 1, "n": 2}
    *chunks, last = getattr(either, route)("hello", stream=True, stream_options=COUNTED, **figures).chunks
    assert {choice["index"] for chunk in chunks for choice in chunk["choices"]} == {0, 1}
    assert bodies.finishes(chunks) == ["length", "length"]
    assert last["usage"]["completion_tokens"] == 6


def test_several_prompts_stream_under_their_places(richer: Endpoint) -> None:
    *chunks, last = richer.complete(
        [IDS, IDS[:2]], max_tokens=2, ignore_eos=True, stream=True, stream_options=COUNTED
    ).chunks
    assert {choice["index"] for chunk in chunks for choice in chunk["choices"]} == {0, 1}
    assert {name: last["usage"][name] for name in bodies.USAGE[:3]} == bodies.usage(6, 4)


def test_an_echo_comes_with_the_first_token(either: Endpoint) -> None:
    chunks = either.complete("hello world", max_tokens=3, ignore_eos=True, echo=True, stream=True).chunks
    assert len(chunks) == 3
    assert chunks[0]["choices"][0]["text"].startswith("hello world")


def test_token_ids_stream_beside_the_text(plain: Endpoint) -> None:
    chunks = plain.complete(IDS, max_tokens=3, ignore_eos=True, return_token_ids=True, stream=True).chunks
    choices = [chunk["choices"][0] for chunk in chunks]
    assert [choice["prompt_token_ids"] for choice in choices] == [IDS, None, None]
    assert [len(choice["token_ids"]) for choice in choices] == [1, 1, 1]


def test_a_stop_string_never_shows_in_a_stream(either: Endpoint) -> None:
    whole = either.complete("hello world", max_tokens=40, ignore_eos=True).json["choices"][0]["text"]
    stop = whole[20:23]
    chunks = either.complete("hello world", max_tokens=40, ignore_eos=True, stop=[stop], stream=True).chunks
    assert bodies.text(chunks) == whole[: whole.index(stop)]
    assert (chunks[-1]["choices"][0]["finish_reason"], chunks[-1]["choices"][0][either.words.stopped]) == (
        "stop",
        stop,
    )


def test_a_stop_string_holds_back_what_it_might_begin_with(plain: Endpoint) -> None:
    chunks = plain.complete("hello world", max_tokens=4, ignore_eos=True, stop=["~" * 200], stream=True).chunks
    assert [chunk["choices"][0]["text"] == "" for chunk in chunks] == [True, True, True, False]


def test_a_client_that_goes_ends_its_request_and_is_not_counted(narrow: Endpoint) -> None:
    before = page.now(narrow)
    lasting = HELD - 100
    stream = narrow.open("/v1/completions", prompt=IDS, max_tokens=lasting, ignore_eos=True, stream=True)
    with closing(stream):
        assert json.loads(stream.take(TAKEN)[-1])["choices"][0]["finish_reason"] is None
        running = page.settled(narrow, lambda now: now.value("vllm:num_requests_running") == 1)
        assert running.value("vllm:kv_cache_usage_perc") > 0
    after = page.settled(narrow, lambda now: now.value("vllm:num_requests_running") == 0)
    made = after.value("vllm:generation_tokens_total") - before.value("vllm:generation_tokens_total")
    assert TAKEN <= made < lasting
    for name in ("vllm:request_success_total", "vllm:e2e_request_latency_seconds_count", "vllm:request_params_n_count"):
        assert after.value(name) == before.value(name), name
    assert after.value("vllm:prompt_tokens_total") == before.value("vllm:prompt_tokens_total") + len(IDS)
    assert after.value("vllm:kv_cache_usage_perc") == 0


def test_a_stream_ends_with_done_and_a_clean_end(either: Endpoint) -> None:
    answer = either.complete(IDS, max_tokens=1, stream=True)
    assert answer.events[-1] == DONE
    assert answer.text.endswith(f"data: {DONE}\n\n")
