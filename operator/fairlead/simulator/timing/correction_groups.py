"""Which measurements share a correction: levels of groups, each a subset of the one before, and their keys.

A fit writes corrections under these keys, and `catalogue` reads them by the same keys.
"""

from enum import StrEnum
from typing import NamedTuple

from fairlead.fleet.quantization import WeightFormat
from fairlead.fleet.shapes import ModelShape
from fairlead.sizing import weights
from fairlead.sizing.sizing_input import SizingInput


class ServingMode(StrEnum):
    """Whether the same workers do prefill and decode."""

    TOGETHER = "agg"
    APART = "disagg"


class RowDrafting(StrEnum):
    """Whether a run used speculative decoding, which no column records."""

    NO = "no"
    LIKELY = "likely"
    """The published dump omits drafted runs and lacks this run, although it has others of its day and engine."""


class Precision(StrEnum):
    """The arithmetic of a model; formats of one precision share corrections."""

    SIXTEEN = "16bit"
    EIGHT = "8bit"
    FOUR_FLOAT = "fp4"
    FOUR_INTEGER = "int4"


class CorrectionGroup(NamedTuple):
    """One model on one kind of GPU with one engine."""

    architecture: str
    product: str
    engine: str
    mode: ServingMode
    precision: Precision
    drafting: RowDrafting

    @property
    def key(self) -> str:
        """The key in the packaged file."""
        return "/".join(self)


def architecture(shape: ModelShape) -> str:
    """Return a text that is equal for checkpoints with the same computation, whatever their names and formats."""
    experts = f"-{shape.experts.count}x{shape.experts.intermediate}" if shape.experts else ""
    heads = f"{shape.heads}h{shape.kv_heads}k{shape.head_dim}d"
    index = "-sparse" if shape.latent and shape.latent.index_dim is not None else ""
    return f"{shape.layers}x{shape.hidden}-{heads}-{shape.intermediate}m{experts}-{shape.vocab}v{index}"


def precision(sizing: SizingInput) -> Precision:
    """The precision of a configuration's weights."""
    if sizing.format in {WeightFormat.NVFP4, WeightFormat.MXFP4}:
        return Precision.FOUR_FLOAT
    if sizing.format in weights.FOUR_BIT:
        return Precision.FOUR_INTEGER
    return Precision.EIGHT if sizing.format in weights.EIGHT_BIT else Precision.SIXTEEN


def group(sizing: SizingInput, engine: str, mode: ServingMode, drafting: RowDrafting) -> CorrectionGroup:
    """Return the group of a configuration, taken from the workers that decode."""
    kind = architecture(sizing.shape)
    return CorrectionGroup(kind, sizing.accelerator.product, engine, mode, precision(sizing), drafting)


def layout(sizing: SizingInput) -> str:
    """The parallelism of one worker."""
    cut = sizing.parallelism
    return f"tp{cut.tensor}dp{cut.data}pp{cut.pipeline}{'ep' if sizing.expert_parallel else ''}"


def keys(group_: CorrectionGroup, readers: SizingInput, writers: SizingInput) -> tuple[str, str]:
    """Return keys that a plan can know, the wider level first."""
    reading = f"-from-{layout(readers)}" if group_.mode is ServingMode.APART else ""
    return group_.key, f"{group_.key}/{layout(writers)}{reading}"
