"""Numbers of the spec replace those of a known model, or describe a model that is not known, all or nothing."""

from dataclasses import replace

import pytest

from fairlead.fleet.desired_state import ModelSource, SourceScheme
from fairlead.fleet.shapes import ExpertLayers, ModelShape, WindowedLayers
from fairlead.review.context import ReviewContext
from fairlead.sizing.families import MissingFact
from tests.review.table import CONTEXT
from tests.sizing.inputs import LLAMA, shape

OFFLINE = ReviewContext(catalogue=CONTEXT.catalogue)
OWN = "somebody/own"
WHOLE = {
    "layers": 32,
    "hidden": 4096,
    "heads": 32,
    "kv_heads": 8,
    "intermediate": 14336,
    "vocab": 128256,
    "positions": 131072,
}
GEMMA = "google/gemma-3-27b-it"
MIXTRAL = "mistralai/Mixtral-8x7B-v0.1"
DEEPSEEK = "deepseek-ai/DeepSeek-V3"
QWEN_MOE = "Qwen/Qwen3-30B-A3B"
RECURRENT = "Qwen/Qwen3.5-35B-A3B"


def source(name: str) -> ModelSource:
    """This model on the hub."""
    return ModelSource(scheme=SourceScheme.HUB, location=name, revision=None)


def stated(name: str, numbers: dict[str, int]) -> ModelShape | MissingFact:
    """The shape of this model if the spec states these numbers."""
    return OFFLINE.shape(source(name), numbers)


def shape_with(name: str, **numbers: int) -> ModelShape:
    """The shape; fails the test if there is none."""
    shape = stated(name, numbers)
    assert isinstance(shape, ModelShape), shape
    return shape


def without(name: str) -> dict[str, int]:
    """All numbers but one."""
    return {key: number for key, number in WHOLE.items() if key != name}


def test_a_model_known_nowhere_is_what_the_spec_states() -> None:
    found = shape_with(OWN, **WHOLE)
    assert found == replace(shape(), name=OWN)
    assert shape_with(OWN, **WHOLE, parameters=5) == found


@pytest.mark.parametrize(
    ("numbers", "missing"),
    [
        ({"kv_heads": 4}, "layers, hiddenSize, attentionHeads, vocabularySize, maxPosition, intermediateSize"),
        (without("intermediate"), "intermediateSize"),
        (without("intermediate") | {"experts": 8}, "intermediateSize"),
        (WHOLE | {"experts_per_token": 2}, "experts"),
    ],
)
def test_what_a_model_known_nowhere_lacks_is_named_as_the_spec_names_it(numbers: dict[str, int], missing: str) -> None:
    assert stated(OWN, numbers) == MissingFact(f"spec.model.shape lacks {missing}")


def test_a_number_of_parameters_alone_describes_nothing() -> None:
    assert stated(OWN, {"parameters": 5}) == stated(OWN, {})
    assert stated(LLAMA, {"parameters": 5}) == shape()


@pytest.mark.parametrize(
    ("numbers", "why"),
    [
        ({"heads": 8192}, "8192 attention heads do not fit into a hidden size of 4096"),
        ({"experts": 2, "experts_per_token": 8}, "8 experts work on a token, of 2 that a layer has"),
    ],
)
def test_numbers_that_cannot_both_be_right_give_no_shape(numbers: dict[str, int], why: str) -> None:
    assert stated(OWN, WHOLE | numbers) == MissingFact(why)
    assert stated(LLAMA, numbers) == MissingFact(why)


def test_a_stated_number_replaces_the_catalogues_and_leaves_the_others() -> None:
    assert shape_with(LLAMA, kv_heads=4) == replace(shape(), kv_heads=4)
    assert shape_with(LLAMA, layers=16) == replace(shape(), layers=16)
    assert shape_with(LLAMA, positions=8192, head_dim=64) == replace(shape(), positions=8192, head_dim=64)


def test_a_stated_number_replaces_that_of_a_config_json() -> None:
    config = (
        '{"model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096, "num_attention_heads": 32, '
        '"num_key_value_heads": 8, "vocab_size": 128256, "intermediate_size": 14336, "max_position_embeddings": 131072}'
    )
    read = replace(OFFLINE, configs={OWN: config, LLAMA: "{}"})
    assert read.shape(source(OWN), {"kv_heads": 4}) == replace(shape(), name=OWN, kv_heads=4)
    assert read.shape(source(LLAMA), WHOLE) == shape()


def test_a_head_is_as_wide_as_the_hidden_state_allows_unless_the_catalogue_says_otherwise() -> None:
    assert shape_with(LLAMA, hidden=8192).head_dim == 256
    assert shape_with(QWEN_MOE, hidden=4096).head_dim == shape(QWEN_MOE).head_dim == 128


def test_layers_with_a_window_or_a_state_stay_the_same_part_of_all_layers() -> None:
    recurrent = shape_with(RECURRENT, layers=20).recurrent
    assert recurrent is not None
    assert (shape_with(GEMMA, layers=31).window, recurrent.layers) == (WindowedLayers(layers=26, tokens=1024), 15)
    assert (shape_with(GEMMA, layers=1).window, shape_with(RECURRENT, layers=1).recurrent) == (None, None)


def test_a_stated_width_is_also_the_experts_unless_dense_layers_have_their_own() -> None:
    def width(name: str, stated_width: int) -> int | None:
        experts = shape_with(name, intermediate=stated_width).experts
        return experts.intermediate if experts else None

    assert [width(name, 256) for name in (MIXTRAL, RECURRENT, QWEN_MOE)] == [256, 256, 768]


def test_experts_are_replaced_like_other_numbers() -> None:
    mixtral, deepseek = shape_with(MIXTRAL, experts=16, experts_per_token=4), shape_with(DEEPSEEK, layers=2)
    assert mixtral.experts == ExpertLayers(count=16, per_token=4, intermediate=14336)
    assert deepseek.experts is not None
    assert deepseek.experts.first_dense == 1


def test_a_model_known_as_dense_has_experts_only_if_their_number_is_stated() -> None:
    assert shape_with(LLAMA, experts=8, experts_per_token=2).experts == ExpertLayers(
        count=8, per_token=2, intermediate=14336
    )
    assert stated(LLAMA, {"experts_per_token": 2}) == MissingFact(
        "spec.model.shape lacks experts, and the model is known as one without"
    )
