"""What a checkpoint left in 16 bits, or stored in eight beside four, is read from the ways in which it is written."""

import json
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.quantization import WeightFormat
from fairlead.fleet.shapes import MatrixGroup, ModelShape, StoredWeights
from fairlead.sizing import checkpoint, named_matrices, weights
from fairlead.sizing.families import MissingFact
from fairlead.sizing.sizing_input import GIB, SizingInput
from tests.sizing.inputs import shape, sizing_input
from tests.sizing.test_checkpoint import LLAMA
from tests.sizing.test_layers_of_checkpoints import linear

ATTENTION, MLP, EXPERTS = MatrixGroup.ATTENTION, MatrixGroup.MLP, MatrixGroup.EXPERTS
LINEAR_IN, LINEAR_OUT, SHARED = MatrixGroup.RECURRENT_IN, MatrixGroup.RECURRENT_OUT, MatrixGroup.SHARED_EXPERTS
OF_TWO_KINDS: Final = linear(full_attention_interval=4)
"""24 layers with linear attention, 8 with full attention, and an MLP in each."""
MIXTURE: Final = LLAMA | {
    "model_type": "qwen3_moe",
    "num_experts": 8,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 512,
    "shared_expert_intermediate_size": 512,
}
FP8: Final = {"num_bits": 8, "type": "float", "strategy": "channel", "group_size": None}
NVFP4: Final = {"num_bits": 4, "type": "float", "strategy": "tensor_group", "group_size": 16}


def read(base: dict[str, Any], **quantized: object) -> ModelShape | MissingFact:
    return checkpoint.read("it", json.dumps(base | {"quantization_config": quantized}))


def stored(base: dict[str, Any], **quantized: object) -> StoredWeights:
    shape = read(base, **quantized)
    assert isinstance(shape, ModelShape), shape
    return shape.stored


def kept(base: dict[str, Any], *ignored: str) -> tuple[set[MatrixGroup], dict[MatrixGroup, int]]:
    """The parts in 16 bits, and those that are in so many layers only."""
    found = stored(base, quant_method="compressed-tensors", format="nvfp4-pack-quantized", ignore=list(ignored))
    return set(found.kept), dict(found.kept_layers)


def in_groups(*groups: tuple[dict[str, Any], list[str]], form: str = "mixed-precision") -> dict[str, Any]:
    listed = {f"group_{at}": {"targets": targets, "weights": bits} for at, (bits, targets) in enumerate(groups)}
    return {"quant_method": "compressed-tensors", "format": form, "config_groups": listed}


@pytest.mark.parametrize(
    "ignored",
    [
        ("lm_head", "model.embed_tokens", "model.visual.blocks.0.attn.qkv", "vision_tower.layers.0.self_attn.q_proj"),
        ("mtp.layers.0.self_attn.q_proj", "mtp.fc", "model.layers.32.mlp.down_proj", "re:.*mtp.*", "mtp*"),
        (
            "model.layers.0.self_attn.kv_a_layernorm",
            "model.layers.0.self_attn.indexers_proj",
            "model.layers.0.mlp.gate",
        ),
        tuple(f"model.layers.{layer}.linear_attn.{one}" for layer in range(3) for one in ("conv1d", "in_proj_a")),
        ("model.layers.1.mlp.shared_expert_gate", "re:.*mlp.gate$", "re:visual.*"),
    ],
)
def test_what_is_small_or_counted_elsewhere_keeps_nothing_in_16_bits(ignored: tuple[str, ...]) -> None:
    """One such name kept all matrices beside it in 16 bits, in every layer."""
    assert kept(OF_TWO_KINDS, *ignored) == (set(), {})


def test_a_part_is_kept_in_the_layers_that_are_named() -> None:
    two = ("model.layers.0.mlp.down_proj", "model.layers.31.mlp.gate_proj", "model.layers.31.mlp.up_proj")
    attention = tuple(f"model.language_model.layers.{layer}.self_attn.o_proj" for layer in range(3, 32, 4))
    assert kept(OF_TWO_KINDS, *two) == (set(), {MLP: 2})
    assert kept(OF_TWO_KINDS, *attention) == ({ATTENTION}, {})
    assert kept(OF_TWO_KINDS, *attention[1:]) == (set(), {ATTENTION: 7})


