"""What a family's code does that `config.json` does not say, and the conversion of a model's facts into a shape.

No traits are assumed for a family that is not listed: the result names what is missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypedDict

from fairlead.fleet.quantization import KvFormat, WeightFormat
from fairlead.fleet.shapes import (
    ExpertLayers,
    LatentAttention,
    ModelShape,
    RecurrentLayers,
    StoredWeights,
    VisionTower,
    WideLayers,
    WindowedLayers,
)
from fairlead.sizing import kept_layers

ModelFacts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MissingFact:
    """Why a model cannot be sized: the fact that is missing."""

    what: str


class FamilyTraits(TypedDict, total=False):
    """Fields of a shape that are fixed by the family's code."""

    gated: bool
    query_key_value_bias: bool
    output_bias: bool
    query_key_norm: bool
    gated_attention: bool
    norms_per_layer: int


_PLAIN: Final[FamilyTraits] = {}
_BIAS: Final[FamilyTraits] = {"query_key_value_bias": True}
_NORM: Final[FamilyTraits] = {"query_key_norm": True}
_GATED: Final[FamilyTraits] = {"query_key_norm": True, "gated_attention": True}
_SANDWICH: Final[FamilyTraits] = {"norms_per_layer": 4}
_SANDWICH_NORM: Final[FamilyTraits] = {"norms_per_layer": 4, "query_key_norm": True}

FAMILY_TRAITS: Final[Mapping[str, FamilyTraits]] = {
    **dict.fromkeys(("llama", "mistral", "mixtral", "granite", "phi3", "gemma", "llama4_text", "minimax_m2"), _PLAIN),
    **dict.fromkeys(
        ("deepseek_v2", "deepseek_v3", "deepseek_v32", "kimi_k2", "glm_moe_dsa", "mimo", "ministral3"), _PLAIN
    ),
    **dict.fromkeys(("qwen2", "qwen2_moe", "qwen2_5_vl", "qwen2_vl", "seed_oss", "glm4_moe"), _BIAS),
    **dict.fromkeys(("qwen3", "qwen3_moe", "qwen3_vl_text", "qwen3_vl_moe_text", "exaone4"), _NORM),
    **dict.fromkeys(("qwen3_5_text", "qwen3_5_moe_text", "qwen3_next"), _GATED),
    "gemma2": _SANDWICH,
    "gemma3_text": _SANDWICH_NORM,
    "gemma4_text": _SANDWICH_NORM,
    "gpt_oss": {"query_key_value_bias": True, "output_bias": True},
    "phi": {"gated": False, "query_key_value_bias": True, "output_bias": True, "norms_per_layer": 1},
    "phimoe": {"query_key_value_bias": True, "output_bias": True},
    "cohere": {"norms_per_layer": 1},
}
"""Llama-like by default: three MLP matrices, two norms a layer, no bias."""

_ALWAYS_TIED: Final = frozenset({"gemma", "gemma2", "gemma3_text", "gemma4_text", "cohere"})

_VISION: Final[Mapping[str, VisionTower]] = {
    "gemma3_text": VisionTower(parameters=420_000_000, patches_per_token=16, most_tokens=256),
    "gemma4_text": VisionTower(parameters=550_000_000, patches_per_token=9, most_tokens=280),
    **dict.fromkeys(
        ("mistral", "ministral3"),
        VisionTower(parameters=439_000_000, hidden=1024, intermediate=4096, most_tokens=3025),
    ),
    "deepseek_v3": VisionTower(parameters=413_000_000, most_tokens=1024),
    "llama4_text": VisionTower(parameters=865_000_000, hidden=1408, intermediate=5632, most_tokens=2448),
    "granite": VisionTower(parameters=428_000_000, patches_per_token=1, most_tokens=7300),
    "qwen2_5_vl": VisionTower(parameters=676_000_000, hidden=1280, intermediate=3420, most_tokens=16384),
    **dict.fromkeys(
        ("qwen3_vl_text", "qwen3_vl_moe_text", "qwen3_5_text", "qwen3_5_moe_text"),
        VisionTower(parameters=460_000_000, most_tokens=16384),
    ),
}
"""Published sizes of these families' towers, entered by hand; a config.json that describes its tower wins."""

_DEFAULTS: Final[Mapping[str, ModelFacts]] = {
    "qwen3_next": {"mtp_layers": 1},
    "gemma2": {"sliding_window_pattern": 2},
    "gemma3_text": {
        "sliding_window_pattern": 6,
        "max_position_embeddings": 131072,
        "heads": 8,
        "kv_heads": 4,
        "head_dim": 256,
        "vocab": 262208,
    },
}
"""Class defaults of families whose published configurations omit these fields."""

