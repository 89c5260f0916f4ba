"""A published config.json becomes a shape, or names what this version cannot read in it."""

import json
from typing import Any

import pytest

from fairlead.fleet.quantization import WeightFormat
from fairlead.fleet.shapes import ExpertLayers, MatrixGroup, ModelShape, StoredWeights, WindowedLayers
from fairlead.sizing import checkpoint, parameters
from fairlead.sizing.families import MissingFact
from tests.sizing.inputs import shape

LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "num_hidden_layers": 32,
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "intermediate_size": 14336,
    "max_position_embeddings": 131072,
    "rope_scaling": {"rope_type": "llama3", "factor": 8.0},
}
GEMMA: dict[str, Any] = {
    "model_type": "gemma3",
    "vision_config": {"hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27},
    "text_config": {
        "model_type": "gemma3_text",
        "num_hidden_layers": 62,
        "hidden_size": 5376,
        "num_attention_heads": 32,
        "num_key_value_heads": 16,
        "head_dim": 128,
        "vocab_size": 262208,
        "intermediate_size": 21504,
        "sliding_window": 1024,
        "sliding_window_pattern": 6,
        "max_position_embeddings": 131072,
        "rope_scaling": {"rope_type": "linear", "factor": 8.0},
    },
}


def read(config: dict[str, Any]) -> ModelShape:
    """The shape; fails the test if there is none."""
    shape = checkpoint.read("it", json.dumps(config))
    assert isinstance(shape, ModelShape), shape
    return shape


def stored(**quantized: object) -> StoredWeights | MissingFact:
    """The checkpoint's weights."""
    shape = checkpoint.read("it", json.dumps(LLAMA | {"quantization_config": quantized}))
    return shape if isinstance(shape, MissingFact) else shape.stored


def test_a_plain_configuration_gives_the_catalogues_shape() -> None:
    found, model_shape = read(LLAMA), shape()
    assert parameters.count(found) == parameters.count(model_shape)
    assert (found.head_dim, found.rotary_stretch, found.positions) == (128, 1.0, 131072)


def test_the_text_model_inside_a_multimodal_one_is_read_with_its_tower() -> None:
    found, model_shape = read(GEMMA), shape("google/gemma-3-27b-it")
    assert (found.window, found.rotary_stretch, found.tied) == (WindowedLayers(layers=52, tokens=1024), 8.0, True)
    assert parameters.text_total(found) == parameters.text_total(model_shape)
    assert found.vision is not None
    assert found.vision.parameters == 27 * (4 * 1152 * 1152 + 2 * 1152 * 4304)


def test_fields_a_family_leaves_to_its_class_are_the_classes_own() -> None:
    inner = {key: GEMMA["text_config"][key] for key in ("model_type", "sliding_window")}
    small = inner | {"num_hidden_layers": 34, "hidden_size": 2560, "intermediate_size": 10240}
    found = read({"text_config": small})
    assert parameters.text_total(found) == parameters.text_total(shape("google/gemma-3-4b-it"))
    assert found.window == WindowedLayers(layers=29, tokens=1024)


def test_a_tower_that_is_not_described_takes_what_its_family_comes_with() -> None:
    shape = read(GEMMA | {"vision_config": {}})
    assert shape.vision is not None
    assert shape.vision.parameters == 420_000_000


def test_windows_switched_off_layer_kinds_and_partial_rotation_are_read() -> None:
    off = read(LLAMA | {"model_type": "qwen2", "sliding_window": 4096, "use_sliding_window": False})
    kinds = ["sliding_attention", "full_attention"] * 16
    counted = read(LLAMA | {"model_type": "gpt_oss", "sliding_window": 128, "layer_types": kinds})
    partial = read(LLAMA | {"head_dim": 256, "partial_rotary_factor": 0.25})
    assert (off.window, counted.window, partial.rotary_dim) == (None, WindowedLayers(layers=16, tokens=128), 64)


def test_a_family_named_without_its_text_suffix_is_found() -> None:
    inner = GEMMA["text_config"] | {"model_type": "gemma3"}
    assert read({"text_config": inner}).family == "gemma3_text"


@pytest.mark.parametrize(
    ("quantized", "expected"),
    [
        ({"quant_method": "awq", "bits": 4}, WeightFormat.AWQ),
        ({"quant_method": "gptq"}, WeightFormat.GPTQ),
        ({"quant_method": "fp8"}, WeightFormat.FP8),
        ({"quant_method": "mxfp4"}, WeightFormat.MXFP4),
        ({"quant_method": "bitsandbytes", "load_in_8bit": False, "load_in_4bit": True}, WeightFormat.BITSANDBYTES),
        ({"quant_method": "modelopt", "quant_algo": "FP8"}, WeightFormat.MODELOPT),
        ({"quant_method": "modelopt", "quantization": {"quant_algo": "NVFP4"}}, WeightFormat.NVFP4),
        ({"quant_method": "compressed-tensors", "format": "nvfp4-pack-quantized"}, WeightFormat.NVFP4),
        (
            {"quant_method": "compressed-tensors", "config_groups": {"g": {"weights": {"type": "int", "num_bits": 8}}}},
            WeightFormat.COMPRESSED_TENSORS_INT8,
        ),
    ],
)
def test_each_way_a_checkpoint_names_its_quantization(quantized: dict[str, Any], expected: WeightFormat) -> None:
    assert stored(**quantized) == StoredWeights(format=expected, described=True)


def test_weights_that_share_a_scale_are_read_by_block_and_by_group() -> None:
    def in_groups(**weights: object) -> StoredWeights | MissingFact:
        return stored(quant_method="compressed-tensors", config_groups={"group_0": {"weights": weights}})

    assert stored(quant_method="fp8", weight_block_size=[128, 128]) == StoredWeights(
        format=WeightFormat.FP8, described=True, block=128
    )
    assert in_groups(type="float", num_bits=8, strategy="block", block_structure=[128, 128]) == StoredWeights(
        format=WeightFormat.COMPRESSED_TENSORS_FP8, described=True, block=128
    )
    assert in_groups(type="int", num_bits=4, group_size=32) == StoredWeights(
        format=WeightFormat.COMPRESSED_TENSORS_INT4, described=True, group=32
    )
    assert in_groups(type="int", num_bits=8, group_size=-1) == StoredWeights(
        format=WeightFormat.COMPRESSED_TENSORS_INT8, described=True
    )


def test_a_mixture_whose_experts_alone_are_in_four_bits_is_read_as_the_catalogue_has_it() -> None:
    kimi = shape("moonshotai/Kimi-K2.5")
    ignored = ["lm_head", "re:.*self_attn.*", "re:.*shared_experts.*", "re:.*mlp\\.(gate|up|gate_up|down)_proj.*"]
    weights = {"type": "int", "num_bits": 4, "group_size": 32, "strategy": "group", "symmetric": True}
    quantized = {
        "quant_method": "compressed-tensors",
        "format": "pack-quantized",
        "config_groups": {"group_0": {"targets": ["Linear"], "weights": weights}},
        "ignore": ignored,
    }
    experts = {"num_experts": 8, "moe_intermediate_size": 512, "n_shared_experts": 1, "first_k_dense_replace": 1}
    assert read(LLAMA | experts | {"quantization_config": quantized}).stored == kimi.stored


def test_linear_and_dynamic_rope_scaling_lengthen_the_context_as_engines_do() -> None:
    def scaled(kind: str, **more: object) -> tuple[int, float]:
        shape = read(LLAMA | {"rope_scaling": {"rope_type": kind, "factor": 4.0, **more}})
        return shape.positions, shape.rotary_stretch

    assert scaled("linear") == scaled("dynamic") == (4 * 131072, 1.0)
    assert scaled("llama3") == scaled("yarn", original_max_position_embeddings=32768) == (131072, 1.0)
    assert read(LLAMA | {"rope_scaling": {"type": "linear", "factor": 2}}).positions == 2 * 131072
    assert read(LLAMA | {"rope_scaling": {"type": "linear", "factor": None}}).positions == 131072


def test_the_parts_a_checkpoint_left_alone_are_read_from_its_list() -> None:
    ignored = ["lm_head", "re:.*self_attn.*", "visual.blocks", "x.mlp.gate"]
    assert stored(quant_method="modelopt", quant_algo="NVFP4", exclude_modules=ignored) == StoredWeights(
        format=WeightFormat.NVFP4, kept=frozenset({MatrixGroup.ATTENTION}), described=True
    )


@pytest.mark.parametrize(
    ("quantized", "what"),
    [
        ({"quant_method": "exl3"}, "quantization 'exl3' is not known to this version"),
        (
            {"quant_method": "bitsandbytes", "load_in_8bit": True, "load_in_4bit": False},
            "bitsandbytes with 8 bits is not known to this version; 4 is",
        ),
        ({"quant_method": "gptq", "bits": 3}, "gptq with 3 bits is not known to this version; 4 is"),
        (
            {"quant_method": "compressed-tensors", "config_groups": {}},
            "compressed-tensors with None-bit None weights is not known to this version",
        ),
    ],
)
def test_an_unreadable_quantization_is_an_answer(quantized: dict[str, Any], what: str) -> None:
    assert stored(**quantized) == MissingFact(what)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("<html>", "the configuration is not JSON"),
        ("[]", "the configuration is not a JSON object"),
        ('{"model_type": "mamba"}', "the architecture 'mamba' is not known to this version"),
        (
            '{"model_type": "llama"}',
            (
                "the model's configuration lacks layers, hidden, heads, kv_heads, vocab, max_position_embeddings, "
                "intermediate"
            ),
        ),
    ],
)
def test_what_is_no_known_model_says_what_is_missing(text: str, what: str) -> None:
    assert checkpoint.read("it", text) == MissingFact(what)


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"intermediate_size": None}, "the model's configuration lacks intermediate"),
        ({"intermediate_size": None, "num_experts": 8}, "the model's configuration lacks intermediate"),
        ({"num_attention_heads": 8192}, "8192 attention heads do not fit into a hidden size of 4096"),
        (
            {"num_experts": 2, "num_experts_per_tok": 8},
            "8 experts work on a token, of 2 that a layer has",
        ),
    ],
)
def test_numbers_that_make_no_model_say_so(changed: dict[str, Any], what: str) -> None:
    assert checkpoint.read("it", json.dumps(LLAMA | changed)) == MissingFact(what)


