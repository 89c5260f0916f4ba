"""The cache's pages, against blocks and tokens that engines logged."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.engines.vllm.memory import VllmRelease
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.fit import Estimate
from fairlead.fleet.quantization import KvFormat
from fairlead.sizing import kv_pages
from fairlead.sizing.kv_pages import KvPagePool, LayerGroup
from fairlead.sizing.sizing_input import GIB, DraftSetup
from tests.sizing.inputs import packaged_catalogue, shape, sizing_input

CARD = "NVIDIA-GeForce-RTX-5090"


def test_plain_attention_has_one_group_of_sixteen_tokens() -> None:
    assert kv_pages.pool(sizing_input()) == KvPagePool(16 * 131072, (LayerGroup(16),))
    assert kv_pages.pool(sizing_input()).pages(58.11 * GIB) == pytest.approx(29751, abs=3)


@pytest.mark.parametrize(
    ("kv", "bytes_a_token"),
    [
        (KvFormat.AUTO, 131072),
        (KvFormat.BFLOAT16, 131072),
        (KvFormat.FP8, 65536),
        (KvFormat.NVFP4, 36864),
        (KvFormat.INT8_PER_TOKEN_HEAD, 32 * 8 * 2 * (128 + 4)),
    ],
)
def test_bytes_a_token_by_cache_format(kv: KvFormat, bytes_a_token: int) -> None:
    assert kv_pages.pool(replace(sizing_input(), kv=kv)).page_bytes == 16 * bytes_a_token


def test_heads_are_shared_out_and_copied_when_gpus_outnumber_them() -> None:
    per = {
        ways: kv_pages.heads_on_a_gpu(replace(sizing_input(), parallelism=Parallelism(tensor=ways)), 8)
        for ways in (2, 8, 16)
    }
    assert per == {2: 4, 8: 1, 16: 1}


def test_latent_attention_is_not_shared_out() -> None:
    kimi = sizing_input("moonshotai/Kimi-VL-A3B-Instruct")
    spread = replace(kimi, parallelism=Parallelism(tensor=2))
    assert kv_pages.pool(kimi).page_bytes == kv_pages.pool(spread).page_bytes == 16 * 31104


def test_a_sparse_indexer_keeps_its_own_keys() -> None:
    sparse = sizing_input("deepseek-ai/DeepSeek-V3.2")
    assert kv_pages.pool(sparse).page_bytes == 16 * 61 * (576 * 2 + 132)
    assert kv_pages.pool(replace(sparse, kv=KvFormat.FP8)).page_bytes == 16 * 61 * (656 + 132)


@pytest.mark.parametrize(
    ("name", "available", "blocks"),
    [
        ("google/gemma-3-12b-it", 47.72, 48867),
        ("google/gemma-3-27b-it", 19.53, 15997),
        ("google/gemma-2-27b-it", 20.59, 7335),
    ],
)
def test_windows_share_a_pool_with_full_layers(name: str, available: float, blocks: int) -> None:
    inputs = replace(sizing_input(name), release=VllmRelease(0, 19))
    assert kv_pages.pool(inputs).pages(available * GIB) == pytest.approx(blocks, rel=3e-4)


@pytest.mark.parametrize("release", ["0.19.0", "0.20.0", "0.20.1"])
def test_the_cache_of_any_release_holds_whole_requests_whatever_its_log_says(release: str) -> None:
    """The log of vllm-project/vllm#40691 has 33.04 requests of 32,768 tokens, and 290,864 tokens: a quarter of them."""
    logged = sizing_input("Qwen/Qwen3.5-27B", "NVIDIA-H20", 32768)
    inputs = replace(logged, release=VllmRelease.read(release), caches_states=False)
    tokens, requests = kv_pages.spans(inputs, Estimate.exact(1487 * kv_pages.pool(inputs).page_bytes))
    assert requests.likely == pytest.approx(33.04, abs=0.005)
    assert tokens.likely == int(requests.likely * 32768)


def test_only_windowed_layers_make_one_group() -> None:
    windowed = shape("google/gemma-3-4b-it")
    assert windowed.window is not None
    every = replace(windowed, window=replace(windowed.window, layers=windowed.layers))
    assert kv_pages.pool(replace(sizing_input(), shape=every)).groups == (LayerGroup(16, 1024),)


def test_two_kinds_that_are_nearly_as_many_are_padded_to_one_size() -> None:
    gemma = shape("google/gemma-2-27b-it")
    assert gemma.window is not None
    uneven = replace(gemma, window=replace(gemma.window, layers=25))
    assert len(kv_pages.pool(replace(sizing_input(), shape=uneven)).groups) == 2


