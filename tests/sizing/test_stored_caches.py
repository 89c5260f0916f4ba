"""Without a format of its own in the spec, the KV cache has the one that the checkpoint has scales for."""

import json
from dataclasses import replace
from typing import Any, Final

import pytest

from fairlead.engines.sglang.memory import MEMORY as SGLANG
from fairlead.engines.tensorrt_llm.memory import MEMORY as TENSORRT
from fairlead.engines.vllm.memory import CURRENT as VLLM
from fairlead.fleet.engine_memory import EngineMemory
from fairlead.fleet.fit import ConfigurationChange, Fit, NoFit
from fairlead.fleet.quantization import KvFormat, WeightFormat
from fairlead.fleet.shapes import ModelShape, StoredWeights
from fairlead.sizing import assessment, checkpoint, fit_alternatives, kv_pages
from fairlead.sizing.sizing_input import SizingInput
from tests.sizing.inputs import H100, card, shape, sizing_input
from tests.sizing.test_checkpoint import LLAMA

SCHEME: Final = {"num_bits": 8, "type": "float", "dynamic": False}
NVFP4: Final = {"quant_method": "modelopt", "quant_algo": "NVFP4"}
LLAMA_70B: Final = LLAMA | {
    "num_hidden_layers": 80,
    "hidden_size": 8192,
    "num_attention_heads": 64,
    "intermediate_size": 28672,
}


def read(base: dict[str, Any], **quantized: object) -> ModelShape:
    shape = checkpoint.read("it", json.dumps(base | {"quantization_config": quantized}))
    assert isinstance(shape, ModelShape), shape
    return shape


@pytest.mark.parametrize(
    ("quantized", "cache", "by_modelopt"),
    [
        ({**NVFP4, "kv_cache_scheme": SCHEME}, KvFormat.FP8, True),
        ({**NVFP4, "kv_cache_scheme": {"num_bits": 4, "type": "float"}}, KvFormat.NVFP4, True),
        ({**NVFP4, "kv_cache_scheme": SCHEME | {"dynamic": True}}, KvFormat.AUTO, False),
        ({**NVFP4, "kv_cache_scheme": SCHEME | {"type": "int"}}, KvFormat.AUTO, False),
        ({**NVFP4, "kv_cache_quant_algo": "FP8"}, KvFormat.FP8, True),
        ({**NVFP4, "kv_cache_quant_algo": "INT8"}, KvFormat.AUTO, False),
        (
            {"quant_method": "modelopt", "quantization": {"quant_algo": "FP8", "kv_cache_quant_algo": "FP8"}},
            KvFormat.FP8,
            True,
        ),
        (
            {"quant_method": "compressed-tensors", "format": "nvfp4-pack-quantized", "kv_cache_scheme": SCHEME},
            KvFormat.FP8,
            False,
        ),
        ({"quant_method": "compressed-tensors", "format": "nvfp4-pack-quantized"}, KvFormat.AUTO, False),
        ({"quant_method": "fp8", "kv_cache_scheme": SCHEME}, KvFormat.AUTO, False),
    ],
)
def test_the_cache_that_a_checkpoint_has_scales_for_is_read(
    quantized: dict[str, Any], cache: KvFormat, *, by_modelopt: bool
) -> None:
    stored = read(LLAMA, **quantized).stored
    assert (stored.cache, stored.cache_by_modelopt) == (cache, by_modelopt)


def question(shape: ModelShape, release: EngineMemory = VLLM, kv: KvFormat = KvFormat.AUTO) -> SizingInput:
    return SizingInput(shape=shape, accelerator=card(H100), release=release, context=131072, kv=kv)


def test_a_70b_model_in_four_bits_holds_a_full_context_on_one_h100() -> None:
    """It was refused with room for 0.84 requests, which are 16 bits for each element."""
    shape = read(LLAMA_70B, **NVFP4, kv_cache_scheme=SCHEME)
    assert isinstance(assessment.assess(question(shape)), Fit)
    assert isinstance(assessment.assess(question(shape, kv=KvFormat.BFLOAT16)), NoFit)


@pytest.mark.parametrize(
    ("release", "stated", "element"),
    [
        (VLLM, StoredWeights(cache=KvFormat.FP8), 1.0),
        (VLLM, StoredWeights(cache=KvFormat.NVFP4, cache_by_modelopt=True), 0.5625),
        (SGLANG, StoredWeights(cache=KvFormat.FP8, cache_by_modelopt=True), 1.0),
        (SGLANG, StoredWeights(cache=KvFormat.NVFP4, cache_by_modelopt=True), 2.0),
        (SGLANG, StoredWeights(cache=KvFormat.FP8), 2.0),
        (TENSORRT, StoredWeights(cache=KvFormat.FP8, cache_by_modelopt=True), 1.0),
        (TENSORRT, StoredWeights(cache=KvFormat.FP8), 2.0),
        (TENSORRT, StoredWeights(), 2.0),
    ],
)
def test_each_engine_follows_what_it_reads(release: EngineMemory, stated: StoredWeights, element: float) -> None:
    found = replace(shape(), stored=replace(stated, format=WeightFormat.NVFP4))
    assert kv_pages.element_bytes(question(found, release))[0] == element
    assert kv_pages.element_bytes(question(found, release, KvFormat.BFLOAT16))[0] == 2.0


def test_vllm_gives_glm_5_an_fp8_cache_on_an_sm100_and_on_no_other() -> None:
    def cache(product: str) -> KvFormat:
        return sizing_input("zai-org/GLM-5-FP8", product).cache_format

    found = [cache(product) for product in ("NVIDIA-B200", H100, "NVIDIA-GeForce-RTX-5090")]
    assert found == [KvFormat.FP8, KvFormat.AUTO, KvFormat.AUTO]


def test_an_fp8_cache_is_not_offered_to_a_checkpoint_that_has_one() -> None:
    shape = read(LLAMA_70B, **NVFP4, kv_cache_scheme=SCHEME)
    refused = fit_alternatives.size(replace(question(shape), sequences=40), (), lambda _: None)
    assert isinstance(refused, NoFit)
    assert ConfigurationChange.FP8_CACHE not in {each.change for each in refused.alternatives}


def test_the_catalogues_gemma_in_four_bits_has_its_fp8_cache() -> None:
    assert sizing_input("nvidia/Gemma-4-31B-IT-NVFP4").cache_format is KvFormat.FP8
