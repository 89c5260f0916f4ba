"""A `config.json` from which vLLM's configuration code sees a model of this shape, without having the model."""

from collections.abc import Sequence
from typing import Any, Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.fleet.desired_state import SpeculationMethod
from fairlead.fleet.quantization import WeightFormat
from fairlead.fleet.shapes import ModelShape

_ARCHITECTURES: Final = {
    "llama": "LlamaForCausalLM",
    "mistral": "MistralForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
    "qwen3": "Qwen3ForCausalLM",
    "qwen3_moe": "Qwen3MoeForCausalLM",
    "mixtral": "MixtralForCausalLM",
    "mimo": "MiMoForCausalLM",
}

_UNKNOWN: Final = {
    "hidden_size": 4096,
    "intermediate_size": 12288,
    "num_hidden_layers": 36,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "vocab_size": 151936,
    "max_position_embeddings": 131072,
}
"""The placeholder's numbers for an unknown model; its context is large, so that vLLM accepts a long one in a spec."""

_STORED: Final[dict[WeightFormat, dict[str, Any]]] = {
    WeightFormat.AWQ: {"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": True, "version": "gemm"},
    WeightFormat.GPTQ: {"quant_method": "gptq", "bits": 4, "group_size": 128, "desc_act": False, "sym": True},
    WeightFormat.FP8: {"quant_method": "fp8", "activation_scheme": "dynamic"},
    WeightFormat.BITSANDBYTES: {"quant_method": "bitsandbytes", "load_in_4bit": True},
}
"""The `quantization_config` of a checkpoint in each format; vLLM requires `--quantization` to agree with it."""

MTP_MODEL: Final = {
    "architectures": ["DeepseekV3ForCausalLM"],
    "model_type": "deepseek_v3",
    "kv_lora_rank": 512,
    "q_lora_rank": 1536,
    "qk_rope_head_dim": 64,
    "qk_nope_head_dim": 128,
    "v_head_dim": 128,
    "n_routed_experts": 8,
    "num_experts_per_tok": 2,
    "n_group": 1,
    "topk_group": 1,
    "moe_intermediate_size": 2048,
    "n_shared_experts": 1,
    "first_k_dense_replace": 1,
}
"""Turns a placeholder into a model with a multi-token prediction layer, of the family that introduced it."""

EAGLE_HEAD: Final = {"architectures": ["LlamaForCausalLMEagle3"], "num_hidden_layers": 1}
"""Turns a draft into an EAGLE-3 head of its target."""


def question(setup: EngineSetup, command: Sequence[str]) -> dict[str, Any]:
    """Combine the arguments after `vllm serve` and placeholder configurations."""
    speculation = setup.engine.speculation
    draft = None
    if speculation.draft is not None:
        draft = config(setup.draft_shape)
        if speculation.method is SpeculationMethod.EAGLE3:
            draft = config(setup.shape) | EAGLE_HEAD
    model = config(setup.shape, setup.weights)
    guesses_itself = setup.shape is None or setup.shape.mtp_layers > 0
    if guesses_itself and speculation.method is SpeculationMethod.MTP:
        layers = setup.shape.mtp_layers if setup.shape else 1
        model |= MTP_MODEL | {"num_nextn_predict_layers": layers}
    return {"arguments": list(command[2:]), "model": model, "draft": draft}


def config(shape: ModelShape | None, weights: WeightFormat = WeightFormat.NONE) -> dict[str, Any]:
    """Return a placeholder's configuration; families that vLLM's code treats like Llama are written as Llama.

    For an unknown model, the checkpoint is assumed to be stored in the spec's format.
    """
    held = weights if shape is None else shape.stored.format
    stored = {"quantization_config": _STORED[held]} if held in _STORED else {}
    if shape is None:
        return _named("llama") | _UNKNOWN | stored
    family = shape.family if shape.family in _ARCHITECTURES else "llama"
    numbers = {
        "hidden_size": shape.hidden,
        "intermediate_size": shape.intermediate or 4 * shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_dim,
        "vocab_size": shape.vocab,
        "max_position_embeddings": shape.positions,
    }
    mtp = {"num_nextn_predict_layers": shape.mtp_layers} if shape.mtp_layers else {}
    return _named(family) | numbers | mtp | _experts(shape) | stored


def _named(family: str) -> dict[str, Any]:
    return {
        "architectures": [_ARCHITECTURES[family]],
        "model_type": family,
        "torch_dtype": "bfloat16",
        "rms_norm_eps": 1e-5,
    }


def _experts(shape: ModelShape) -> dict[str, Any]:
    if shape.experts is None or shape.family not in {"qwen3_moe", "mixtral"}:
        return {}
    count, used = shape.experts.count, shape.experts.per_token
    return {
        "num_experts": count,
        "num_local_experts": count,
        "num_experts_per_tok": used,
        "moe_intermediate_size": shape.experts.intermediate,
    }
