"""The catalogue's text becomes values, and so does what it leaves open."""

import json

from fairlead.fleet.accelerators import Accelerator, ComputeCapability
from fairlead.fleet.quantization import WeightFormat
from fairlead.fleet.shapes import MatrixGroup, StoredWeights, VisionTower, WindowedLayers
from fairlead.sizing import catalogue, families
from fairlead.sizing.families import MissingFact
from tests.sizing.inputs import H100, facts, packaged_catalogue, shape


def test_a_product_is_read_with_its_rates_and_its_price() -> None:
    assert packaged_catalogue().accelerators[H100] == Accelerator(
        product=H100,
        memory_mib=81559,
        bandwidth_gbs=3350.0,
        bf16_tflops=989.0,
        fp8_tflops=1979.0,
        capability=ComputeCapability(9, 0),
        price_an_hour=6.88,
        visible_mib=81091,
    )


def test_a_rate_that_was_never_collected_is_absent() -> None:
    assert packaged_catalogue().accelerators["NVIDIA-GB10"].bf16_tflops is None
    assert packaged_catalogue().accelerators["NVIDIA-A30"].fp8_tflops is None


def test_most_of_the_catalogue_can_be_sized_and_the_rest_says_why_not() -> None:
    assert len(packaged_catalogue().shapes) == 118
    assert packaged_catalogue().missing["nvidia/Nemotron-H-56B-Base-8K"] == MissingFact(
        "the architecture 'nemotron_h' is not known to this version"
    )


def test_an_entry_may_be_another_with_a_few_facts_changed() -> None:
    text = json.dumps({"models": {"base": facts("Qwen/Qwen3-8B"), "q": {"same_as": "base", "checkpoint_quant": "awq"}}})
    shapes, missing = catalogue.read_shapes(text)
    assert (missing, shapes["q"].hidden, shapes["q"].stored) == ({}, 4096, StoredWeights(format=WeightFormat.AWQ))


def test_absent_facts_are_named() -> None:
    assert families.shape("half", {"model_type": "llama", "layers": 2}) == MissingFact(
        "the model's configuration lacks hidden, heads, kv_heads, vocab, max_position_embeddings, intermediate"
    )


def test_an_unknown_quantization_is_named() -> None:
    shape = families.shape("odd", facts("Qwen/Qwen3-8B") | {"checkpoint_quant": "exl2"})
    assert shape == MissingFact("the checkpoint's quantization 'exl2' is not known to this version")


def test_windowed_layers_are_derived_from_chunks_patterns_counts_or_all_layers() -> None:
    assert shape("meta-llama/Llama-4-Scout-17B-16E-Instruct").window == WindowedLayers(
        layers=36, tokens=8192, chunked=True
    )
    assert shape("google/gemma-3-27b-it").window == WindowedLayers(layers=52, tokens=1024)
    assert shape("openai/gpt-oss-20b").window == WindowedLayers(layers=12, tokens=128)
    assert shape("microsoft/Phi-3.5-MoE-instruct").window is None
    old = families.shape("mistral", facts("Qwen/Qwen3-8B") | {"model_type": "mistral", "sliding_window": 4096})
    assert not isinstance(old, MissingFact)
    assert old.window == WindowedLayers(layers=36, tokens=4096)


def test_wider_layers_and_a_four_bit_habit_are_read() -> None:
    gemma = shape("nvidia/Gemma-4-31B-IT-NVFP4")
    assert gemma.wide is not None
    assert (gemma.wide.head_dim, gemma.wide.keys_are_values, gemma.full_layers) == (512, True, 10)
    assert (gemma.stored.format, set(gemma.stored.kept)) == (WeightFormat.NVFP4, {MatrixGroup.RECURRENT_IN})


def test_a_described_tower_keeps_what_its_family_does_with_patches() -> None:
    assert families.vision({"model_type": "gemma3_text", "vision": {"parameters": 7}}) == VisionTower(
        parameters=7, patches_per_token=16, most_tokens=256
    )
    assert families.vision({"model_type": "llama", "vision": True}) == VisionTower()
    assert families.vision({"model_type": "llama"}) is None
