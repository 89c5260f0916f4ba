"""What the numbers of `spec.model.shape` make: replaced in a shape that is known otherwise, or a shape of their own."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from fairlead.fleet.shapes import ExpertLayers, ModelShape
from fairlead.sizing import families
from fairlead.sizing.families import MissingFact

Numbers = Mapping[str, int]
"""By their names in `fleet.shapes`, except the number of parameters, which decides nothing."""

_FAMILY: Final = "llama"
"""Stated numbers describe a Llama-like model; another architecture needs the catalogue or its config.json."""
_RENAMED: Final = {"positions": "max_position_embeddings"}
_FIELDS: Final = {
    "hidden": "hiddenSize",
    "heads": "attentionHeads",
    "kv_heads": "kvHeads",
    "intermediate": "intermediateSize",
    "vocab": "vocabularySize",
    "max_position_embeddings": "maxPosition",
}
"""The spec's names of facts that may be missing, where they differ."""


def alone(name: str, numbers: Numbers) -> ModelShape | MissingFact:
    """Return the shape that these numbers describe without any other source."""
    facts = {_RENAMED.get(key, key): number for key, number in numbers.items()}
    lacking = families.absent(_FAMILY, facts) + _experts_lacking(numbers)
    if lacking:
        return MissingFact(f"spec.model.shape lacks {', '.join(_FIELDS.get(key, key) for key in lacking)}")
    return families.shape(name, {"model_type": _FAMILY} | facts)


def replaced(shape: ModelShape, numbers: Numbers) -> ModelShape | MissingFact:
    """Return this shape with these numbers instead of its own."""
    lacking = [] if shape.experts else _experts_lacking(numbers)
    if lacking:
        return MissingFact(f"spec.model.shape lacks {', '.join(lacking)}, and the model is known as one without")
    plain: dict[str, Any] = {key: number for key, number in numbers.items() if not key.startswith("experts")}
    found = replace(shape, **plain, **_layers(shape, numbers))
    if "head_dim" not in numbers and shape.head_dim == shape.hidden // shape.heads:
        found = replace(found, head_dim=found.hidden // found.heads)
    return families.without_contradictions(replace(found, experts=_experts(shape, found, numbers)))


def _experts_lacking(numbers: Numbers) -> list[str]:
    return ["experts"] if "experts_per_token" in numbers and "experts" not in numbers else []


def _layers(shape: ModelShape, numbers: Numbers) -> dict[str, Any]:
    """Return the layers with a window or a state: the same part of all layers as before; None if no layer is left."""
    layers = numbers.get("layers", shape.layers)
    kinds = {"window": shape.window, "recurrent": shape.recurrent}
    scaled = {name: (kind, kind.layers * layers // shape.layers) for name, kind in kinds.items() if kind is not None}
    return {name: replace(kind, layers=number) if number else None for name, (kind, number) in scaled.items()}


def _experts(shape: ModelShape, found: ModelShape, numbers: Numbers) -> ExpertLayers | None:
    """Return the experts; a stated width is also theirs, unless the model's dense layers have one of their own."""
    was = shape.experts or ExpertLayers(count=0, per_token=1, intermediate=shape.intermediate)
    same_width = was.intermediate == shape.intermediate or not shape.intermediate
    experts = replace(
        was,
        count=numbers.get("experts", was.count),
        per_token=numbers.get("experts_per_token", was.per_token),
        first_dense=min(was.first_dense, found.layers - 1),
        intermediate=found.intermediate if same_width and "intermediate" in numbers else was.intermediate,
    )
    return experts if experts.count else None
