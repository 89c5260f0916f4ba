"""In how many of its layers each part of a checkpoint stayed in 16 bits, or is stored in eight beside four."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from fairlead.fleet.shapes import MatrixGroup, ModelShape
from fairlead.sizing import named_matrices

SomeLayers = tuple[tuple[MatrixGroup, int], ...]


class StoredParts(NamedTuple):
    """Parts by how they are stored: each either in all of its layers, or with the number of those that are so."""

    kept: frozenset[MatrixGroup]
    kept_layers: SomeLayers
    eight_bit: frozenset[MatrixGroup]
    eight_bit_layers: SomeLayers


def of(facts: Mapping[str, Any], shape: ModelShape) -> StoredParts:
    """Return the parts by the layers that have them: a name of a dense layer means none of its experts."""
    kept, eight = (set(map(MatrixGroup, facts.get(name, ()))) for name in ("kept", "eight_bit"))
    some_kept, some_eight = [], []
    listed, in_eight = facts.get("kept_layers", {}), facts.get("eight_bit_layers", {})
    covered = facts.get("covered_layers")
    for group, own in _own_layers(facts, shape).items():
        uncovered = frozenset[int]() if covered is None else own - covered.get(group, frozenset())
        plain = (own & listed.get(group, frozenset())) | uncovered
        wide = (own & in_eight.get(group, frozenset())) - plain
        if plain == own:
            kept.add(group)
        elif plain:
            some_kept.append((group, len(plain)))
        if wide and wide == own - plain:
            eight.add(group)
        elif wide:
            some_eight.append((group, len(wide)))
    return StoredParts(frozenset(kept), tuple(some_kept), frozenset(eight), tuple(some_eight))


def _own_layers(facts: Mapping[str, Any], shape: ModelShape) -> dict[MatrixGroup, frozenset[int]]:
    """Return which layers have each part, without the parts that none has."""
    every = frozenset(named_matrices.spots(shape.layers))
    experts = frozenset(layer for layer in every if _has_experts(shape, layer))
    recurrent = frozenset(layer for layer in every if _has_linear_attention(facts, layer))
    beside = shape.experts is not None and shape.experts.beside_dense
    own = {
        MatrixGroup.ATTENTION: every - recurrent,
        MatrixGroup.RECURRENT_IN: recurrent,
        MatrixGroup.RECURRENT_OUT: recurrent,
        MatrixGroup.MLP: every if beside else every - experts,
        MatrixGroup.EXPERTS: experts,
        MatrixGroup.SHARED_EXPERTS: experts,
    }
    return {group: layers for group, layers in own.items() if layers}


def _has_experts(shape: ModelShape, layer: int) -> bool:
    if shape.experts is None:
        return False
    deep = layer - shape.experts.first_dense
    return deep >= 0 and (deep + 1) % shape.experts.every == 0


def _has_linear_attention(facts: Mapping[str, Any], layer: int) -> bool:
    """Return whether the layer is listed as such, else whether it is not the last one of an interval."""
    if facts.get("layer_types"):
        return layer in facts.get("linear_layers", ())
    interval = int(facts.get("full_attention_interval") or 0)
    return interval > 0 and (layer + 1) % interval != 0
