"""In how many of its layers each part of a checkpoint stayed in 16 bits."""

from collections.abc import Mapping
from typing import Any

from fairlead.fleet.shapes import MatrixGroup, ModelShape
from fairlead.sizing import named_matrices

KeptLayers = tuple[tuple[MatrixGroup, int], ...]


def of(facts: Mapping[str, Any], shape: ModelShape) -> tuple[frozenset[MatrixGroup], KeptLayers]:
    """Return the parts that were kept in all layers that have them, and the others with the number of those layers."""
    kept, some = set(map(MatrixGroup, facts.get("kept", ()))), []
    listed, covered = facts.get("kept_layers", {}), facts.get("covered_layers")
    for part in named_matrices.PARTS:
        layers = shape.layers_with(part)
        number = max(listed.get(part, 0), 0 if covered is None else layers - covered[part])
        if number >= layers > 0:
            kept.add(part)
        elif layers > number > 0:
            some.append((part, number))
    return frozenset(kept), tuple(some)
