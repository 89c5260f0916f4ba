"""What requests leave on /metrics: counted once, at the right moment, under the right labels."""

import pytest

from tests.conformance import page
from tests.conformance.endpoint import MODEL, Endpoint
from tests.conformance.page import Page

IDS = list(range(20, 37))
TOKENS = 12


class Changes:
    """The differences between two pages."""

    def __init__(self, before: Page, after: Page) -> None:
        self._before, self._after = before, after

    def of(self, name: str, **labels: str) -> float:
        """How much one has grown."""
        return self._after.value(name, **labels) - self._before.value(name, **labels)


def after(endpoint: Endpoint, before: Page, finished: int = 1) -> Changes:
    """The changes once this many more requests are reported as ended."""
    name = "vllm:request_success_total"
    return Changes(before, page.settled(endpoint, lambda now: now.value(name) >= before.value(name) + finished))


def test_a_request_is_counted_in_tokens_and_once(plain: Endpoint) -> None:
    before = page.now(plain)
    plain.complete(IDS, max_tokens=TOKENS, ignore_eos=True, cache_salt="counted once")
    grown = after(plain, before)
    assert grown.of("vllm:prompt_tokens_total") == len(IDS)
    assert grown.of("vllm:prompt_tokens_by_source_total", source="local_compute") == len(IDS)
    assert grown.of("vllm:generation_tokens_total") == TOKENS
    assert grown.of("vllm:request_success_total", finished_reason="length") == 1
    assert grown.of("vllm:request_success_total") == 1
    assert grown.of("vllm:iteration_tokens_total_sum") == len(IDS) + TOKENS
    assert grown.of("vllm:iteration_tokens_total_count") == TOKENS
    assert grown.of("vllm:num_preemptions_total") == 0


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("time_to_first_token_seconds", 1),
        ("inter_token_latency_seconds", TOKENS - 1),
        ("request_time_per_output_token_seconds", 1),
        ("e2e_request_latency_seconds", 1),
        ("request_queue_time_seconds", 1),
        ("request_prefill_time_seconds", 1),
        ("request_decode_time_seconds", 1),
        ("request_inference_time_seconds", 1),
        ("request_num_preemptions", 1),
    ],
)
def test_a_request_leaves_samples(plain: Endpoint, name: str, count: int) -> None:
    before = page.now(plain)
    plain.complete(IDS[::-1], max_tokens=TOKENS, ignore_eos=True)
    assert after(plain, before).of(f"vllm:{name}_count") == count


@pytest.mark.parametrize(
    ("name", "total"),
    [
        ("request_prompt_tokens", len(IDS)),
        ("request_generation_tokens", TOKENS),
        ("request_params_max_tokens", TOKENS),
        ("request_max_num_generation_tokens", TOKENS),
        ("request_prefill_kv_computed_tokens", len(IDS)),
        ("request_params_n", 1),
    ],
)
def test_a_requests_sizes_are_sampled(plain: Endpoint, name: str, total: int) -> None:
    before = page.now(plain)
    plain.complete(IDS, max_tokens=TOKENS, ignore_eos=True, cache_salt=name)
    grown = after(plain, before)
    assert (grown.of(f"vllm:{name}_count"), grown.of(f"vllm:{name}_sum")) == (1, total)


def test_times_add_up(plain: Endpoint) -> None:
    before = page.now(plain)
    plain.complete(IDS, max_tokens=TOKENS, ignore_eos=True)
    grown = after(plain, before)
    spans = {name: grown.of(f"vllm:request_{name}_time_seconds_sum") for name in ("prefill", "decode", "inference")}
    assert spans["inference"] == pytest.approx(spans["prefill"] + spans["decode"], abs=1e-6)
    assert grown.of("vllm:inter_token_latency_seconds_sum") == pytest.approx(spans["decode"], rel=0.05, abs=1e-3)
    assert grown.of("vllm:request_time_per_output_token_seconds_sum") == pytest.approx(
        spans["decode"] / (TOKENS - 1), rel=0.01
    )
    assert grown.of("vllm:e2e_request_latency_seconds_sum") >= spans["inference"]


def test_a_reply_of_one_token_has_no_gap_and_a_time_per_token_of_nothing(plain: Endpoint) -> None:
    before = page.now(plain)
    plain.complete(IDS, max_tokens=1)
    grown = after(plain, before)
    assert grown.of("vllm:inter_token_latency_seconds_count") == 0
    assert grown.of("vllm:request_time_per_output_token_seconds_count") == 1
    assert grown.of("vllm:request_time_per_output_token_seconds_sum") == 0


def test_a_stop_is_distinguished_from_a_length(plain: Endpoint) -> None:
    tokens = plain.complete(IDS, max_tokens=9, ignore_eos=True, return_token_ids=True).json["choices"][0]["token_ids"]
    before = page.now(plain)
    plain.complete(IDS, max_tokens=9, ignore_eos=True, stop_token_ids=[tokens[-1]])
    assert after(plain, before).of("vllm:request_success_total", finished_reason="stop") == 1


