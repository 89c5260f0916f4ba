"""Bytes of weights by format and layout, against what engines logged as loaded."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.engines.sglang.memory import MEMORY as SGLANG
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.fit import Estimate, Fit
from fairlead.fleet.quantization import Dtype, WeightFormat
from fairlead.fleet.shapes import VisionTower
from fairlead.sizing import assessment, weights
from fairlead.sizing.sizing_input import GIB, DraftSetup, SizingInput
from tests.sizing.inputs import shape, sizing_input


def gib(sizing: SizingInput) -> float:
    """Likely weights of one GPU."""
    return weights.bytes_on_fullest_gpu(sizing).likely / GIB


@pytest.mark.parametrize(
    ("stored", "loaded"),
    [
        (WeightFormat.NONE, 14.99),
        (WeightFormat.FP8_PER_TENSOR, 8.49),
        (WeightFormat.COMPRESSED_TENSORS_INT8, 8.49),
        (WeightFormat.COMPRESSED_TENSORS_INT4, 5.38),
    ],
)
def test_an_eight_billion_model_loads_what_engines_measured(stored: WeightFormat, loaded: float) -> None:
    assert gib(replace(sizing_input(), weights=stored)) == pytest.approx(loaded, abs=0.02)


def test_float32_doubles_the_weights() -> None:
    assert gib(replace(sizing_input(), dtype=Dtype.FLOAT32)) == pytest.approx(29.98, abs=0.02)


def test_tensor_and_pipeline_layouts_divide_what_can_be_divided() -> None:
    two, four = Parallelism(tensor=2), Parallelism(pipeline=4)
    assert gib(replace(sizing_input(), parallelism=two)) == pytest.approx(7.51, abs=0.02)
    assert gib(replace(sizing_input(), parallelism=four)) == pytest.approx(4.26, abs=0.02)


def test_a_tied_table_is_held_by_the_last_stage_too() -> None:
    granite = sizing_input("ibm-granite/granite-3.1-2b-instruct")
    table = 49216 * 2048 * 2 / GIB
    assert gib(replace(granite, parallelism=Parallelism(pipeline=2))) > table + (gib(granite) - table) / 2


def test_mxfp4_covers_the_experts_only_and_pads_them() -> None:
    spread = replace(sizing_input("openai/gpt-oss-20b"), parallelism=Parallelism(tensor=2))
    assert gib(spread) == pytest.approx(7.01, rel=0.02)


@pytest.mark.parametrize("expert_parallel", [False, True])
def test_data_parallel_ranks_of_vllm_hold_the_experts_together(*, expert_parallel: bool) -> None:
    """With expert parallelism each GPU has some experts, without it a slice of each: as many bytes."""
    alone = replace(sizing_input("deepseek-ai/DeepSeek-R1"), expert_parallel=expert_parallel)
    spread = replace(alone, parallelism=Parallelism(tensor=1, data=8))
    assert weights.expert_bytes(spread) == pytest.approx(weights.expert_bytes(alone) / 8)
    assert (gib(alone) > 600, gib(spread) < 110) == (True, True)


@pytest.mark.parametrize("tensor", [1, 8])
def test_experts_that_exist_twice_and_the_room_to_move_them_are_weights_too(tensor: int) -> None:
    """Qwen3-30B-A3B: 48 layers of 128 experts, each three matrices of 2048 by 768 in 16 bits."""
    plain = replace(sizing_input("Qwen/Qwen3-30B-A3B"), parallelism=Parallelism(tensor=tensor), expert_parallel=True)
    layer = 128 * 3 * 2048 * 768 * 2 / GIB / tensor
    twice = replace(plain, redundant_experts=32)
    assert gib(twice) - gib(plain) == pytest.approx(48 * layer / 4)
    assert gib(replace(plain, moves_experts=True)) - gib(plain) == pytest.approx(layer)
    assert gib(replace(twice, moves_experts=True)) - gib(twice) == pytest.approx(layer * 1.25)


def test_without_experts_none_exists_twice() -> None:
    assert gib(replace(sizing_input(), redundant_experts=32, moves_experts=True)) == gib(sizing_input())


def test_experts_of_an_mtp_layer_exist_twice_as_well() -> None:
    drafting = DraftSetup(tokens=1, mtp=True)
    plain = replace(sizing_input("deepseek-ai/DeepSeek-V3"), drafting=drafting, expert_parallel=True)
    twice = replace(plain, redundant_experts=256)
    one_layer = 256 * 3 * 7168 * 2048
    assert weights.draft(twice).likely - weights.draft(plain).likely == pytest.approx(one_layer, rel=0.01)


def test_copies_of_sglang_hold_all_experts_each() -> None:
    copies = Parallelism(tensor=4, data=2)
    alone = replace(sizing_input("Qwen/Qwen3-235B-A22B"), release=SGLANG, expert_parallel=True)
    one, two = (replace(alone, parallelism=parallelism) for parallelism in (replace(copies, data=1), copies))
    assert gib(one) == gib(two) == pytest.approx(109.6, abs=0.1)


def test_a_slice_of_a_wider_layout_is_padded_more() -> None:
    """MXFP4 needs multiples of 128; 2,880 over 8 GPUs is 360, padded to 384."""
    apart = replace(sizing_input("openai/gpt-oss-20b"), parallelism=Parallelism(tensor=2, data=4))
    whole = replace(apart, expert_parallel=True)
    assert weights.expert_bytes(apart) / weights.expert_bytes(whole) == pytest.approx(384 * 8 / 2944)


def test_slices_of_experts_may_be_padded_to_whole_blocks_of_scales() -> None:
    """1536 over 8 GPUs is 192, padded to 256; over 4 GPUs it is three blocks of 128."""
    cut = replace(sizing_input("MiniMaxAI/MiniMax-M2.5"), parallelism=Parallelism(tensor=8))
    padded = replace(cut, expert_block=128)
    assert weights.expert_bytes(padded) == pytest.approx(weights.expert_bytes(cut) * 256 / 192)
    whole = replace(padded, parallelism=Parallelism(tensor=4))
    assert weights.expert_bytes(whole) == weights.expert_bytes(replace(whole, expert_block=1))


def test_kimis_experts_take_four_bits_and_a_scale_for_every_32_weights() -> None:
    kimi = sizing_input("moonshotai/Kimi-K2.5")
    published = 595e9 / GIB
    assert gib(kimi) == pytest.approx(published, rel=0.015)


def test_a_whole_mxfp4_expert_is_padded_less_than_a_cut_one() -> None:
    """65.97 GiB were measured for the larger model on one GPU."""
    assert gib(sizing_input("openai/gpt-oss-120b")) == pytest.approx(65.97, rel=0.003)


def test_expert_parallel_keeps_whole_mxfp4_experts() -> None:
    parallelism = Parallelism(tensor=2)
    inputs = replace(sizing_input("openai/gpt-oss-20b"), parallelism=parallelism, expert_parallel=True)
    cut = gib(replace(inputs, expert_parallel=False))
    assert cut * 0.95 < gib(inputs) < cut, "a whole expert is padded less than two halves"


def test_ten_million_positions_cost_gibibytes_of_angles() -> None:
    scout = sizing_input("meta-llama/Llama-4-Scout-17B-16E-Instruct")
    assert weights.angles(scout) / GIB == pytest.approx(2.5)
    assert weights.angles(sizing_input("google/gemma-3-12b-it")) / GIB == pytest.approx(0.5625)


def test_latent_attention_holds_its_up_projection_twice() -> None:
    lite = sizing_input("deepseek-ai/DeepSeek-V2-Lite-Chat")
    assert weights.absorbed(lite) == 27 * 512 * 16 * 256 * 2
    assert gib(lite) == pytest.approx(29.43, abs=0.06)


def test_what_cannot_be_cut_is_copied() -> None:
    eight = Parallelism(tensor=8)
    latent = replace(sizing_input("deepseek-ai/DeepSeek-R1", "NVIDIA-H200"), parallelism=eight)
    few_heads = replace(sizing_input("Qwen/Qwen3-235B-A22B"), parallelism=eight)
    assert weights.copied(latent) / GIB == pytest.approx(0.75, abs=0.01)
    assert weights.copied(few_heads) == 94 * 4096 * 256 * (1 - 4 / 8) * 2
    assert weights.copied(replace(few_heads, parallelism=Parallelism(tensor=4))) == weights.copied(sizing_input()) == 0


def test_a_mixed_checkpoint_has_fp8_attention_beside_four_bit_mlps() -> None:
    parallelism = Parallelism(tensor=2)
    mixed = replace(sizing_input("unsloth/Qwen3.8-27B-NVFP4", "NVIDIA-GeForce-RTX-5090"), parallelism=parallelism)
    assert gib(mixed) == pytest.approx(10.64, abs=0.06)


def test_an_nvfp4_checkpoint_that_was_not_described_may_have_left_attention_alone_or_nothing() -> None:
    guessed = weights.bytes_on_fullest_gpu(sizing_input("nvidia/Qwen3.6-35B-A3B-NVFP4"))
    described = sizing_input("unsloth/Qwen3.8-27B-NVFP4")
    sure = weights.bytes_on_fullest_gpu(described)
    assert guessed.high - guessed.low > 1.5 * GIB
    assert sure.high - sure.low < 0.3 * GIB


def test_a_tower_of_unknown_size_widens_the_span_and_none_is_loaded_without_images() -> None:
    inputs = replace(sizing_input(), shape=replace(shape(), vision=VisionTower()))
    estimate = weights.bytes_on_fullest_gpu(inputs)
    assert (estimate.high - estimate.low) / GIB == pytest.approx(1.75, abs=0.15)
    assert gib(replace(inputs, images=False)) == gib(sizing_input())


def test_a_draft_model_is_added_and_may_be_held_whole() -> None:
    small = DraftSetup(tokens=4, model=shape("Qwen/Qwen3-0.6B"))
    spread = replace(sizing_input("Qwen/Qwen3-8B"), drafting=small, parallelism=Parallelism(tensor=2))
    found = weights.draft(spread)
    assert found.high == 2 * found.likely == pytest.approx(596049920 * 2)
    assert weights.draft(sizing_input()) == Estimate.exact(0)


def test_an_mtp_head_is_added_only_when_it_drafts() -> None:
    drafting = DraftSetup(tokens=1, mtp=True)
    found = weights.draft(replace(sizing_input("Qwen/Qwen3.8-27B"), drafting=drafting))
    assert found.likely == pytest.approx(0.85e9, rel=0.01)


def test_data_parallel_ranks_share_the_experts_of_an_mtp_layer_like_all_others() -> None:
    """Its 256 experts are 11.3 of 11.6 billion numbers, in FP8 like the rest of the checkpoint; each rank holds 32."""
    ranks = replace(
        sizing_input("deepseek-ai/DeepSeek-V3", "NVIDIA-H200"),
        parallelism=Parallelism(data=8),
        expert_parallel=True,
        drafting=DraftSetup(tokens=1, mtp=True),
    )
    experts, attention, joined = 256 * 3 * 7168 * 2048, 187e6, 2 * 7168 * 7168
    shared = 3 * 7168 * 2048
    found = weights.draft(ranks)

    assert found.low == found.likely == pytest.approx(experts / 8 + shared + attention + joined * 2, rel=0.01)
    assert found.high == pytest.approx(1.05 * 2 * (experts / 8 + shared + attention + joined), rel=0.01)
    assert isinstance(assessment.assess(ranks), Fit), "and eight H200 start, as they do without it"


def test_copies_of_sglang_hold_the_mtp_layer_each() -> None:
    one = replace(
        sizing_input("deepseek-ai/DeepSeek-V3", "NVIDIA-H200"),
        release=SGLANG,
        parallelism=Parallelism(tensor=8),
        drafting=DraftSetup(tokens=1, mtp=True),
    )
    two = replace(one, parallelism=Parallelism(tensor=8, data=2))
    assert weights.draft(one) == weights.draft(two)
    assert weights.draft(replace(one, attention_ranks=8)).likely > weights.draft(one).likely + 0.1 * GIB


@given(st.sampled_from(sorted(weights.BYTES)), st.sampled_from([1, 2, 4, 8]))
def test_quantizing_or_spreading_never_makes_a_gpu_fuller(stored: WeightFormat, tensor: int) -> None:
    plain = gib(sizing_input())
    assert gib(replace(sizing_input(), weights=stored, parallelism=Parallelism(tensor=tensor))) <= plain
