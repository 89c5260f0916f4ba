"""The stages of a pipeline are not alike: the fullest decides whether a model fits."""

from dataclasses import replace

import pytest

from fairlead.engines.sglang.memory import MEMORY as SGLANG
from fairlead.engines.tensorrt_llm.memory import MEMORY as TENSORRT
from fairlead.engines.vllm.memory import CURRENT
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.engine_memory import EngineMemory
from fairlead.sizing import pipeline_stages, weights
from fairlead.sizing.sizing_input import GIB, SizingInput
from tests.sizing.inputs import sizing_input


def staged(name: str, pipeline: int, release: EngineMemory = CURRENT) -> SizingInput:
    """A model in as many stages."""
    return replace(sizing_input(name), parallelism=Parallelism(pipeline=pipeline), release=release)


@pytest.mark.parametrize(
    ("release", "layers"),
    [
        (CURRENT, [7, 7, 8, 8, 8, 8, 8, 7]),
        (SGLANG, [7, 7, 7, 8, 8, 8, 8, 8]),
        (TENSORRT, [8, 8, 8, 8, 8, 7, 7, 7]),
    ],
)
def test_engines_give_the_odd_layers_to_different_stages(release: EngineMemory, layers: list[int]) -> None:
    stages = pipeline_stages.of(staged("deepseek-ai/DeepSeek-V3", 8, release))
    assert [round(one.layers * 61) for one in stages] == layers


def test_the_light_dense_layers_at_the_start_make_the_others_heavier() -> None:
    """DeepSeek V3: three of the first stage's seven layers have no experts, and those after it have eight with them."""
    stages = pipeline_stages.of(staged("deepseek-ai/DeepSeek-V3", 8))
    assert [round(one.experts * 58) for one in stages] == [4, 7, 8, 8, 8, 8, 8, 7]
    assert [round(one.dense * 3) for one in stages] == [3, 0, 0, 0, 0, 0, 0, 0]
    held = weights.bytes_on_fullest_gpu(staged("deepseek-ai/DeepSeek-V3", 8)).likely / GIB
    assert held == pytest.approx(86.0, abs=0.1), "a stage of average weight has 79 GiB"


def test_a_stage_with_a_table_may_be_the_fullest_though_it_has_a_layer_less() -> None:
    """Llama 3.3 70B in six stages: 13 layers and a table of 2 GiB are more than 14 layers."""
    held = weights.bytes_on_fullest_gpu(staged("meta-llama/Llama-3.3-70B-Instruct", 6)).likely / GIB
    assert held == pytest.approx(22.7, abs=0.1)


def test_every_second_layer_may_have_experts_and_an_mlp_may_stand_beside_them() -> None:
    maverick = pipeline_stages.of(staged("meta-llama/Llama-4-Maverick-17B-128E-Instruct", 5))
    assert [(round(one.experts * 24), round(one.dense * 24)) for one in maverick] == [
        (4, 5),
        (5, 5),
        (5, 5),
        (5, 5),
        (5, 4),
    ]
    beside = pipeline_stages.of(staged("google/gemma-4-26B-A4B", 3))
    assert [one.dense for one in beside] == [one.layers for one in beside]


@pytest.mark.parametrize("name", ["deepseek-ai/DeepSeek-V3", "Qwen/Qwen3-0.6B", "Qwen/Qwen3.5-397B-A17B"])
@pytest.mark.parametrize("pipeline", [1, 2, 3, 5, 8])
def test_all_stages_together_hold_the_model(name: str, pipeline: int) -> None:
    stages = pipeline_stages.of(staged(name, pipeline))
    for shares in zip(*((one.layers, one.experts, one.dense) for one in stages), strict=True):
        assert sum(shares) == pytest.approx(1.0) or sum(shares) == 0.0
    assert [one.last for one in stages] == [False] * (pipeline - 1) + [True]
    assert stages[0].embeds
