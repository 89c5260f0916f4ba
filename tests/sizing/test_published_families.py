"""Families that the catalogue has no model of, read from the configurations that their authors publish."""

import json
from typing import Any, Final

import pytest

from fairlead.fleet.shapes import ExpertLayers, ModelShape, WindowedLayers
from fairlead.sizing import checkpoint, parameters
from fairlead.sizing.families import MissingFact

GLM_45: Final[dict[str, Any]] = {
    "model_type": "glm4_moe",
    "attention_bias": True,
    "first_k_dense_replace": 3,
    "head_dim": 128,
    "hidden_size": 5120,
    "intermediate_size": 12288,
    "max_position_embeddings": 131072,
    "moe_intermediate_size": 1536,
    "n_routed_experts": 160,
    "n_shared_experts": 1,
    "num_attention_heads": 96,
    "num_experts_per_tok": 8,
    "num_hidden_layers": 92,
    "num_key_value_heads": 8,
    "num_nextn_predict_layers": 1,
    "partial_rotary_factor": 0.5,
    "vocab_size": 151552,
}
GLM_106B: Final = {
    "first_k_dense_replace": 1,
    "hidden_size": 4096,
    "intermediate_size": 10944,
    "moe_intermediate_size": 1408,
    "n_routed_experts": 128,
    "num_hidden_layers": 46,
}
SEED: Final[dict[str, Any]] = {
    "model_type": "seed_oss",
    "head_dim": 128,
    "hidden_size": 5120,
    "intermediate_size": 27648,
    "max_position_embeddings": 524288,
    "num_attention_heads": 80,
    "num_hidden_layers": 64,
    "num_key_value_heads": 8,
    "rope_scaling": {"rope_type": "default"},
    "vocab_size": 155136,
}
EXAONE: Final[dict[str, Any]] = {
    "model_type": "exaone4",
    "head_dim": 128,
    "hidden_size": 5120,
    "intermediate_size": 27392,
    "max_position_embeddings": 131072,
    "num_attention_heads": 40,
    "num_hidden_layers": 64,
    "num_key_value_heads": 8,
    "sliding_window": 4096,
    "sliding_window_pattern": "LLLG",
    "vocab_size": 102400,
}
MINISTRAL: Final[dict[str, Any]] = {
    "model_type": "ministral3",
    "head_dim": 128,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "max_position_embeddings": 262144,
    "num_attention_heads": 32,
    "num_hidden_layers": 34,
    "num_key_value_heads": 8,
    "rope_parameters": {"rope_type": "yarn", "factor": 16.0, "original_max_position_embeddings": 16384},
    "sliding_window": None,
    "vocab_size": 131072,
}


def read(config: dict[str, Any], **changed: object) -> ModelShape:
    """The shape; fails the test if there is none."""
    found = checkpoint.read("it", json.dumps(config | changed))
    assert isinstance(found, ModelShape), found
    return found


@pytest.mark.parametrize(
    ("shape", "published"),
    [
        (read(SEED), 36_151_104_512),
        (read(EXAONE), 32.0e9),
        (read(MINISTRAL), 8.5e9),
        (
            read(MINISTRAL, hidden_size=12288, intermediate_size=28672, num_attention_heads=96, num_hidden_layers=88),
            125e9,
        ),
    ],
    ids=["Seed-OSS 36B", "EXAONE 4.0 32B", "Ministral 3 8B", "Devstral 2 123B"],
)
def test_a_dense_model_has_as_many_parameters_as_its_page_says(shape: ModelShape, published: float) -> None:
    assert parameters.text_total(shape) == pytest.approx(published, rel=0.002)


@pytest.mark.parametrize(
    ("shape", "published", "active"),
    [(read(GLM_45), 358.34e9, 32e9), (read(GLM_45 | GLM_106B), 110.47e9, 12e9)],
    ids=["355B", "106B"],
)
def test_a_mixture_does_too_with_a_layer_for_drafts_that_repeats_the_tables(
    shape: ModelShape, published: float, active: float
) -> None:
    tables = 2 * shape.vocab * shape.hidden
    assert parameters.text_total(shape) + parameters.mtp(shape) + tables == pytest.approx(published, rel=0.0005)
    assert parameters.active(shape) == pytest.approx(active, rel=0.07)


def test_the_first_layers_of_glm_are_dense_and_half_of_a_head_is_rotated() -> None:
    found = read(GLM_45)
    experts = ExpertLayers(count=160, per_token=8, intermediate=1536, shared_intermediate=1536, first_dense=3)
    assert (found.experts, found.expert_layers, found.rotary_dim, found.mtp_layers) == (experts, 89, 64, 1)


@pytest.mark.parametrize(
    ("changed", "windowed"),
    [
        ({}, 48),
        ({"num_hidden_layers": 30}, 22),
        ({"num_hidden_layers": 63}, 47),
        ({"sliding_window_pattern": "LG"}, 32),
        ({"sliding_window_pattern": 4}, 48),
        ({"layer_types": ["sliding_attention", "full_attention"] * 32}, 32),
        ({"sliding_window_pattern": 4, "layer_types": ["sliding_attention", "full_attention"] * 32}, 32),
    ],
)
def test_letters_say_which_layers_have_a_window_and_the_last_has_none(changed: dict[str, Any], windowed: int) -> None:
    assert read(EXAONE, **changed).window == WindowedLayers(layers=windowed, tokens=4096)


@pytest.mark.parametrize(
    "changed",
    [
        {"sliding_window": None},
        {"sliding_window_pattern": ""},
        {"layer_types": ["full_attention"] * 64},
        {"sliding_window_pattern": 4, "layer_types": ["full_attention"] * 64},
    ],
)
def test_without_a_window_or_a_pattern_all_layers_attend_to_everything(changed: dict[str, Any]) -> None:
    assert read(EXAONE, **changed).window is None


def test_other_letters_are_not_understood() -> None:
    found = checkpoint.read("it", json.dumps(EXAONE | {"sliding_window_pattern": "LXG"}))
    assert isinstance(found, MissingFact)


@pytest.mark.parametrize("text", [EXAONE, GLM_45, SEED])
def test_a_tower_on_a_family_that_is_sized_for_text_alone_is_missing(text: dict[str, Any]) -> None:
    """EXAONE 4.5 is EXAONE 4 with a tower of its own: what an image takes there would be a guess."""
    tower = {"hidden_size": 2048, "intermediate_size": 5120, "num_hidden_layers": 28}
    config = {"model_type": "exaone4_5", "text_config": text, "vision_config": tower}
    assert checkpoint.read("it", json.dumps(config)) == MissingFact(
        f"vision_config: an image tower of {text['model_type']} is not known to this version"
    )


def test_ministral_sees_images_by_the_tower_of_mistral() -> None:
    tower = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24}
    found = read({"model_type": "mistral3", "text_config": MINISTRAL, "vision_config": tower})
    assert found.vision is not None
    assert (found.positions, found.vision.most_tokens) == (262144, 3025)
