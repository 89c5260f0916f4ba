"""The two files of a PEFT LoRA adapter: their content, and the digest by which a version is pinned.

The digest is what `sha256sum adapter_config.json adapter_model.safetensors | sha256sum` prints, so that anybody can
compute it without Fairlead. Nothing else in the folder is read or given to an engine.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from fairlead.documents import json_document

CONFIG: Final = "adapter_config.json"
WEIGHTS: Final = "adapter_model.safetensors"
FILES: Final = (CONFIG, WEIGHTS)
"""In the order of the digest."""
HEADER_LENGTH: Final = 8
LONGEST_CONFIG: Final = 1 << 20
LONGEST_HEADER: Final = 64 << 20
"""Bytes; the header of an adapter for a thousand experts takes some megabytes."""

EXPERTS: Final = "experts."
"""Begins the name of a matrix that each expert has."""
_LAYER: Final = re.compile(r"\.layers\.(\d+)\.")
_OTHER_PART: Final = re.compile(r"(?:^|\.)(?:vision|visual|audio|speech)")
"""In the name of a matrix that belongs to the part of a model that sees or hears."""
_PAIR: Final = re.compile(r"\.(?:(experts\.)(?:\d+\.)?)?([^.]+)\.(?:lora_([AB])\.weight|lora_embedding_([AB]))$")
_FUSED: Final = re.compile(r"\.experts((?:\.base_layer)*)\.lora_([AB])\.weight$")
"""The matrices of all experts in one, as PEFT saves `target_parameters`: it has as many rows as all ranks together."""
_OF_BASE: Final = (".embed_tokens.base_layer.weight", ".lm_head.base_layer.weight")
"""PEFT saves the base model's own weights beside LoRA matrices of its vocabulary, and engines pass over them."""


class UnreadableAdapter(ValueError):
    """A file is not what its name says."""


class _LoraMatrix(NamedTuple):
    """One matrix of a pair."""

    tensor: str
    name: str
    """Of the model's matrix that it changes; that of an expert begins with `EXPERTS`."""
    side: str
    is_fused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterFacts:
    """The facts in an adapter's files."""

    base: str
    """The model that it was trained on, as its configuration spells it; empty if it names none."""
    rank: int
    """The highest, if its modules differ."""
    modules: frozenset[str]
    """Names of the matrices that it changes; those of experts begin with `EXPERTS`."""
    layers: int
    """One more than the highest layer of the language model that it changes."""
    inputs: Mapping[str, frozenset[int]]
    """How many inputs each of these matrices has; each part of a model that sees or hears may have its own."""
    beyond: tuple[str, ...]
    """What it changes besides them, in its configuration's words."""


def digest_of(sums: Mapping[str, str]) -> str:
    """Combine the SHA-256 of each of the two files, in hex digits."""
    lines = "".join(f"{sums[name]}  {name}\n" for name in FILES)
    return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"


def header_length(first: bytes) -> int:
    """Return how many bytes after the first eight hold the list of tensors."""
    length = int.from_bytes(first, "little")
    if len(first) != HEADER_LENGTH or not 2 <= length <= LONGEST_HEADER:
        raise UnreadableAdapter(f"{WEIGHTS}: this is not a safetensors file; save the adapter in that format")
    return length


def facts(config: bytes, header: bytes) -> AdapterFacts:
    """Read the configuration and the list of tensors."""
    written = _mapping(config, CONFIG)
    shapes = _shapes(header)
    pairs = {name: _matrix(name) for name in shapes if not name.endswith(_OF_BASE)}
    inner = [one for one in pairs.values() if one is not None]
    if not inner:
        raise UnreadableAdapter(f"{WEIGHTS}: it contains no LoRA matrices; save the adapter with PEFT")
    first = [one for one in inner if one.side == "A" and not one.is_fused]
    return AdapterFacts(
        base=str(written.get("base_model_name_or_path") or ""),
        rank=max([*(shapes[one.tensor][0] for one in first), *_ranks(written)], default=0),
        modules=frozenset(one.name for one in inner),
        layers=max(_depths(one.tensor for one in inner), default=-1) + 1,
        inputs=_inputs((one.name.removeprefix(EXPERTS), shapes[one.tensor]) for one in first),
        beyond=(*_beyond(written), *(f"tensor {name}" for name, one in pairs.items() if one is None)),
    )


def _matrix(tensor: str) -> _LoraMatrix | None:
    """Return None for a tensor that is no matrix of a pair."""
    if fused := _FUSED.search(tensor):
        name = "gate_up_proj" if fused[1] else "down_proj"
        return _LoraMatrix(tensor, f"{EXPERTS}{name}", fused[2], is_fused=True)
    found = _PAIR.search(tensor)
    return _LoraMatrix(tensor, f"{found[1] or ''}{found[2]}", found[3] or found[4]) if found else None


def _depths(tensors: Iterable[str]) -> Iterator[int]:
    """Yield the layers of the language model among those that tensors are in."""
    for name in tensors:
        if not _OTHER_PART.search(name) and (found := _LAYER.search(name)):
            yield int(found[1])


def _inputs(matrices: Iterable[tuple[str, list[int]]]) -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for name, shape in matrices:
        if len(shape) > 1:
            found.setdefault(name, set()).add(shape[1])
    return {name: frozenset(sizes) for name, sizes in found.items()}


def _shapes(header: bytes) -> dict[str, list[int]]:
    listed = _mapping(header, WEIGHTS)
    found = {}
    for name, one in listed.items():
        shape = one.get("shape") if isinstance(one, dict) else None
        if name == "__metadata__":
            continue
        if not isinstance(shape, list) or not shape or not all(type(each) is int for each in shape):
            raise UnreadableAdapter(f"{WEIGHTS}: tensor {name[:80]} has no shape")
        found[name] = shape
    return found


def _mapping(text: bytes, name: str) -> dict[str, Any]:
    try:
        found = json_document.read(text, as_python=True)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UnreadableAdapter(f"{name}: it cannot be read as JSON")
    return found


def _ranks(config: Mapping[str, Any]) -> list[int]:
    pattern = config.get("rank_pattern")
    several = list(pattern.values()) if isinstance(pattern, dict) else []
    return [one for one in (config.get("r"), *several) if type(one) is int]


def _beyond(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Return settings of PEFT whose weights an engine does not add."""
    found = []
    if config.get("modules_to_save"):
        found.append("modules_to_save")
    if config.get("use_dora"):
        found.append("use_dora")
    if config.get("bias") not in (None, "none"):
        found.append(f"bias {config['bias']}"[:80])
    if config.get("trainable_token_indices"):
        found.append("trainable_token_indices")
    if config.get("peft_type") not in (None, "LORA"):
        found.append(f"peft_type {config['peft_type']}"[:80])
    return tuple(found)
