"""Parameter counts against published totals or totals computed by others."""

from dataclasses import replace

import pytest

from fairlead.fleet.shapes import MatrixGroup
from fairlead.sizing import parameters
from tests.sizing.inputs import facts, packaged_catalogue, shape

TOTALS = {
    name: int(str(found["params_total"]))
    for name in packaged_catalogue().shapes
    if "params_total" in (found := facts(name)) and "published" not in str(found["params_source"])
}


@pytest.mark.parametrize("name", sorted(TOTALS))
def test_every_computed_total_of_the_catalogue_is_met_exactly(name: str) -> None:
    assert parameters.text_total(shape(name)) == TOTALS[name]


@pytest.mark.parametrize("size", ["4b", "12b", "27b"])
def test_published_totals_with_a_tower_are_met_within_a_thousandth(size: str) -> None:
    gemma = shape(f"google/gemma-3-{size}-it")
    published = int(str(facts(gemma.name)["params_total"]))
    assert sum(parameters.count(gemma).values()) == pytest.approx(published, rel=0.001)


def test_a_dense_models_matrices_by_group() -> None:
    assert parameters.count(shape()) == {
        MatrixGroup.EMBEDDING: 128256 * 4096,
        MatrixGroup.HEAD: 128256 * 4096,
        MatrixGroup.NORMS: 65 * 4096,
        MatrixGroup.ATTENTION: 32 * (2 * 4096 * 4096 + 2 * 4096 * 1024),
        MatrixGroup.MLP: 32 * 3 * 4096 * 14336,
    }


def test_a_token_passes_only_the_chosen_experts() -> None:
    mixtral = shape("mistralai/Mixtral-8x7B-v0.1")
    assert parameters.active(mixtral) == pytest.approx(12.75e9, rel=0.01)
    assert parameters.active(shape()) == parameters.text_total(shape()) - 128256 * 4096


def test_an_mtp_head_is_one_more_layer_and_a_projection() -> None:
    deepseek = shape("deepseek-ai/DeepSeek-R1")
    assert parameters.mtp(deepseek) == pytest.approx(11.5e9, rel=0.02)
    assert parameters.mtp(shape()) == 0
    assert parameters.mtp(shape("Qwen/Qwen3.8-27B")) == pytest.approx(0.425e9, rel=0.01)


def test_a_sparse_indexer_has_matrices_of_its_own() -> None:
    plain, sparse = shape("deepseek-ai/DeepSeek-R1"), shape("deepseek-ai/DeepSeek-V3.2")
    per_layer = 1536 * 64 * 128 + 7168 * (128 + 64)
    assert parameters.attention(sparse) - parameters.attention(plain) == 61 * per_layer


def test_every_second_layer_has_experts_in_maverick_and_the_others_a_wide_mlp() -> None:
    maverick = shape("meta-llama/Llama-4-Maverick-17B-128E-Instruct")
    assert maverick.expert_layers == 24
    assert parameters.text_total(maverick) == pytest.approx(400e9, rel=0.005)


def test_a_tower_of_unknown_size_counts_nothing() -> None:
    unknown = replace(shape("Qwen/Qwen3-VL-8B-Instruct"), vision=None)
    assert MatrixGroup.VISION not in parameters.count(unknown)
