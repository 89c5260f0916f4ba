"""A checkpoint of the catalogue is one that its engines read as it is stored."""

from dataclasses import replace
from typing import Final

import pytest

from fairlead.cli import offline_data
from fairlead.engines.catalogue import ENGINES
from fairlead.engines.engine_setup import EngineSetup
from fairlead.fleet.desired_state import EngineKind, Parallelism
from fairlead.fleet.quantization import WHILE_LOADING, KvFormat, WeightFormat
from tests.engines.setups import ENGINE, H100, setup_of

CATALOGUE: Final = offline_data.offline_knowledge().catalogue
BLOCKS: Final = "Qwen/Qwen3.8-27B-FP8"
"""A checkpoint in FP8 by blocks of 128."""


def setup(
    kind: EngineKind, weights: WeightFormat = WeightFormat.NONE, kv: KvFormat = KvFormat.AUTO, version: str = "0.32.0"
) -> EngineSetup:
    engine = replace(ENGINE, kind=kind, version=version, weights=weights, kv=kv)
    return setup_of(engine, shape=CATALOGUE.shapes[BLOCKS], on=H100, parallelism=Parallelism(tensor=2))


def test_no_checkpoint_is_stored_in_a_format_that_is_only_made_while_loading() -> None:
    stored_too = {WeightFormat.MXFP4, WeightFormat.MXFP8}
    assert {shape.stored.format for shape in CATALOGUE.shapes.values()} & (WHILE_LOADING - stored_too) == set()


@pytest.mark.parametrize(
    ("kind", "version"),
    [(EngineKind.VLLM, "0.32.0"), (EngineKind.SGLANG, "0.5.23"), (EngineKind.TENSORRT_LLM, "1.3.0")],
)
@pytest.mark.parametrize("weights", [WeightFormat.NONE, WeightFormat.FP8])
def test_a_checkpoint_in_fp8_blocks_is_accepted_by_each_engine(
    kind: EngineKind, version: str, weights: WeightFormat
) -> None:
    assert ENGINES[kind].refusals(setup(kind, weights, version=version)) == ()


def test_what_vllm_does_not_do_with_such_a_checkpoint_is_refused() -> None:
    """vLLM: "Quantization method ... does not match", and "fp8_e5m2 kv-cache is not supported with fp8 checkpoints"."""
    vllm = ENGINES[EngineKind.VLLM]
    (weights,) = vllm.refusals(setup(EngineKind.VLLM, WeightFormat.FP8_PER_BLOCK))
    (cache,) = vllm.refusals(setup(EngineKind.VLLM, kv=KvFormat.FP8_E5M2))
    assert (weights.because, cache.remedy) == (f"the checkpoint of {BLOCKS} is stored as fp8", "write fp8E4M3")