def test_a_model_whose_every_layer_has_experts_needs_only_their_width() -> None:
    shape = read(LLAMA | {"intermediate_size": None, "num_experts": 8, "moe_intermediate_size": 512})
    assert (shape.intermediate, shape.experts) == (0, ExpertLayers(count=8, per_token=1, intermediate=512))


def test_a_half_described_latent_attention_is_refused_rather_than_assumed() -> None:
    shape = checkpoint.read("it", json.dumps(LLAMA | {"kv_lora_rank": 512}))
    assert shape == MissingFact("a field of the configuration is absent or of another kind: 'qk_rope_head_dim'")


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"num_hidden_layers": "32"}, "num_hidden_layers: '32' is not a whole number from 1"),
        ({"num_hidden_layers": float("nan")}, "num_hidden_layers: 'nan' is not a whole number from 1"),
        ({"num_hidden_layers": True}, "num_hidden_layers: 'True' is not a whole number from 1"),
        ({"num_hidden_layers": 32.5}, "num_hidden_layers: '32.5' is not a whole number from 1"),
        ({"head_dim": -1}, "head_dim: '-1' is not a whole number from 1"),
        ({"vocab_size": 10**30}, f"vocab_size: '{10**30}' is not a whole number from 1"),
        ({"num_key_value_heads": [8]}, "num_key_value_heads: '[8]' is not a whole number from 0"),
        ({"num_experts": "x"}, "num_experts: 'x' is not a whole number from 0"),
        ({"rope_scaling": 5}, "rope_scaling: '5' is not a JSON object"),
        ({"quantization_config": 5}, "quantization_config: '5' is not a JSON object"),
        ({"text_config": 5}, "text_config: '5' is not a JSON object"),
        (
            {"layer_types": 5},
            "a field of the configuration is absent or of another kind: 'int' object is not iterable",
        ),
        (
            {"rope_scaling": {"rope_type": "linear", "factor": "two"}},
            "a field of the configuration is absent or of another kind: could not convert string to float: 'two'",
        ),
    ],
)
def test_a_field_of_another_kind_is_named_with_its_value(changed: dict[str, Any], what: str) -> None:
    assert checkpoint.read("it", json.dumps(LLAMA | changed)) == MissingFact(what)


def test_a_text_of_brackets_is_no_configuration() -> None:
    assert checkpoint.read("it", "[" * 200_000) == MissingFact("the configuration is not JSON")
