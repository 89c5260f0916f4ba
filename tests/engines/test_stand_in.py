"""A stand-in has the facts of a model that vLLM's configuration reads, and nothing it could not know."""

from dataclasses import replace
from typing import Any

from fairlead.engines.vllm import placeholder_config
from fairlead.fleet.desired_state import DesiredSpeculation, SpeculationMethod
from fairlead.fleet.quantization import WeightFormat
from fairlead.fleet.shapes import ModelShape
from tests.engines.setups import ENGINE, LATENT, LLAMA, MIXTURE, MTP, NGRAM, WITH_DRAFT, setup_of, stored


def test_a_given_shape_is_written_as_it_is() -> None:
    config = placeholder_config.config(LLAMA)
    assert config["architectures"] == ["LlamaForCausalLM"]
    assert config["num_attention_heads"] == 32
    assert config["max_position_embeddings"] == 131072
    assert "quantization_config" not in config
    assert "num_experts" not in config


def test_experts_and_layers_that_draft_tokens_are_written() -> None:
    assert placeholder_config.config(MIXTURE)["num_experts"] == 128
    assert placeholder_config.config(replace(LLAMA, mtp_layers=2))["num_nextn_predict_layers"] == 2


def test_an_unlisted_family_is_written_as_llama_without_experts() -> None:
    config = placeholder_config.config(replace(MIXTURE, family="of_tomorrow", intermediate=0))
    assert config["model_type"] == "llama"
    assert "num_experts" not in config
    assert config["intermediate_size"] == 4 * config["hidden_size"]


def test_a_checkpoint_states_its_own_weight_format_whatever_was_requested() -> None:
    assert placeholder_config.config(stored(LLAMA, WeightFormat.AWQ))["quantization_config"]["quant_method"] == "awq"
    assert "quantization_config" not in placeholder_config.config(LLAMA, WeightFormat.AWQ)


def test_an_unknown_model_has_the_requested_weight_format() -> None:
    config = placeholder_config.config(None, WeightFormat.GPTQ)
    assert config["quantization_config"]["quant_method"] == "gptq"
    assert config["architectures"] == ["LlamaForCausalLM"]


def test_the_engine_checks_a_setup_with_a_placeholder_for_each_model() -> None:
    eagle = replace(WITH_DRAFT, method=SpeculationMethod.EAGLE3)

    def question(speculation: DesiredSpeculation, shape: ModelShape | None = LLAMA) -> dict[str, Any]:
        setup = setup_of(replace(ENGINE, speculation=speculation), shape=shape)
        return placeholder_config.question(setup, ("vllm", "serve", "m", "--seed", "7"))

    plain = question(NGRAM)
    assert (plain["arguments"], plain["draft"]) == (["m", "--seed", "7"], None)
    assert plain["model"] == placeholder_config.config(LLAMA)
    assert question(WITH_DRAFT)["draft"] == placeholder_config.config(None)
    assert question(eagle)["draft"]["architectures"] == ["LlamaForCausalLMEagle3"]
    assert question(MTP, LATENT)["model"]["num_nextn_predict_layers"] == 2
    assert question(MTP, None)["model"]["num_nextn_predict_layers"] == 1
    assert question(MTP)["model"] == placeholder_config.config(LLAMA), "it has no such layers"