@pytest.mark.parametrize(
    ("ignored", "whole", "some"),
    [
        ("re:.*self_attn.*", {ATTENTION}, {}),
        (r"re:model\.layers\.(0|1)\.mlp.*", set(), {MLP: 2}),
        (".*self_attn.*", {ATTENTION}, {}),
        ("*.self_attn*", {ATTENTION}, {}),
        ("model.layers.*.self_attn", {ATTENTION}, {}),
        ("model.layers.1*", set(), {MLP: 1, LINEAR_IN: 1, LINEAR_OUT: 1}),
        ("model.layers.2.mlp*", set(), {MLP: 1}),
        ("model.layers.99.mlp*", set(), {}),
        ("linear_attn", {LINEAR_IN, LINEAR_OUT}, {}),
        ("linear_attn.out_proj", {LINEAR_OUT}, {}),
        ("model.layers.5", set(), {MLP: 1, LINEAR_IN: 1, LINEAR_OUT: 1}),
        ("model.layers.7", set(), {MLP: 1, ATTENTION: 1}),
        ("down_proj", {MLP}, {}),
    ],
)
def test_names_patterns_and_wildcards_mean_matrices(
    ignored: str, whole: set[MatrixGroup], some: dict[MatrixGroup, int]
) -> None:
    assert kept(OF_TWO_KINDS, ignored) == (whole, some)


def test_experts_are_found_under_the_names_of_each_family() -> None:
    for name in ("mlp.experts.17.up_proj", "block_sparse_moe.experts.3.w2", "feed_forward.experts.gate_up_proj"):
        assert kept(MIXTURE, f"model.layers.4.{name}") == (set(), {EXPERTS: 1}), name
    assert kept(MIXTURE, "re:.*mlp.experts.*") == ({EXPERTS}, {})
    assert kept(MIXTURE, "re:.*shared_expert.*") == ({SHARED}, {})


def test_parts_in_16_bits_are_read_from_gptq_and_auto_round_too() -> None:
    """Qwen's own GPTQ checkpoints leave attention and shared experts alone: their 16 bits were not counted."""
    signed = {"lm_head": {}, "-:.*attn.*": {}, "-:.*mtp.*": {}, "-:.*shared_expert.*": {}, "+:.*mlp.*": {"bits": 4}}
    gptq = stored(OF_TWO_KINDS, quant_method="gptq", bits=4, group_size=128, dynamic=signed)
    assert (gptq.format, set(gptq.kept)) == (WeightFormat.GPTQ, {ATTENTION, LINEAR_IN, LINEAR_OUT})
    extra = {"linear_attn": {"bits": 16}, ".*self_attn.*": {"bits": 8}, "lm_head": {"bits": 16}}
    rounded = stored(OF_TWO_KINDS, quant_method="auto-round", bits=4, extra_config=extra)
    assert (set(rounded.kept), set(rounded.eight_bit)) == ({LINEAR_IN, LINEAR_OUT}, {ATTENTION})
    assert read(OF_TWO_KINDS, quant_method="gptq", dynamic={".*mlp.*": {"bits": 3}}) == MissingFact(
        "gptq with 3 bits is not known to this version; 4, 8 and 16 are"
    )


@pytest.mark.parametrize("method", ["awq", "gptq", "auto-round"])
def test_smaller_groups_have_more_scales(method: str) -> None:
    """70 billion weights in groups of 32 take 3.7 GiB more than in groups of 128."""
    base = {"num_hidden_layers": 80, "hidden_size": 8192, "num_attention_heads": 64, "intermediate_size": 28672}
    by_group = {}
    for group in (None, 128, 32):
        shape = read(LLAMA | base, quant_method=method, bits=4, group_size=group)
        assert isinstance(shape, ModelShape)
        by_group[group] = weights.bytes_of_all_stages(sizing_input_of(shape)) / GIB
    assert by_group[None] == by_group[128]
    assert by_group[32] - by_group[128] == pytest.approx(3.7, 0.02)


def sizing_input_of(shape: ModelShape) -> SizingInput:
    return replace(sizing_input(), shape=shape)


def test_a_part_kept_in_half_of_its_layers_weighs_between_both() -> None:
    def gib(*ignored: str) -> float:
        shape = read(LLAMA, quant_method="compressed-tensors", format="nvfp4-pack-quantized", ignore=list(ignored))
        assert isinstance(shape, ModelShape)
        return weights.bytes_of_all_stages(sizing_input_of(shape)) / GIB

    half = gib(*(f"model.layers.{layer}.mlp.down_proj" for layer in range(16)))
    assert half == pytest.approx((gib() + gib("re:.*mlp.*")) / 2)


def test_groups_in_four_and_in_eight_bits_are_both_read_in_either_order() -> None:
    """Only the first group was read: FP8 attention made all experts FP8, at 34 GiB instead of 21."""
    attention = (FP8, ["re:.*self_attn.(q|k|v|o)_proj", "re:.*linear_attn.(in_proj_qkv|in_proj_z|out_proj)"])
    mlp = (NVFP4, ["re:.*mlp.*"])
    found = stored(OF_TWO_KINDS, **in_groups(attention, mlp))
    assert found == stored(OF_TWO_KINDS, **in_groups(mlp, attention))
    assert (found.format, set(found.eight_bit)) == (WeightFormat.NVFP4, {ATTENTION, LINEAR_IN, LINEAR_OUT})
    assert (set(found.kept), found.group) == (set(), 16)