def test_wider_heads_get_longer_blocks_of_equal_bytes() -> None:
    spread = replace(sizing_input("google/gemma-4-26B-A4B"), parallelism=Parallelism(tensor=2))
    assert kv_pages.pool(spread).groups == (LayerGroup(32), *(LayerGroup(16, 1024),) * 5)


def test_a_recurrent_model_pages_by_its_state() -> None:
    """299 pages were measured: 5.98 GiB, and 567,978 tokens at 69 pages a request."""
    inputs = replace(sizing_input("qwen3.6-35b-a3b-nvfp4", CARD, 131072), kv=KvFormat.FP8, release=VllmRelease(0, 24))
    assert kv_pages.pool(inputs).groups == (LayerGroup(2096), *(LayerGroup(0),) * 3)
    assert kv_pages.pages_a_request(inputs, inputs.context) == 69
    assert kv_pages.tokens(inputs, 5.98 * GIB) == 567978


def test_without_prefix_caching_a_recurrent_layer_has_the_running_state_alone() -> None:
    """vLLM 0.26.0 wanted 8.18 GiB for one request; 0.19.0 printed 33.04 requests for 1,484 to 1,487 pages, which are 45
    pages each: vllm-project/vllm#40691."""
    wanted = replace(sizing_input("Qwen/Qwen3.8-27B-FP8", "NVIDIA-L40S", 131072), caches_states=False)
    one = kv_pages.pages_a_request(wanted, 131072) * kv_pages.pool(wanted).page_bytes
    assert one / GIB == pytest.approx(8.18, abs=0.005)

    printed = replace(sizing_input("Qwen/Qwen3.5-27B", "NVIDIA-H20", 32768), caches_states=False)
    assert kv_pages.pages_a_request(printed, 32768) == 45
    assert kv_pages.pages_a_request(replace(printed, caches_states=True), 32768) == 48, "one more in each of 3 groups"


def test_draft_tokens_lengthen_states_and_an_mtp_head_joins_the_layers() -> None:
    """426 pages were measured: 11.05 GiB, and 623,873 tokens at 179 pages a request."""
    drafting = DraftSetup(tokens=3, mtp=True)
    one = sizing_input("qwen3.6-27b-autoround-int4", "NVIDIA-GeForce-RTX-3090", 262144)
    inputs = replace(
        one, kv=KvFormat.FP8, drafting=drafting, parallelism=Parallelism(tensor=2), release=VllmRelease(0, 24)
    )
    assert kv_pages.pages_a_request(inputs, inputs.context) == 179
    assert kv_pages.tokens(inputs, 11.05 * GIB) == pytest.approx(623873, rel=0.003)


def test_a_draft_models_layers_join_the_pool() -> None:
    drafting = DraftSetup(tokens=4, model=shape("Qwen/Qwen3-0.6B"))
    target, both = sizing_input("Qwen/Qwen3-8B"), replace(sizing_input("Qwen/Qwen3-8B"), drafting=drafting)
    assert kv_pages.pool(both).page_bytes - kv_pages.pool(target).page_bytes == 16 * 28 * 2 * 8 * 128 * 2


def test_no_memory_is_no_pages() -> None:
    assert kv_pages.spans(sizing_input(), Estimate(-5.0, 0.0, 2097152.0)) == (
        Estimate(0, 0, 16),
        Estimate(0, 0, 1 / 512),
    )


@given(st.sampled_from(sorted(packaged_catalogue().shapes)), st.integers(1, 20), st.integers(1024, 65536))
def test_a_longer_context_never_takes_fewer_pages_and_more_memory_never_holds_fewer(
    name: str, gib: int, context: int
) -> None:
    inputs = sizing_input(name)
    assert kv_pages.pages_a_request(inputs, context) <= kv_pages.pages_a_request(inputs, context + 16)
    assert kv_pages.tokens(inputs, gib * GIB) <= kv_pages.tokens(inputs, (gib + 1) * GIB)


def test_gpus_that_share_the_tokens_of_a_request_hold_eight_times_as_many() -> None:
    """Latent attention is not divided by tensor parallelism, so that each of eight GPUs held every token's vector."""
    copies = replace(sizing_input("deepseek-ai/DeepSeek-V3", "NVIDIA-H200"), parallelism=Parallelism(tensor=8))
    shared = replace(copies, context_ranks=8)
    assert kv_pages.pool(shared).page_bytes == kv_pages.pool(copies).page_bytes
    assert kv_pages.tokens(shared, 20 * GIB) == 8 * kv_pages.tokens(copies, 20 * GIB)
    assert kv_pages.pages_a_request(shared, 16_384) * 8 == kv_pages.pages_a_request(copies, 16_384)
