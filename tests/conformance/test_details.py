"""What an engine reports with its optional flags: ids in headers, cached tokens, times of each request."""

import pytest

from tests.conformance import bodies
from tests.conformance.endpoint import MODEL, Endpoint

TIMES = ["time_to_first_token_ms", "generation_time_ms", "queue_time_ms", "mean_itl_ms", "tokens_per_second"]


@pytest.mark.parametrize("path", ["/health", "/nothing", "/v1/models"])
def test_every_answer_carries_an_id(rich: Endpoint, path: str) -> None:
    assert rich.send("GET", path, headers={"X-Request-Id": "mine"}).headers["x-request-id"] == "mine"
    drawn = rich.get(path).headers["x-request-id"]
    assert len(drawn) == 32
    assert int(drawn, 16) >= 0


def test_a_streams_head_carries_the_id_too(rich: Endpoint) -> None:
    body = {"model": MODEL, "prompt": "hello", "max_tokens": 1, "stream": True}
    answer = rich.send("POST", "/v1/completions", body, {"X-Request-Id": "mine"})
    assert answer.headers["x-request-id"] == "mine"


def test_cached_tokens_are_reported(rich: Endpoint) -> None:
    prompt = [230 + place % 11 for place in range(70)]
    first, second = (rich.complete(prompt, max_tokens=1, cache_salt="told").json["usage"] for _ in range(2))
    assert first["prompt_tokens_details"]["cached_tokens"] == 0
    assert second["prompt_tokens_details"] == {
        "cached_tokens": 64,
        "created_cache_tokens": None,
        "multimodal_tokens": None,
    }


def test_cached_tokens_are_reported_at_a_streams_end(rich: Endpoint) -> None:
    prompt = [250 + place % 7 for place in range(70)]
    document = {"max_tokens": 1, "cache_salt": "streamed", "stream": True, "stream_options": {"include_usage": True}}
    first, second = (rich.complete(prompt, **document).chunks[-1]["usage"] for _ in range(2))
    assert first["prompt_tokens_details"] == {"cached_tokens": 0}
    assert second == bodies.usage(70, 1) | {"prompt_tokens_details": {"cached_tokens": 64}}


def test_a_chat_reports_what_it_has_put_into_the_cache(rich: Endpoint) -> None:
    details = rich.chat("hello world", max_tokens=1, cache_salt="chat").json["usage"]["prompt_tokens_details"]
    assert details["cached_tokens"] == 0
    assert list(details) == ["cached_tokens", "created_cache_tokens", "multimodal_tokens"]


@pytest.mark.parametrize("route", ["complete", "chat"])
def test_the_times_of_a_request_stand_in_its_answer(rich: Endpoint, route: str) -> None:
    metrics = getattr(rich, route)("hello", max_tokens=4, ignore_eos=True).json["metrics"]
    assert list(metrics) == [*TIMES, "speculative_decoding"]
    assert all(metrics[name] > 0 for name in TIMES if name != "queue_time_ms")
    assert metrics["mean_itl_ms"] == pytest.approx(metrics["generation_time_ms"] / 3)


@pytest.mark.parametrize("route", ["complete", "chat"])
def test_the_times_of_a_stream_stand_in_its_last_chunk(rich: Endpoint, route: str) -> None:
    document = {"max_tokens": 4, "ignore_eos": True, "stream": True, "stream_options": {"include_usage": True}}
    *chunks, last = getattr(rich, route)("hello", **document).chunks
    assert list(last["metrics"]) == TIMES
    assert not any("metrics" in chunk for chunk in chunks)
