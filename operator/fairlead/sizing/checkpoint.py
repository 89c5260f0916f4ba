"""Reads a checkpoint's `config.json`, as Hugging Face publishes it, into the catalogue's facts.

If this version cannot read a field, the result says what is missing; no value is assumed.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from fairlead.documents import json_document
from fairlead.fleet.plurals import count
from fairlead.fleet.shapes import ModelShape
from fairlead.sizing import families, quantization_config
from fairlead.sizing.families import MissingFact

ConfigJson = Mapping[str, Any]

_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "layers": ("num_hidden_layers", "n_layer"),
    "hidden": ("hidden_size", "n_embd"),
    "heads": ("num_attention_heads", "n_head"),
    "head_dim": ("head_dim",),
    "vocab": ("vocab_size",),
    "intermediate": ("intermediate_size",),
    "dense_intermediate": ("intermediate_size_mlp",),
    "max_position_embeddings": ("max_position_embeddings",),
    "experts": ("num_experts", "n_routed_experts", "num_local_experts"),
    "experts_per_token": ("num_experts_per_tok", "top_k_experts"),
    "experts_every": ("interleave_moe_layer_step", "decoder_sparse_step"),
    "moe_intermediate": ("moe_intermediate_size",),
    "shared_experts": ("n_shared_experts",),
    "shared_expert_intermediate": ("shared_expert_intermediate_size",),
    "first_dense_layers": ("first_k_dense_replace",),
    "kv_lora_rank": ("kv_lora_rank",),
    "q_lora_rank": ("q_lora_rank",),
    "qk_rope_head_dim": ("qk_rope_head_dim",),
    "qk_nope_head_dim": ("qk_nope_head_dim",),
    "v_head_dim": ("v_head_dim",),
    "index_head_dim": ("index_head_dim",),
    "full_attention_interval": ("full_attention_interval",),
    "linear_key_heads": ("linear_num_key_heads",),
    "linear_value_heads": ("linear_num_value_heads",),
    "linear_key_head_dim": ("linear_key_head_dim",),
    "linear_value_head_dim": ("linear_value_head_dim",),
    "linear_conv_kernel": ("linear_conv_kernel_dim",),
    "sliding_window_pattern": ("sliding_window_pattern",),
    "attention_chunk_size": ("attention_chunk_size",),
    "global_head_dim": ("global_head_dim",),
    "global_kv_heads": ("num_global_key_value_heads",),
    "k_eq_v": ("attention_k_eq_v",),
    "mtp_layers": ("mtp_num_hidden_layers", "num_nextn_predict_layers"),
}
"""The catalogue's name of a field, and its names in configurations."""

_OBJECTS: Final = ("rope_scaling", "rope_parameters", "quantization_config", "vision_config")
_NO_NUMBERS: Final = {"k_eq_v", "sliding_window_pattern"}
"""A truth value, and a number that some families write as letters."""
_OTHER_NUMBERS: Final = {"kv_heads": ("num_key_value_heads",), "sliding_window": ("sliding_window",)}
_ABOVE_ZERO: Final = {"layers", "hidden", "heads", "head_dim", "vocab", "max_position_embeddings"}
_LARGEST: Final = 10**12

_LENGTHENING: Final = frozenset({"linear", "dynamic"})
"""Kinds of rope scaling by whose factor engines multiply `max_position_embeddings`; the others have done so already, in
vLLM 0.32 and SGLang 0.5.23 also yarn."""
_LONG_ROPE: Final = frozenset({"longrope", "su"})
_ORIGINAL: Final = "original_max_position_embeddings"
_LENGTHENED: Final = "gemma3"
"""A family whose positions are the longer ones already."""

_LOCAL: Final = "L"
_LETTERS: Final = frozenset({_LOCAL, "G"})
"""Layers with a window and without, in the patterns of EXAONE 4."""

_UNSIZED: Final[Mapping[str, str]] = {
    "hidden_size_per_layer_input": "embeddings of each layer",
    "num_kv_shared_layers": "layers that share the KV cache of others",
}
"""Fields of Gemma 3n and of the small Gemma 4 whose memory is not counted; 0 in the large ones."""
_TEXT_ALONE: Final = frozenset({"exaone4", "glm4_moe", "seed_oss"})
"""Families whose models for text alone are sized: what the tower of a later one takes for an image is not published
with them, as in EXAONE 4.5."""


def read(name: str, text: str) -> ModelShape | MissingFact:
    """Return the configuration's shape, or what is missing to size it."""
    try:
        config = json_document.read(text, as_python=True)
    except ValueError:
        return MissingFact("the configuration is not JSON")
    if not isinstance(config, Mapping):
        return MissingFact("the configuration is not a JSON object")
    body = config.get("text_config") or config.get("llm_config") or config
    odd = _of_another_kind(config, body) or _unsized(config, body)
    if odd is not None:
        return odd
    try:
        facts = _facts(config, body)
        found = facts if isinstance(facts, MissingFact) else families.shape(name, facts)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as absent:
        return MissingFact(f"a field of the configuration is absent or of another kind: {str(absent)[:80]}")
    if isinstance(found, ModelShape) and found.attention_layers < 1:
        return MissingFact(f"none of its {count(found.layers, 'layer')} has keys and values")
    return found