def test_what_no_group_targets_stays_in_16_bits() -> None:
    alone = stored(OF_TWO_KINDS, **in_groups((NVFP4, ["re:.*mlp.*"]), form="nvfp4"))
    both = stored(OF_TWO_KINDS, **in_groups((NVFP4, ["re:.*mlp.*"]), (FP8, ["re:.*self_attn.*"])))
    assert set(both.kept) == {LINEAR_IN, LINEAR_OUT}
    assert set(alone.kept) == {LINEAR_IN, LINEAR_OUT, ATTENTION}
    assert stored(MIXTURE, **in_groups((NVFP4, ["FusedMoE", "Linear"]), form="nvfp4")).kept == set()


def test_the_rest_of_all_linear_layers_is_what_the_other_group_leaves() -> None:
    rest_in_four = stored(OF_TWO_KINDS, **in_groups((NVFP4, ["Linear"]), (FP8, ["re:.*self_attn.*"])))
    rest_in_eight = stored(OF_TWO_KINDS, **in_groups((NVFP4, ["re:.*mlp.*"]), (FP8, ["Linear"])))
    assert (set(rest_in_four.eight_bit), set(rest_in_four.kept)) == ({ATTENTION}, set())
    assert (set(rest_in_eight.eight_bit), set(rest_in_eight.kept)) == ({ATTENTION, LINEAR_IN, LINEAR_OUT}, set())


def test_modelopts_formats_and_its_mixtures_are_read() -> None:
    layers = {f"model.layers.{at}.mlp.down_proj": {"quant_algo": "NVFP4"} for at in range(32)}
    layers |= {f"model.layers.{at}.self_attn.q_proj": {"quant_algo": "fp8"} for at in range(32)}
    mixed = stored(LLAMA, quant_method="modelopt", quant_algo="MIXED_PRECISION", quantized_layers=layers)
    assert (mixed.format, set(mixed.eight_bit), set(mixed.kept)) == (WeightFormat.NVFP4, {ATTENTION}, set())
    assert stored(LLAMA, quant_method="modelopt", quant_algo="MXFP8").format is WeightFormat.MXFP8
    nested = stored(
        LLAMA, quant_method="modelopt", quantization={"quant_algo": "FP8", "exclude_modules": ["*self_attn*"]}
    )
    assert (nested.format, set(nested.kept)) == (WeightFormat.MODELOPT, {ATTENTION})


@pytest.mark.parametrize(
    ("quantized", "what"),
    [
        (
            {"quant_method": "modelopt", "quant_algo": "W4A16_AWQ"},
            "modelopt with W4A16_AWQ weights is not known to this version",
        ),
        (
            {"quant_method": "modelopt", "quant_algo": "MIXED_PRECISION"},
            "modelopt with MIXED_PRECISION weights is not known to this version",
        ),
        (
            in_groups((FP8, ["Linear"]), ({"num_bits": 8, "type": "int"}, ["re:.*mlp.*"])),
            "compressed-tensors with 8-bit float and 8-bit int weights is not known to this version",
        ),
        (
            {"quant_method": "gptq", "dynamic": {"-:(": {}}},
            (
                "a pattern of quantization_config is no regular expression: "
                "missing ), unterminated subpattern at position 0"
            ),
        ),
    ],
)
def test_a_mixture_whose_parts_cannot_be_separated_is_an_answer(quantized: dict[str, Any], what: str) -> None:
    """ModelOpt's W4A16_AWQ and its mixtures were taken for one byte a weight."""
    assert read(LLAMA, **quantized) == MissingFact(what)


@given(names=st.lists(st.text("model.layrs0123456789_*[]projattnexpgud", max_size=40), max_size=6))
def test_whatever_is_listed_no_part_is_kept_in_more_layers_than_have_it(names: list[str]) -> None:
    shape = read(OF_TWO_KINDS, quant_method="modelopt", quant_algo="NVFP4", ignore=names)
    assert isinstance(shape, (ModelShape, MissingFact))
    if isinstance(shape, ModelShape):
        assert all(0 < number < shape.layers_with(group) for group, number in shape.stored.kept_layers)


def test_a_number_of_layers_that_no_model_has_is_not_counted_through() -> None:
    assert named_matrices.named(["self_attn"], 10**12) == {ATTENTION: frozenset(range(1000))}


def test_layers_with_a_part_are_counted_by_family() -> None:
    mixture, gemma = shape("Qwen/Qwen3.5-35B-A3B"), shape("google/gemma-4-26B-A4B")
    assert [mixture.layers_with(part) for part in (ATTENTION, LINEAR_IN, EXPERTS, MLP)] == [10, 30, 40, 0]
    assert (gemma.layers_with(MLP), gemma.layers_with(MatrixGroup.NORMS)) == (gemma.layers, gemma.layers)
