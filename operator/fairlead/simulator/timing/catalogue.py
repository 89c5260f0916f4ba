"""Which coefficients are used for a configuration: those of its measured group, otherwise of the nearest level.

The provenance always names the level. Values in, values out: the packaged file is read elsewhere.
"""

from dataclasses import dataclass
from typing import Final

from fairlead.simulator.timing import correction_groups, drafted_step, roofline, step_work
from fairlead.simulator.timing.correction_groups import RowDrafting, ServingMode
from fairlead.simulator.timing.efficiency import NO_CORRECTION, StepCorrection
from fairlead.simulator.timing.fitted_sets import FittedSets
from fairlead.simulator.timing.provenance import Provenance, ProvenanceLevel
from fairlead.simulator.timing.step_times import PhysicalStepTimes
from fairlead.sizing.sizing_input import SizingInput

VLLM: Final = "vllm"
"""The default engine, spelled as in the published runs."""


@dataclass(frozen=True, slots=True)
class RatesUnknown:
    """The catalogue lacks the GPU's rates, so there are no step times."""

    product: str

    def __str__(self) -> str:
        return (
            f"step times of {self.product}: its bandwidth and arithmetic are not in the catalogue; "
            "give bandwidthGbs and bf16Tflops for it, or calibrate on a recorded run"
        )


def step_times(
    sizing: SizingInput, fitted: FittedSets | None = None, engine: str = VLLM
) -> PhysicalStepTimes | RatesUnknown:
    """Return the step times of a configuration; their `provenance` says how near the measurements are.

    With speculative decoding the scheduler's batch has more tokens, and steps with drafts include the time of drafting.
    """
    card = sizing.accelerator
    if not card.bandwidth_gbs or not card.bf16_tflops:
        return RatesUnknown(card.product)
    load, drafting = step_work.of(sizing), drafted_step.of(sizing)
    if fitted is None or engine not in fitted.physics.behaviours:
        return PhysicalStepTimes(load, roofline.ASSUMED, roofline.ORIGIN, drafting=drafting)
    correction, provenance = _nearest(sizing, fitted, engine)
    return PhysicalStepTimes(load, fitted.physics.behaviours[engine].efficiency, provenance, correction, drafting)


def _nearest(sizing: SizingInput, fitted: FittedSets, engine: str) -> tuple[StepCorrection, Provenance]:
    kind = correction_groups.group(sizing, engine, ServingMode.TOGETHER, RowDrafting.NO)
    wide, narrow = (fitted.groups.get(key) for key in correction_groups.keys(kind, sizing, sizing))
    source = f"{fitted.source} ({fitted.licence})"
    if wide is None:
        return NO_CORRECTION, Provenance(
            level=ProvenanceLevel.PHYSICS,
            source=source,
            measurements=fitted.runs,
            token_error=fitted.wrong.token,
            first_token_error=fitted.wrong.first_token,
            note=f"no published run of {sizing.shape.name} in {kind.precision} on {kind.product} with {engine}",
        )
    group = narrow or wide
    return wide.correction.times(narrow.correction if narrow else NO_CORRECTION), Provenance(
        level=ProvenanceLevel.GROUP if narrow else ProvenanceLevel.OTHER_LAYOUT,
        source=source,
        measurements=group.runs,
        token_error=group.wrong.token,
        first_token_error=group.wrong.first_token,
        note="" if narrow else f"measured with other parallelism than {correction_groups.layout(sizing)}",
    )