def test_n_answers_are_n_requests_of_one_parent(plain: Endpoint) -> None:
    before = page.now(plain)
    plain.complete(IDS, max_tokens=4, ignore_eos=True, n=3, temperature=0.8, seed=5)
    grown = after(plain, before, finished=3)
    assert grown.of("vllm:request_success_total", finished_reason="length") == 3
    assert grown.of("vllm:generation_tokens_total") == 12
    assert grown.of("vllm:prompt_tokens_total") == 3 * len(IDS)
    assert (grown.of("vllm:request_params_n_count"), grown.of("vllm:request_params_n_sum")) == (1, 3)
    assert grown.of("vllm:request_max_num_generation_tokens_count") == 1


def test_a_refusal_is_no_request(plain: Endpoint) -> None:
    before = page.now(plain)
    plain.complete(IDS, max_tokens=0)
    grown = Changes(before, page.now(plain))
    assert grown.of("vllm:prompt_tokens_total") == 0
    assert grown.of("http_requests_total", handler="/v1/completions", method="POST", status="4xx") == 1


def test_http_requests_are_counted_by_route_but_for_those_of_machines(plain: Endpoint) -> None:
    plain.get("/health")
    before = page.now(plain)
    plain.complete(IDS, max_tokens=1)
    seen = page.now(plain)
    grown = Changes(before, seen)
    assert grown.of("http_requests_total", handler="/v1/completions", method="POST", status="2xx") == 1
    assert grown.of("http_request_duration_seconds_count", handler="/v1/completions", method="POST") == 1
    assert grown.of("http_request_duration_highr_seconds_count") == 1
    handlers = {label["handler"] for label in seen.labels("http_requests_total")}
    assert handlers & {"/health", "/metrics", "/load", "/ping", "/version", "/server_info"} == set()


def test_a_prompt_known_already_is_a_hit_for_its_whole_blocks(plain: Endpoint) -> None:
    """vllm.md part 7's example of 101 tokens and blocks of 32, for any block size of the server."""
    size = int(page.now(plain).labels("vllm:cache_config_info")[0]["block_size"])
    prompt = [100 + place % 97 for place in range(3 * size + 5)]
    document = {"max_tokens": 2, "ignore_eos": True, "cache_salt": "hits"}
    fresh = page.now(plain)
    plain.complete(prompt, **document)
    once = after(plain, fresh)
    assert once.of("vllm:prefix_cache_queries_total") == len(prompt)
    assert once.of("vllm:prefix_cache_hits_total") == 0

    context = page.now(plain)
    plain.complete(prompt, **document)
    twice = after(plain, context)
    assert twice.of("vllm:prefix_cache_queries_total") == len(prompt)
    assert twice.of("vllm:prefix_cache_hits_total") == 3 * size
    assert twice.of("vllm:prompt_tokens_total") == len(prompt)
    assert twice.of("vllm:prompt_tokens_by_source_total", source="local_compute") == 5
    assert twice.of("vllm:prompt_tokens_by_source_total", source="local_cache_hit") == 3 * size
    assert twice.of("vllm:prompt_tokens_cached_total") == 3 * size
    assert twice.of("vllm:prompt_tokens_cached_by_source_total", source="device") == 3 * size
    assert twice.of("vllm:request_prefill_kv_computed_tokens_sum") == 5


def test_a_prompt_of_whole_blocks_computes_its_last_block_again(plain: Endpoint) -> None:
    size = int(page.now(plain).labels("vllm:cache_config_info")[0]["block_size"])
    document = {"max_tokens": 1, "cache_salt": "whole"}
    plain.complete([9] * (2 * size), **document)
    before = page.now(plain)
    plain.complete([9] * (2 * size), **document)
    assert after(plain, before).of("vllm:prefix_cache_hits_total") == size


def test_another_salt_shares_nothing(plain: Endpoint) -> None:
    size = int(page.now(plain).labels("vllm:cache_config_info")[0]["block_size"])
    plain.complete([11] * (2 * size), max_tokens=1, cache_salt="one")
    before = page.now(plain)
    plain.complete([11] * (2 * size), max_tokens=1, cache_salt="another")
    grown = after(plain, before)
    assert (grown.of("vllm:prefix_cache_queries_total"), grown.of("vllm:prefix_cache_hits_total")) == (2 * size, 0)


def test_generated_tokens_are_cached_too(plain: Endpoint) -> None:
    size = int(page.now(plain).labels("vllm:cache_config_info")[0]["block_size"])
    prompt, salt = [13] * (size - 2), {"cache_salt": "reply"}
    (choice,) = plain.complete(prompt, max_tokens=4, ignore_eos=True, return_token_ids=True, **salt).json["choices"]
    before = page.now(plain)
    plain.complete([*prompt, *choice["token_ids"]], max_tokens=1, **salt)
    assert after(plain, before).of("vllm:prefix_cache_hits_total") == size


def test_metrics_carry_the_served_name(plain: Endpoint) -> None:
    labels = page.now(plain).labels("vllm:prompt_tokens_total")
    assert labels == [{"engine": "0", "model_name": MODEL}]
