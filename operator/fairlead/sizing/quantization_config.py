"""Reads a checkpoint's `quantization_config` into facts: its format, what it leaves in 16 bits or stores in eight."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from fairlead.fleet.quantization import KvFormat
from fairlead.sizing import families, named_matrices
from fairlead.sizing.families import MissingFact
from fairlead.sizing.named_matrices import LINEAR, PARTS, PATTERN

ConfigJson = Mapping[str, Any]

_COMPRESSED: Final[Mapping[str, str]] = {
    "8-bit float": "compressed-tensors-fp8",
    "8-bit int": "compressed-tensors-int8",
    "4-bit int": "compressed-tensors-int4",
    "4-bit float": "nvfp4",
}
_MODELOPT: Final[Mapping[str, str]] = {
    **dict.fromkeys(("FP8", "FP8_PER_CHANNEL_PER_TOKEN", "FP8_PB_WO", "FP8_BLOCK_SCALES"), "modelopt"),
    **dict.fromkeys(("NVFP4", "W4A16_NVFP4"), "nvfp4"),
    "MXFP8": "mxfp8",
}
"""ModelOpt's algorithms, as vLLM 0.32 lists them."""
_SCHEMES: Final[Mapping[str, KvFormat]] = {"fp8": KvFormat.FP8, "nvfp4": KvFormat.NVFP4}
_MIXED: Final = "MIXED_PRECISION"
_FOUR_BIT: Final = frozenset({"nvfp4", "compressed-tensors-int4"})
_EIGHT_BIT: Final = frozenset({"compressed-tensors-fp8", "compressed-tensors-int8", "modelopt"})
_OF_FOUR_BITS: Final = frozenset({"awq", "gptq", "auto-round", "bitsandbytes"})
_REGEX: Final = frozenset("*+?^$()[]{}|\\")
"""Signs by which auto-round's names are patterns."""
_EVERYTHING: Final = (LINEAR,)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coverage:
    """The names of what a configuration quantizes, in the format that it is called by and in eight bits."""

    label: str
    covered: tuple[str, ...] = _EVERYTHING
    eight: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def read(config: ConfigJson, layers: int) -> dict[str, Any] | MissingFact:
    """Return the facts, or what this version cannot read."""
    try:
        found = _coverage(config)
        return found if isinstance(found, MissingFact) else _facts(config, found, layers)
    except re.error as odd:
        return MissingFact(f"a pattern of quantization_config is no regular expression: {str(odd)[:80]}")


def _facts(config: ConfigJson, found: _Coverage, layers: int) -> dict[str, Any]:
    covered, eight = named_matrices.named(found.covered, layers), named_matrices.named(found.eight, layers)
    if LINEAR in found.eight:
        eight = {group: every - covered.get(group, frozenset()) for group, every in eight.items()}
    return (
        {
            "checkpoint_quant": found.label,
            "kept": [],
            "kept_layers": named_matrices.named((*found.kept, *_left_alone(config)), layers),
            "covered_layers": {
                group: covered.get(group, frozenset()) | eight.get(group, frozenset()) for group in PARTS
            },
            "eight_bit_layers": eight,
        }
        | _shared_scales(config)
        | _cache(config)
    )


def _coverage(config: ConfigJson) -> _Coverage | MissingFact:
    method = str(config.get("quant_method", "")).lower()
    if method == "compressed-tensors":
        return _mixture("compressed-tensors", _compressed(config))
    if method.startswith("modelopt"):
        return _modelopt(config)
    bits = 8 if config.get("load_in_8bit") else config.get("bits", 4)
    if method in _OF_FOUR_BITS and bits != 4:
        return MissingFact(f"{method} with {bits} bits is not known to this version; 4 is")
    if method not in families.FORMATS:
        return MissingFact(f"quantization {method!r} is not known to this version")
    return _overridden(_Coverage(label=method), _rules(config))


def _compressed(config: ConfigJson) -> dict[str, tuple[str, ...]]:
    """Return the targets of each format; a class of layers counts as all of them."""
    targets: dict[str, tuple[str, ...]] = {}
    for group in _groups(config):
        weights = group.get("weights") or {}
        label = f"{weights.get('num_bits')}-bit {weights.get('type')}"
        names = (LINEAR if str(name)[:1].isupper() else str(name) for name in group.get("targets") or _EVERYTHING)
        targets[label] = (*targets.get(label, ()), *names)
    if "nvfp4" in str(config.get("format", "")) and len(targets) < 2:
        return {"4-bit float": next(iter(targets.values()), _EVERYTHING)}
    return targets or {"None-bit None": _EVERYTHING}


def _groups(config: ConfigJson) -> list[ConfigJson]:
    return list((config.get("config_groups") or {}).values())