_NEEDED: Final = ("layers", "hidden", "heads", "kv_heads", "vocab", "max_position_embeddings")

_OF_TWO_KINDS: Final = frozenset({"qwen3_5_text", "qwen3_5_moe_text", "qwen3_next"})
"""Families with linear and with full attention: without the kinds of its layers, nothing of theirs can be counted."""

FORMATS: Final[Mapping[str, WeightFormat]] = {
    "fp8": WeightFormat.FP8,
    "mxfp4": WeightFormat.MXFP4,
    "mxfp8": WeightFormat.MXFP8,
    "awq": WeightFormat.AWQ,
    "gptq": WeightFormat.GPTQ,
    "auto-round": WeightFormat.GPTQ,
    "modelopt": WeightFormat.MODELOPT,
    "nvfp4": WeightFormat.NVFP4,
    "bitsandbytes": WeightFormat.BITSANDBYTES,
    "compressed-tensors-int8": WeightFormat.COMPRESSED_TENSORS_INT8,
    "compressed-tensors-int4": WeightFormat.COMPRESSED_TENSORS_INT4,
    "compressed-tensors-fp8": WeightFormat.COMPRESSED_TENSORS_FP8,
}


def shape(name: str, facts: ModelFacts) -> ModelShape | MissingFact:
    """Return the shape, or what is missing to make it."""
    family = facts.get("model_type", "")
    if family not in FAMILY_TRAITS:
        return MissingFact(f"the architecture {family!r} is not known to this version")
    facts = {**_DEFAULTS.get(family, {}), **{key: fact for key, fact in facts.items() if fact is not None}}
    lacking = absent(family, facts)
    if lacking:
        return MissingFact(f"the model's configuration lacks {', '.join(lacking)}")
    shape = ModelShape(
        name=name,
        family=family,
        layers=facts["layers"],
        hidden=facts["hidden"],
        heads=facts["heads"],
        kv_heads=facts["kv_heads"],
        head_dim=facts.get("head_dim") or facts["hidden"] // facts["heads"],
        vocab=facts["vocab"],
        intermediate=_dense_width(family, facts),
        positions=facts["max_position_embeddings"],
        original_positions=facts.get("original_positions"),
        tied=bool(facts.get("tie_word_embeddings")) or family in _ALWAYS_TIED,
        rotary_dim=facts.get("rotary_dim") or (64 if "qwen3_5" in family else None),
        rotary_stretch=facts.get("rotary_stretch") or 1.0,
        latent=_latent(facts),
        experts=_experts(family, facts),
        recurrent=_recurrent(facts),
        window=_window(family, facts),
        wide=_wide(facts),
        vision=vision(facts),
        mtp_layers=facts.get("mtp_layers") or 0,
        **FAMILY_TRAITS[family],
    )
    stored = _stored(facts, shape)
    return stored if isinstance(stored, MissingFact) else without_contradictions(replace(shape, stored=stored))


def absent(family: str, facts: ModelFacts) -> list[str]:
    """Return the names of facts that a shape needs and that are absent: zero is no number of layers, nor a width."""
    width = facts.get("moe_intermediate") or facts.get("intermediate")
    if not facts.get("experts"):
        width = _dense_width(family, facts)
    mixed = family in _OF_TWO_KINDS and not facts.get("layer_types") and not facts.get("full_attention_interval")
    return [
        *(key for key in _NEEDED if not facts.get(key)),
        *(() if width else ("intermediate",)),
        *(("layer_types",) if mixed else ()),
    ]


def without_contradictions(shape: ModelShape) -> ModelShape | MissingFact:
    """Return the shape, unless two of its numbers cannot both be right: nothing can be computed from those."""
    experts = shape.experts
    if shape.head_dim < 1:
        return MissingFact(f"{shape.heads} attention heads do not fit into a hidden size of {shape.hidden}")
    if experts and experts.per_token > experts.count:
        return MissingFact(f"{experts.per_token} experts work on a token, of {experts.count} that a layer has")
    return shape


def _dense_width(family: str, facts: ModelFacts) -> int:
    """Return an ordinary MLP's width, which Llama 4 sets separately."""
    width = facts.get("dense_intermediate") or (16384 if family == "llama4_text" else facts.get("intermediate"))
    return width or 0


