"""Which matrices of a model the names and patterns of a quantization configuration mean, and in which layers.

Patterns are matched with the names that such matrices have; what is as small as a norm or a gate is left out.
"""

import fnmatch
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from fairlead.fleet.shapes import MatrixGroup

LINEAR: Final = "Linear"
"""The class of all quantized layers, by which configurations name those that have no name of their own."""
PATTERN: Final = "re:"
"""Before a regular expression, as compressed-tensors writes it."""
_MAX_LAYERS: Final = 1000

_MATRICES: Final[Mapping[MatrixGroup, tuple[str, ...]]] = {
    MatrixGroup.ATTENTION: (
        *("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "self_attn.qkv_proj"),
        *("self_attn.q_a_proj", "self_attn.q_b_proj", "self_attn.kv_a_proj_with_mqa", "self_attn.kv_b_proj"),
    ),
    MatrixGroup.RECURRENT_IN: ("linear_attn.in_proj_qkv", "linear_attn.in_proj_z", "linear_attn.in_proj_qkvz"),
    MatrixGroup.RECURRENT_OUT: ("linear_attn.out_proj",),
    MatrixGroup.MLP: ("mlp.gate_proj", "mlp.up_proj", "mlp.down_proj", "mlp.gate_up_proj"),
    MatrixGroup.EXPERTS: (
        *("mlp.experts", "mlp.experts.0.gate_proj", "mlp.experts.0.up_proj", "mlp.experts.0.down_proj"),
        *("mlp.experts.gate_up_proj", "mlp.experts.down_proj", "block_sparse_moe.experts.0.w1"),
    ),
    MatrixGroup.SHARED_EXPERTS: tuple(
        f"mlp.{experts}.{matrix}_proj"
        for experts in ("shared_expert", "shared_experts")
        for matrix in ("gate", "up", "down")
    ),
}
PARTS: Final = tuple(_MATRICES)
"""What quantized formats cover."""
_PREFIXES: Final = ("model.", "model.language_model.", "language_model.model.", "language_model.", "")

_WORDS: Final[tuple[tuple[str, MatrixGroup], ...]] = (
    ("shared_expert", MatrixGroup.SHARED_EXPERTS),
    ("experts", MatrixGroup.EXPERTS),
    ("self_attn", MatrixGroup.ATTENTION),
    ("linear_attn.out_proj", MatrixGroup.RECURRENT_OUT),
    ("linear_attn", MatrixGroup.RECURRENT_IN),
)
"""The first of these words found in another family's name decides its part."""
_SMALL: Final = re.compile(
    r"(norm|conv1d|in_proj_a|in_proj_b|in_proj_ba|_gate|\.gate|router|indexers_proj|weights_proj)$"
)
_ELSEWHERE: Final = ("vision", "visual", "audio", "mtp.")
"""Towers and drafting layers, which are counted by themselves."""
_LAYER: Final = re.compile(r"layers\.(\d+)(?:\.|$)(.*)")
_WHOLE_TREE: Final = re.compile(r"(\d)\*$")
"""ModelOpt's name of a layer with a star: that layer and all below it, but not the layers that begin alike."""


def spots(layers: int) -> range:
    """Return the numbers of a model's layers, of absurdly many the first."""
    return range(min(layers, _MAX_LAYERS))


def named(names: Iterable[str], layers: int) -> dict[MatrixGroup, frozenset[int]]:
    """Return the layers in which some matrix of each part would be named, if the layer had it."""
    found: dict[MatrixGroup, set[int]] = defaultdict(set)
    for name in names:
        for group, layer in _meant(name, spots(layers)):
            found[group].add(layer)
    return {group: frozenset(its) for group, its in found.items()}


def _meant(name: str, layers: range) -> Iterator[tuple[MatrixGroup, int]]:
    if name == LINEAR:
        return ((group, layer) for group in PARTS for layer in layers)
    if name.startswith((PATTERN, ".*")):
        return _matched(re.compile(name.removeprefix(PATTERN)), layers)
    if "*" in name:
        wild = _WHOLE_TREE.sub(r"\1.*", name)
        pattern = re.compile(f"{fnmatch.translate(wild)}|{fnmatch.translate(wild + '.*')}")
        return _matched(pattern, _layers(_LAYER.search(wild), layers))
    return _plain(name, layers)


def _matched(pattern: re.Pattern[str], layers: Iterable[int]) -> Iterator[tuple[MatrixGroup, int]]:
    for layer in layers:
        for group, matrices in _MATRICES.items():
            names = (f"{prefix}layers.{layer}.{matrix}" for prefix in _PREFIXES for matrix in matrices)
            if any(pattern.match(one) for one in names):
                yield group, layer


def _plain(name: str, layers: range) -> Iterator[tuple[MatrixGroup, int]]:
    if _SMALL.search(name) or any(word in name for word in _ELSEWHERE):
        return
    one = _LAYER.search(name)
    parts = _parts(one[2] if one else name)
    yield from ((group, layer) for layer in _layers(one, layers) for group in parts)


def _layers(one: re.Match[str] | None, layers: range) -> Iterable[int]:
    """Return the layer that a name has, else all; those beyond the model's own are layers for drafting."""
    return layers if one is None else [layer for layer in (int(one[1]),) if layer in layers]


def _parts(name: str) -> list[MatrixGroup]:
    """Return the parts of a matrix, or of a module with several, by its name within the layer."""
    whole = [part for part, matrices in _MATRICES.items() if any(_within(name, matrix) for matrix in matrices)]
    return whole or [part for word, part in _WORDS if word in name][:1]


def _within(name: str, matrix: str) -> bool:
    return not name or f".{name}." in f".{matrix}."