def _modelopt(config: ConfigJson) -> _Coverage | MissingFact:
    inner = config.get("quantization") or config
    algorithm = str(config.get("quant_algo") or inner.get("quant_algo", "")).upper()
    if algorithm != _MIXED:
        return _mixture("modelopt", {algorithm: _EVERYTHING})
    targets: dict[str, tuple[str, ...]] = {}
    for name, rule in (inner.get("quantized_layers") or {}).items():
        own = str(rule.get("quant_algo", "")).upper()
        targets[own] = (*targets.get(own, ()), name)
    return _mixture("modelopt", targets or {_MIXED: _EVERYTHING})


def _mixture(method: str, targets: Mapping[str, tuple[str, ...]]) -> _Coverage | MissingFact:
    """Return one format, or one in four bits beside one in eight: of others, the parts cannot be told apart."""
    names: dict[str, tuple[str, ...]] = {}
    for kind, its in targets.items():
        label = _COMPRESSED.get(kind) or _MODELOPT.get(kind)
        if label is None:
            return MissingFact(f"{method} with {kind} weights is not known to this version")
        names[label] = (*names.get(label, ()), *its)
    four, eight = names.keys() & _FOUR_BIT, names.keys() & _EIGHT_BIT
    if len(names) == 1:
        return _Coverage(label=next(iter(names)), covered=next(iter(names.values())))
    if len(four) == len(eight) == 1 and len(names) == 2:
        (label,), (other,) = four, eight
        return _Coverage(label=label, covered=names[label], eight=names[other])
    return MissingFact(f"{method} with {' and '.join(targets)} weights is not known to this version")


def _rules(config: ConfigJson) -> list[tuple[str, object]]:
    """Return names and their bits: GPTQ's signed patterns, and auto-round's names or patterns."""
    dynamic, extra = config.get("dynamic") or {}, config.get("extra_config") or {}
    signed = [
        (PATTERN + key.removeprefix("-:").removeprefix("+:"), 16 if key.startswith("-:") else (rule or {}).get("bits"))
        for key, rule in dynamic.items()
    ]
    named = [(f"{PATTERN}.*(?:{key})" if _REGEX & set(key) else key, rule.get("bits")) for key, rule in extra.items()]
    return signed + named


def _overridden(found: _Coverage, rules: Iterable[tuple[str, object]]) -> _Coverage | MissingFact:
    """Add what is stored in other than four bits."""
    for name, bits in rules:
        if bits == 16:
            found = replace(found, kept=(*found.kept, name))
        elif bits == 8:
            found = replace(found, eight=(*found.eight, name))
        elif bits not in (None, 4):
            return MissingFact(f"{found.label} with {bits} bits is not known to this version; 4, 8 and 16 are")
    return found


def _left_alone(config: ConfigJson) -> list[str]:
    """Return the names that the checkpoint lists as not quantized."""
    lists = ("ignore", "ignored_layers", "modules_to_not_convert", "exclude_modules")
    inner = config.get("quantization") or {}
    names = next((part[key] for part in (config, inner) for key in lists if part.get(key)), ())
    return [str(name) for name in names]


def _shared_scales(config: ConfigJson) -> dict[str, int]:
    """Return how many weights share a scale, where the checkpoint states it: a block of rows, or a group."""
    weights = [group.get("weights") or {} for group in _groups(config)]
    four_bits_first = sorted(weights, key=lambda one: one.get("num_bits") != 4)
    block = config.get("weight_block_size") or _first(weights, "block_structure") or (0,)
    group = _first((*four_bits_first, config), "group_size") or config.get("q_group_size") or 0
    stated = {"weight_block": max(block), "weight_group": group}
    return {name: number for name, number in stated.items() if number > 0}


def _cache(config: ConfigJson) -> dict[str, Any]:
    """Return the format of the KV cache for which the checkpoint has scales, as vLLM 0.32 reads it."""
    method = str(config.get("quant_method", "")).lower()
    if method == "compressed-tensors":
        return {"stored_cache": KvFormat.FP8} if config.get("kv_cache_scheme") is not None else {}
    if not method.startswith("modelopt"):
        return {}
    parts = (config.get("quantization") or config, config)
    stated = _first(parts, "kv_cache_scheme") or _first(parts, "kv_cache_quant_algo")
    found = _SCHEMES.get(_scheme(stated) if isinstance(stated, Mapping) else str(stated).lower())
    return {} if found is None else {"stored_cache": found, "cache_by_modelopt": True}


def _scheme(stated: ConfigJson) -> str:
    bits = stated.get("num_bits") if stated.get("type") == "float" else None
    if bits == 8 and stated.get("dynamic") is False:
        return "fp8"
    return "nvfp4" if bits == 4 else ""


def _first(parts: Iterable[ConfigJson], name: str) -> Any | None:  # noqa: ANN401 -- a field of foreign JSON
    return next((part[name] for part in parts if part.get(name)), None)