def _of_another_kind(config: ConfigJson, body: object) -> MissingFact | None:
    """Find the first field that is no object, or no whole number, although its meaning requires that."""
    if not isinstance(body, Mapping):
        return MissingFact(f"text_config: {str(body)[:40]!r} is not a JSON object")
    for part, name in ((part, name) for part in (config, body) for name in _OBJECTS):
        if part.get(name) and not isinstance(part[name], Mapping):
            return MissingFact(f"{name}: {str(part[name])[:40]!r} is not a JSON object")
    for ours, name in ((ours, name) for ours, names in ({**_NAMES, **_OTHER_NUMBERS}).items() for name in names):
        least = 1 if ours in _ABOVE_ZERO else 0
        value = body.get(name)
        if value is None or ours in _NO_NUMBERS or (type(value) is int and least <= value <= _LARGEST):
            continue
        return MissingFact(f"{name}: {str(value)[:40]!r} is not a whole number from {least}")
    return None


def _unsized(config: ConfigJson, body: ConfigJson) -> MissingFact | None:
    """Find the first field by which a family adds memory that this version does not count."""
    family = str(body.get("model_type"))
    if config.get("vision_config") is not None and family in _TEXT_ALONE:
        return MissingFact(f"vision_config: an image tower of {family} is not known to this version")
    found = next(((name, what) for name, what in _UNSIZED.items() if body.get(name)), None)
    return MissingFact(f"{found[0]}: {found[1]} are not known to this version") if found else None


def _facts(config: ConfigJson, body: ConfigJson) -> dict[str, Any] | MissingFact:
    facts = {ours: value for ours, names in _NAMES.items() if (value := _first(body, names)) is not None}
    facts["model_type"] = _family(str(body.get("model_type", "")))
    facts["kv_heads"] = body.get("num_key_value_heads") or facts.get("heads")
    facts["tie_word_embeddings"] = bool(body.get("tie_word_embeddings", config.get("tie_word_embeddings", False)))
    # The list of a shortened model is often left as it was; engines read as many of it as there are layers.
    kinds = list(body.get("layer_types") or ())[: facts.get("layers")]
    facts["layer_types"] = {kind: kinds.count(kind) for kind in sorted(set(kinds))}
    letters = facts.get("sliding_window_pattern")
    if isinstance(letters, str) and set(letters) <= _LETTERS:
        del facts["sliding_window_pattern"]
        facts["layer_types"] = facts["layer_types"] or _repeated(letters, facts.get("layers") or 0)
    facts["linear_layers"] = frozenset(layer for layer, kind in enumerate(kinds) if kind == "linear_attention")
    if body.get("use_sliding_window", True):
        facts["sliding_window"] = body.get("sliding_window")
    facts.update(_rope(body, facts))
    if config.get("vision_config") is not None:
        facts["vision"] = _vision(config["vision_config"])
    quantized = config.get("quantization_config") or body.get("quantization_config")
    if not quantized:
        return facts
    stored = quantization_config.read(quantized, facts.get("layers") or 0)
    return stored if isinstance(stored, MissingFact) else facts | stored


def _repeated(letters: str, layers: int) -> dict[str, int]:
    """Count the kinds of layers of a pattern that is repeated; the last layer attends to everything."""
    whole, rest = divmod(max(0, layers - 1), len(letters)) if letters else (0, 0)
    bounded = whole * letters.count(_LOCAL) + letters[:rest].count(_LOCAL)
    return {"full_attention": layers - bounded, "sliding_attention": bounded}


def _first(body: ConfigJson, names: Iterable[str]) -> Any | None:  # noqa: ANN401 -- a field of foreign JSON
    return next((body[name] for name in names if body.get(name) is not None), None)


def _family(model_type: str) -> str:
    """Complete a family's name: some towers' configurations omit `_text`."""
    return (
        f"{model_type}_text"
        if f"{model_type}_text" in families.FAMILY_TRAITS and model_type not in families.FAMILY_TRAITS
        else model_type
    )


def _rope(body: ConfigJson, facts: ConfigJson) -> dict[str, Any]:
    scaling = body.get("rope_scaling") or body.get("rope_parameters") or {}
    kind = scaling.get("rope_type", scaling.get("type"))
    partial = body.get("partial_rotary_factor") or scaling.get("partial_rotary_factor")
    head, positions = facts.get("head_dim"), facts.get("max_position_embeddings")
    factor = float(scaling.get("factor") or 1.0) if kind in _LENGTHENING else 1.0
    found: dict[str, Any] = {"rotary_stretch": factor}
    if kind in _LONG_ROPE:
        found["original_positions"] = body.get(_ORIGINAL) or scaling.get(_ORIGINAL)
    if positions and not facts["model_type"].startswith(_LENGTHENED):
        found |= {"rotary_stretch": 1.0, "max_position_embeddings": int(positions * factor)}
    return found | ({"rotary_dim": int(head * partial)} if partial and head else {})


def _vision(tower: ConfigJson) -> dict[str, Any] | bool:
    """Count the tower like any transformer; what a family does with patches is known only for the listed ones."""
    hidden, wide, layers = (
        _first(tower, names)
        for names in (("hidden_size", "embed_dim"), ("intermediate_size",), ("num_hidden_layers", "depth"))
    )
    if not (hidden and wide and layers):
        return True
    return {"parameters": layers * (4 * hidden * hidden + 2 * hidden * wide), "hidden": hidden, "intermediate": wide}
