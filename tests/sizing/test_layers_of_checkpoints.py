"""Layers of several kinds, and what a family adds to each, are read from a config.json or named as unknown."""

import json
from typing import Any

import pytest

from fairlead.sizing import checkpoint
from fairlead.sizing.families import MissingFact
from tests.sizing.inputs import shape
from tests.sizing.test_checkpoint import GEMMA, LLAMA, read


def linear(**kinds: object) -> dict[str, Any]:
    """A model of 32 layers of two kinds, as the fields describe them."""
    heads = {"linear_num_key_heads": 16, "linear_num_value_heads": 32, "linear_conv_kernel_dim": 4}
    sizes = {"linear_key_head_dim": 128, "linear_value_head_dim": 128}
    return LLAMA | {"model_type": "qwen3_next"} | heads | sizes | kinds


def test_layers_with_linear_attention_are_counted_by_their_kinds_or_by_their_interval() -> None:
    kinds = [*["linear_attention"] * 3, "full_attention"] * 8
    listed = read(linear(layer_types=kinds))
    assert listed.recurrent is not None
    assert (listed.recurrent.layers, listed.full_layers) == (24, 8)
    assert read(linear(full_attention_interval=4)) == listed
    assert read(linear(layer_types=kinds, full_attention_interval=8)) == listed
    assert read(linear(layer_types=["full_attention"] * 32)).recurrent is None


def test_qwen3_next_drafts_by_its_own_layer_although_its_configuration_has_no_such_field() -> None:
    """MTP was refused for it; `qwen3_next_mtp.py` takes one layer where none is stated."""
    assert read(linear(full_attention_interval=4)).mtp_layers == 1
    assert read(linear(full_attention_interval=4, num_nextn_predict_layers=0)).mtp_layers == 0


def test_a_model_of_two_kinds_of_layers_is_not_sized_without_their_kinds() -> None:
    """It was sized with full attention in every layer."""
    assert checkpoint.read("it", json.dumps(linear())) == MissingFact("the model's configuration lacks layer_types")


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        (
            {"hidden_size_per_layer_input": 256},
            "hidden_size_per_layer_input: embeddings of each layer are not known to this version",
        ),
        (
            {"num_kv_shared_layers": 20, "use_double_wide_mlp": True},
            "num_kv_shared_layers: layers that share the KV cache of others are not known to this version",
        ),
    ],
)
def test_what_small_gemmas_add_to_each_layer_is_named_rather_than_left_out(changed: dict[str, int], what: str) -> None:
    """Without them, Gemma 4 E2B had 1.7 billion parameters instead of 4.6, and a cache of 35 layers instead of 15."""
    small = {"text_config": GEMMA["text_config"] | {"model_type": "gemma4_text"} | changed}
    assert checkpoint.read("it", json.dumps(small)) == MissingFact(what)


def test_large_gemmas_that_have_none_of_it_are_sized() -> None:
    none = {"hidden_size_per_layer_input": 0, "num_kv_shared_layers": 0, "vocab_size_per_layer_input": 262144}
    shape = read({"text_config": GEMMA["text_config"] | {"model_type": "gemma4_text"} | none})
    assert shape.family == "gemma4_text"


@pytest.mark.parametrize("kind", ["longrope", "su"])
def test_long_rope_keeps_the_length_of_before(kind: str) -> None:
    beside = LLAMA | {"rope_scaling": {"type": kind}, "original_max_position_embeddings": 4096}
    within = LLAMA | {"rope_parameters": {"rope_type": kind, "original_max_position_embeddings": 4096}}
    for config in (beside, {key: one for key, one in within.items() if key != "rope_scaling"}):
        assert (read(config).positions, read(config).original_positions) == (131072, 4096)
    assert read(LLAMA).original_positions is None
    assert shape("microsoft/Phi-3-mini-128k-instruct").original_positions == 4096