def _stored(facts: ModelFacts, shape: ModelShape) -> StoredWeights | MissingFact:
    quantization = facts.get("checkpoint_quant")
    if quantization is None:
        return StoredWeights()
    by_name = quantization == "modelopt" and shape.name.upper().endswith("NVFP4")
    label = "nvfp4" if by_name else str(quantization).lower()
    if label not in FORMATS:
        return MissingFact(f"the checkpoint's quantization {quantization!r} is not known to this version")
    usual = {"kept": ["recurrentIn"]} if label == "nvfp4" else {}
    parts = kept_layers.of(usual | dict(facts), shape)
    return StoredWeights(
        format=FORMATS[label],
        kept=parts.kept,
        kept_layers=parts.kept_layers,
        eight_bit=parts.eight_bit,
        eight_bit_layers=parts.eight_bit_layers,
        described="kept" in facts or "eight_bit" in facts,
        block=facts.get("weight_block"),
        group=facts.get("weight_group"),
        cache=KvFormat(facts.get("stored_cache", KvFormat.AUTO)),
        cache_by_modelopt=bool(facts.get("cache_by_modelopt")),
    )


def _latent(facts: ModelFacts) -> LatentAttention | None:
    if not facts.get("kv_lora_rank"):
        return None
    return LatentAttention(
        kv_rank=facts["kv_lora_rank"],
        rope_dim=facts["qk_rope_head_dim"],
        nope_dim=facts["qk_nope_head_dim"],
        value_dim=facts["v_head_dim"],
        query_rank=facts.get("q_lora_rank"),
        index_dim=facts.get("index_head_dim"),
    )


def _experts(family: str, facts: ModelFacts) -> ExpertLayers | None:
    if not facts.get("experts"):
        return None
    width = facts.get("moe_intermediate") or facts["intermediate"]
    shared = facts.get("shared_expert_intermediate") or width * (facts.get("shared_experts") or 0)
    if family == "llama4_text":
        shared = width
    every = facts.get("experts_every") or (2 if family == "llama4_text" and facts["experts"] == 128 else 1)
    return ExpertLayers(
        count=facts["experts"],
        per_token=facts.get("experts_per_token") or 1,
        intermediate=width,
        shared_intermediate=shared,
        first_dense=facts.get("first_dense_layers") or 0,
        every=every,
        beside_dense=family == "gemma4_text",
    )


def _recurrent(facts: ModelFacts) -> RecurrentLayers | None:
    layers = _linear_layers(facts)
    if not layers:
        return None
    return RecurrentLayers(
        layers=layers,
        key_heads=facts["linear_key_heads"],
        value_heads=facts["linear_value_heads"],
        key_dim=facts["linear_key_head_dim"],
        value_dim=facts["linear_value_head_dim"],
        kernel=facts["linear_conv_kernel"],
    )


def _linear_layers(facts: ModelFacts) -> int:
    """Return how many layers have linear attention: engines count the listed kinds, else every n-th is full."""
    kinds, interval = facts.get("layer_types"), facts.get("full_attention_interval")
    if kinds:
        return int(kinds.get("linear_attention", 0))
    return facts["layers"] - facts["layers"] // interval if interval else 0


def _window(family: str, facts: ModelFacts) -> WindowedLayers | None:
    chunk = facts.get("attention_chunk_size")
    if chunk and family == "llama4_text":
        return WindowedLayers(layers=facts["layers"] - facts["layers"] // 4, tokens=chunk, chunked=True)
    tokens = facts.get("sliding_window")
    if not tokens or tokens >= facts["max_position_embeddings"]:
        return None
    kinds, pattern, counted = facts.get("layer_types"), facts.get("sliding_window_pattern"), facts["layers"]
    if kinds:
        counted = kinds.get("sliding_attention", 0)
    elif pattern:
        counted -= facts["layers"] // pattern
    return WindowedLayers(layers=counted, tokens=tokens) if counted else None


def _wide(facts: ModelFacts) -> WideLayers | None:
    if not facts.get("global_head_dim"):
        return None
    return WideLayers(
        head_dim=facts["global_head_dim"],
        kv_heads=facts.get("global_kv_heads") or facts["kv_heads"],
        keys_are_values=bool(facts.get("k_eq_v")),
    )


def vision(facts: ModelFacts) -> VisionTower | None:
    """Return the tower that the facts describe, else the family's default, else one of unknown size."""
    described = facts.get("vision")
    if not described:
        return None
    default = _VISION.get(facts["model_type"], VisionTower())
    return replace(default, **described) if isinstance(described, Mapping) else default
