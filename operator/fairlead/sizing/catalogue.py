"""Parses the catalogue's text: shapes of models, products of GPUs. It never opens the files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fairlead.documents import json_document
from fairlead.fleet.accelerators import Accelerator, ComputeCapability
from fairlead.fleet.shapes import ModelShape
from fairlead.sizing import families
from fairlead.sizing.families import MissingFact

FILES: Final = ("gpus.json", "shapes.json")
"""In `fairlead.sizing.data`; their first fields give the source and licence of each figure."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The models and GPUs described by the catalogue's files."""

    shapes: Mapping[str, ModelShape]
    accelerators: Mapping[str, Accelerator]
    missing: Mapping[str, MissingFact]
    """Models whose architecture this version cannot size, and why."""


def read_shapes(text: str) -> tuple[dict[str, ModelShape], dict[str, MissingFact]]:
    """Read every model of the text, and those that lack a fact."""
    shapes: dict[str, ModelShape] = {}
    missing: dict[str, MissingFact] = {}
    models = json_document.read(text)["models"]
    for name, facts in models.items():
        shape = families.shape(name, models.get(facts.get("same_as"), {}) | facts)
        if isinstance(shape, MissingFact):
            missing[name] = shape
        else:
            shapes[name] = shape
    return shapes, missing


def read_accelerators(text: str) -> dict[str, Accelerator]:
    """Read every product of the text, by label."""
    return {entry["product"]: _accelerator(entry) for entry in json_document.read(text)["products"]}


def read(gpus: str, shapes: str) -> Catalogue:
    """Read the catalogue from the text of both files."""
    listed, missing = read_shapes(shapes)
    return Catalogue(shapes=listed, accelerators=read_accelerators(gpus), missing=missing)


def _accelerator(entry: Mapping[str, Any]) -> Accelerator:
    major, minor = str(entry["compute_capability"]).split(".")
    return Accelerator(
        product=entry["product"],
        memory_mib=entry["memory_mib"],
        bandwidth_gbs=entry.get("bandwidth_gbs"),
        bf16_tflops=entry.get("bf16_dense_tflops"),
        fp8_tflops=entry.get("fp8_dense_tflops"),
        capability=ComputeCapability(int(major), int(minor)),
        price_an_hour=entry.get("price_usd_h"),
        visible_mib=entry.get("visible_mib"),
        unified_memory=entry.get("unified_memory", False),
    )
