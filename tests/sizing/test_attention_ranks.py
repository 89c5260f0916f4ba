"""Attention in ranks (`--attn-dp-size`, `--enable_attention_dp`): each has all of it, and a cache of its own."""

from dataclasses import replace

import pytest

from fairlead.engines.sglang.memory import MEMORY as SGLANG
from fairlead.engines.tensorrt_llm.memory import MEMORY as TENSORRT
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.engine_memory import EngineMemory
from fairlead.fleet.shapes import MatrixGroup
from fairlead.sizing import activations, ceilings, kv_pages, parameters, weights
from fairlead.sizing.sizing_input import SizingInput
from tests.sizing.inputs import sizing_input

QWEN = "Qwen/Qwen3-235B-A22B"
DEEPSEEK = "deepseek-ai/DeepSeek-V3"


def spread(name: str, release: EngineMemory, ranks: int) -> SizingInput:
    """A model on eight GPUs, with attention in as many ranks."""
    plain = replace(sizing_input(name, "NVIDIA-H200"), release=release, expert_parallel=True)
    return replace(plain, parallelism=Parallelism(tensor=8), attention_ranks=ranks)


def more_bytes(name: str, release: EngineMemory, ranks: int) -> float:
    """How much more of the weights one GPU holds because of the ranks."""
    return weights.bytes_of_all_stages(spread(name, release, ranks)) - weights.bytes_of_all_stages(
        spread(name, release, 1)
    )


def test_a_gpu_that_is_a_rank_holds_all_of_attention_and_the_embedding() -> None:
    """The copies of KV heads that eight GPUs need, as there are only four, are not needed any more."""
    shape = spread(QWEN, SGLANG, 1).shape
    attention = parameters.count(shape)[MatrixGroup.ATTENTION]
    copies = 94 * 4096 * 2 * 128 * (1 - 4 / 8)
    expected = 2 * ((attention + 151936 * 4096) * 7 / 8 - copies)
    assert more_bytes(QWEN, SGLANG, 8) == pytest.approx(expected)


def test_in_tensorrt_llm_a_rank_also_holds_dense_layers_and_the_head() -> None:
    counts = parameters.count(spread(DEEPSEEK, SGLANG, 1).shape)
    whole = counts[MatrixGroup.MLP] + counts[MatrixGroup.SHARED_EXPERTS]
    head = 129280 * 7168 * 2
    extra = more_bytes(DEEPSEEK, TENSORRT, 8) - more_bytes(DEEPSEEK, SGLANG, 8)
    assert extra == pytest.approx((whole * weights.BYTES[spread(DEEPSEEK, SGLANG, 1).format] + head) * 7 / 8)


def test_a_rank_of_several_gpus_splits_attention_and_cache_among_them() -> None:
    one, two, eight = (spread("meta-llama/Llama-3.3-70B-Instruct", SGLANG, ranks) for ranks in (1, 2, 8))
    pages = [kv_pages.pool(sizing).page_bytes for sizing in (one, two, eight)]
    assert pages == [pages[0], pages[0] * 2, pages[0] * 8]
    assert [sizing.attention_ways for sizing in (one, two, eight)] == [8, 4, 1]


def test_recurrent_states_are_split_like_attention() -> None:
    one, eight = (spread("Qwen/Qwen3.5-397B-A17B", SGLANG, ranks) for ranks in (1, 8))
    assert kv_pages.state_bytes(eight) == kv_pages.state_bytes(one) * 8


def test_every_rank_has_a_batch_and_shares_the_experts_with_the_others() -> None:
    few = replace(spread(QWEN, SGLANG, 8), max_sequences=64)
    assert (few.ranks, few.expert_ranks, few.expert_ways, few.batch_sequences) == (8, 8, 8, 8)
    assert replace(few, release=TENSORRT).batch_sequences == 64, "whose limit is each rank's"
    assert replace(few, max_sequences=4).batch_sequences == 1


def test_a_rank_computes_and_reads_on_its_own_gpus() -> None:
    one, eight = (spread(DEEPSEEK, TENSORRT, ranks) for ranks in (1, 8))
    assert ceilings.rate(one) == ceilings.rate(eight) * 8
    assert activations.widest_layer(eight) == pytest.approx(activations.widest_layer(one) * 8)


def test_room_for_padding_is_set_aside() -> None:
    one, eight = (spread(QWEN, SGLANG, ranks).static_share or 0.0 for ranks in (1, 8))
    assert eight < one - 0.1
