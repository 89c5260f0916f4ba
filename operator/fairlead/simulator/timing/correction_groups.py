"""Which measurements share a correction: levels of groups, each a subset of the one before, and their keys.

The keys are made only here: a fit writes corrections under them, and `catalogue` reads them by the same keys.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from fairlead.fleet.quantization import WeightFormat
from fairlead.simulator.timing.silicon_deployments import architecture
from fairlead.simulator.timing.silicon_layouts import MeasuredRow, RowDrafting
from fairlead.simulator.timing.silicon_rows import ServingMode
from fairlead.sizing import weights
from fairlead.sizing.sizing_input import SizingInput


class Precision(StrEnum):
    """The arithmetic of a model: formats of one precision share corrections."""

    SIXTEEN = "16bit"
    EIGHT = "8bit"
    FOUR_FLOAT = "fp4"
    FOUR_INTEGER = "int4"


class CorrectionGroup(NamedTuple):
    """One model on one kind of GPU under one engine."""

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


def precision(question: SizingInput) -> Precision:
    """The precision of a configuration's weights."""
    if question.format in {WeightFormat.NVFP4, WeightFormat.MXFP4}:
        return Precision.FOUR_FLOAT
    if question.format in weights.FOUR_BIT:
        return Precision.FOUR_INTEGER
    return Precision.EIGHT if question.format in weights.EIGHT_BIT else Precision.SIXTEEN


def group(question: SizingInput, engine: str, mode: ServingMode, drafting: RowDrafting) -> CorrectionGroup:
    """The group of a configuration, taken from the workers that decode."""
    kind = architecture(question.shape)
    return CorrectionGroup(kind, question.accelerator.product, engine, mode, precision(question), drafting)


def layout(question: SizingInput) -> str:
    """The parallelism of one worker."""
    cut = question.parallelism
    return f"tp{cut.tensor}dp{cut.data}pp{cut.pipeline}{'ep' if question.expert_parallel else ''}"


def keys(group_: CorrectionGroup, readers: SizingInput, writers: SizingInput) -> tuple[str, str]:
    """The keys that a plan can know, the wider level first."""
    reading = f"-from-{layout(readers)}" if group_.mode is ServingMode.APART else ""
    return group_.key, f"{group_.key}/{layout(writers)}{reading}"


def keys_of_run(measured: MeasuredRow, readers: SizingInput, writers: SizingInput) -> tuple[str, ...]:
    """The keys of a published run: those that a plan can know, then with its lengths, then with version and day."""
    row = measured.row
    wide, narrow = keys(group(writers, row.backend, row.mode, measured.drafting), readers, writers)
    return wide, narrow, f"{narrow}/{row.nominal}", f"{wide}/{row.version}/{row.measured}"


PLANNED: Final = 2
"""Number of levels that a plan can know."""
