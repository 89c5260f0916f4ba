"""A stand-in says of a model what vLLM's configuration looks at, and nothing it could not know."""

from dataclasses import replace

from fairlead.engines.vllm import stand_in
from fairlead.fleet.quantization import WeightFormat
from tests.engines.asks import LLAMA, MIXTURE, stored


def test_a_known_shape_is_told_as_it_is() -> None:
    told = stand_in.config(LLAMA)
    assert told["architectures"] == ["LlamaForCausalLM"]
    assert told["num_attention_heads"] == 32
    assert told["max_position_embeddings"] == 131072
    assert "quantization_config" not in told
    assert "num_experts" not in told


def test_experts_and_layers_that_guess_are_told() -> None:
    assert stand_in.config(MIXTURE)["num_experts"] == 128
    assert stand_in.config(replace(LLAMA, mtp_layers=2))["num_nextn_predict_layers"] == 2


def test_a_family_nobody_listed_is_told_as_llama_without_experts() -> None:
    told = stand_in.config(replace(MIXTURE, family="of_tomorrow", intermediate=0))
    assert told["model_type"] == "llama"
    assert "num_experts" not in told
    assert told["intermediate_size"] == 4 * told["hidden_size"]


def test_a_checkpoint_says_how_it_is_stored_whatever_was_asked() -> None:
    assert stand_in.config(stored(LLAMA, WeightFormat.AWQ))["quantization_config"]["quant_method"] == "awq"
    assert "quantization_config" not in stand_in.config(LLAMA, WeightFormat.AWQ)


def test_a_model_nobody_knows_is_stored_as_asked() -> None:
    told = stand_in.config(None, WeightFormat.GPTQ)
    assert told["quantization_config"]["quant_method"] == "gptq"
    assert told["architectures"] == ["LlamaForCausalLM"]
