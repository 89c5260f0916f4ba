"""A published run's workers as sizing inputs: the architecture, GPU product and format that its row means."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from fairlead.engines.vllm.memory import CURRENT
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.quantization import KvFormat, WeightFormat
from fairlead.fleet.shapes import ModelShape, StoredWeights
from fairlead.sizing.catalogue import Catalogue
from fairlead.sizing.sizing_input import SizingInput
from fitting.silicon_rows import PRODUCTS, BenchmarkRow, WorkerGroup

FORMATS: Final[Mapping[str, WeightFormat]] = {
    "": WeightFormat.NONE,
    "bfloat16": WeightFormat.NONE,
    "float16": WeightFormat.NONE,
    "fp8": WeightFormat.FP8,
    "fp8_block": WeightFormat.FP8,
    "nvfp4": WeightFormat.NVFP4,
    "int4_wo": WeightFormat.COMPRESSED_TENSORS_INT4,
    "int8_wo": WeightFormat.COMPRESSED_TENSORS_INT8,
    "mxfp4": WeightFormat.MXFP4,
    "fp8_static": WeightFormat.FP8_PER_TENSOR,
    "fp8_ootb": WeightFormat.FP8,
    "sq": WeightFormat.COMPRESSED_TENSORS_INT8,
    "w4afp8": WeightFormat.COMPRESSED_TENSORS_INT4,
    "w4a16_mxfp4": WeightFormat.MXFP4,
    "w4a8_mxfp4_mxfp8": WeightFormat.MXFP4,
}
ONLY_AS_STORED: Final = frozenset({WeightFormat.MXFP4})
"""Formats in which a checkpoint is always served, whatever precision the published run states."""
SAME_ARCHITECTURE: Final[Mapping[str, str]] = {"deepseek-v3.1": "deepseek-v3"}
"""Checkpoints that differ only in the values of their weights."""
_SUFFIXES: Final = re.compile(
    r"(-instruct|-\d{4}|-fp8|-nvfp4|-fp4|-mxfp4|-int4|-awq|-gptq|-bf16|-dynamic|-block|-static-pertensor)+$"
)


def plain_name(model: str) -> str:
    """A model's name without publisher and precision: `nvidia/Llama-3.1-8B-Instruct-FP8` is `llama-3.1-8b`."""
    bare = _SUFFIXES.sub("", model.rpartition("/")[2].lower()).removeprefix("meta-")
    return SAME_ARCHITECTURE.get(bare, bare)


def shape_of(row: BenchmarkRow, catalogue: Catalogue) -> ModelShape | None:
    """The shape of a row's model, by its name, else by its plain name; of several, the one with the shortest name."""
    exact = catalogue.shapes.get(row.model)
    if exact is not None:
        return exact
    wanted = plain_name(row.model)
    names = sorted(
        (name for name in catalogue.shapes if plain_name(name) == wanted), key=lambda name: (len(name), name)
    )
    return catalogue.shapes[names[0]] if names else None


def question(row: BenchmarkRow, workers: WorkerGroup, catalogue: Catalogue) -> SizingInput | str:
    """One worker of this run as a sizing input, or a text that names what is unknown."""
    shape, product = shape_of(row, catalogue), PRODUCTS.get(row.system)
    if shape is None:
        return f"model {row.model}: its shape is not in the catalogue"
    if product is None or product not in catalogue.accelerators:
        return f"system {row.system}: its GPU is not in the catalogue"
    if row.format not in FORMATS:
        return f"format {row.format}: not known"
    stored = shape.stored.format
    wanted = stored if stored in ONLY_AS_STORED else FORMATS[row.format]
    if wanted is WeightFormat.NONE:
        shape = replace(shape, stored=StoredWeights())
    return SizingInput(
        release=CURRENT,
        shape=shape,
        accelerator=catalogue.accelerators[product],
        context=int(sum(row.nominal)),
        parallelism=Parallelism(tensor=workers.tensor, data=workers.data),
        expert_parallel=workers.expert_parallel,
        weights=wanted,
        kv=KvFormat.AUTO if wanted is WeightFormat.NONE else KvFormat.FP8,
    )
