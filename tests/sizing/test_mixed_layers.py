"""A part that some layers lack, or store otherwise, is counted by the layers that have it."""

from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.quantization import WeightFormat
from fairlead.fleet.shapes import MatrixGroup, ModelShape
from fairlead.sizing import weights
from fairlead.sizing.families import MissingFact
from fairlead.sizing.sizing_input import GIB
from tests.sizing.test_checkpoint import LLAMA
from tests.sizing.test_layers_of_checkpoints import linear
from tests.sizing.test_quantization_config import (
    FP8,
    MIXTURE,
    NVFP4,
    OF_TWO_KINDS,
    in_groups,
    kept,
    read,
    sizing_input_of,
    stored,
)

ATTENTION, MLP, EXPERTS = MatrixGroup.ATTENTION, MatrixGroup.MLP, MatrixGroup.EXPERTS
LINEAR_IN, LINEAR_OUT, SHARED = MatrixGroup.RECURRENT_IN, MatrixGroup.RECURRENT_OUT, MatrixGroup.SHARED_EXPERTS
DEEP: Final = MIXTURE | {"model_type": "deepseek_v3", "first_k_dense_replace": 1}
"""One dense layer, then 31 with experts."""
NAMES: Final = (
    *("Linear", "model.layers.0*", "model.layers.0.mlp*", "re:.*layers.(1|3|31).mlp.*", "re:.*self_attn.*"),
    *("model.layers.3", "re:.*mlp.experts.*", "linear_attn", "model.layers.31.self_attn.q_proj", "down_proj"),
)
FOUR_BITS: Final = {"quant_method": "compressed-tensors", "format": "nvfp4-pack-quantized"}


def gib(shape: ModelShape | MissingFact) -> float:
    assert isinstance(shape, ModelShape), shape
    return weights.bytes_of_all_stages(sizing_input_of(shape)) / GIB


def test_a_name_of_a_dense_layer_keeps_no_experts_in_16_bits() -> None:
    """A dense layer counted as a layer of experts in 16 bits: 564 GiB instead of 542 with the sizes of Kimi K2."""

    def in_four(*ignored: str) -> ModelShape | MissingFact:
        return read(DEEP, **FOUR_BITS, ignore=list(ignored))

    matrices = [f"model.layers.0.mlp.{one}_proj" for one in ("gate", "up", "down")]
    assert gib(in_four("model.layers.0.mlp*")) == gib(in_four("model.layers.0.mlp")) == gib(in_four(*matrices))
    assert kept(DEEP, "model.layers.0.mlp*") == ({MLP}, {})
    assert kept(DEEP, "re:.*layers.(0|1).mlp.*") == ({MLP}, {EXPERTS: 1, SHARED: 1})
    assert kept(DEEP | {"first_k_dense_replace": 0, "decoder_sparse_step": 2}, "model.layers.0.mlp*") == (
        set(),
        {MLP: 1},
    )


def test_a_layer_without_attention_keeps_none_of_it_however_its_kinds_are_written() -> None:
    kinds = [*["linear_attention"] * 3, "full_attention"] * 8
    for base in (OF_TWO_KINDS, linear(layer_types=kinds)):
        assert kept(base, "model.layers.0") == (set(), {MLP: 1, LINEAR_IN: 1, LINEAR_OUT: 1})
        assert kept(base, "model.layers.3") == (set(), {MLP: 1, ATTENTION: 1})


def test_the_rest_of_all_linear_layers_has_no_experts_if_each_of_theirs_is_named() -> None:
    """Experts of layers 1 to 31 in four bits and the rest in FP8 made all experts FP8."""
    experts = [f"model.layers.{layer}.mlp.experts.0.{one}_proj" for layer in range(1, 32) for one in ("gate", "up")]
    found = stored(DEEP, **in_groups((NVFP4, experts), (FP8, ["Linear"])))
    assert (found.format, set(found.eight_bit)) == (WeightFormat.NVFP4, {ATTENTION, MLP, SHARED})
    assert (found.kept, found.eight_bit_layers) == (frozenset(), ())


@pytest.mark.parametrize(
    "quantized",
    [
        {"quant_method": "gptq", "bits": 4, "dynamic": {r"+:.*layers\.(0|31)\.mlp": {"bits": 8}}},
        {
            "quant_method": "auto-round",
            "bits": 4,
            "extra_config": {key: {"bits": 8} for key in ("model.layers.0.mlp.up_proj", "model.layers.31.mlp")},
        },
        in_groups((NVFP4, ["Linear"]), (FP8, ["re:.*layers.(0|31).mlp.*"])),
    ],
)
def test_a_part_in_eight_bits_in_some_layers_has_four_in_the_others(quantized: dict[str, Any]) -> None:
    """One matrix in eight bits made its part so in all layers: 62 GiB instead of 37 for 70 billion weights in GPTQ."""
    shape = read(LLAMA, **quantized)
    assert isinstance(shape, ModelShape)
    assert (shape.stored.eight_bit, shape.stored.eight_bit_layers) == (frozenset(), ((MLP, 2),))
    none = replace(shape, stored=replace(shape.stored, eight_bit_layers=()))
    every = replace(none, stored=replace(none.stored, eight_bit=frozenset({MLP})))
    assert gib(shape) == pytest.approx(gib(none) + (gib(every) - gib(none)) * 2 / 32)


def test_what_stays_in_16_bits_is_not_in_eight() -> None:
    eight = (FP8, ["re:.*layers.(0|1|2).mlp.*"])
    found = stored(LLAMA, **in_groups((NVFP4, ["Linear"]), eight), ignore=["re:.*layers.(0|9).mlp.*"])
    assert (found.kept_layers, found.eight_bit_layers) == (((MLP, 2),), ((MLP, 2),))
    rest = stored(LLAMA, **in_groups((NVFP4, ["re:.*self_attn.*"]), eight))
    assert (rest.kept_layers, set(rest.eight_bit)) == (((MLP, 29),), {MLP})


@given(
    ignored=st.lists(st.sampled_from(NAMES), max_size=4),
    four=st.lists(st.sampled_from(NAMES), max_size=4),
    eight=st.lists(st.sampled_from(NAMES), max_size=4),
)
def test_however_formats_are_mixed_a_model_weighs_between_four_and_sixteen_bits(
    ignored: list[str], four: list[str], eight: list[str]
) -> None:
    mixed = in_groups((NVFP4, four or ["Linear"]), (FP8, eight or ["Linear"]))
    for base in (OF_TWO_KINDS, DEEP):
        least, shape, most = read(base, **FOUR_BITS), read(base, **mixed, ignore=ignored), read(base)
        assert isinstance(shape, ModelShape)
        whole = shape.stored.kept | shape.stored.eight_bit
        for group, number in (*shape.stored.kept_layers, *shape.stored.eight_bit_layers):
            assert 0 < number < shape.layers_with(group)
            assert group not in whole or group in dict(shape.stored.kept_layers)
        assert gib(least) <= gib(shape) + 1e-9
        assert gib(shape) <= gib(most) + 1e-9
