"""Which coefficients answer a question: the exact group that was measured, else the nearest level, always said.

Values in, values out; the shell reads the packaged file, this module never does.
"""

from dataclasses import dataclass
from typing import Final

from fairlead.sim.timing import groups, roofline, work
from fairlead.sim.timing.efficiency import NO_CORRECTION, Correction
from fairlead.sim.timing.fitted_sets import FittedSets
from fairlead.sim.timing.fixed_concurrency import Front
from fairlead.sim.timing.provenance import Level, Provenance
from fairlead.sim.timing.silicon import Mode
from fairlead.sim.timing.silicon_layouts import Drafting
from fairlead.sim.timing.step_times import PhysicalStepTimes
from fairlead.sizing.question import Question

VLLM: Final = "vllm"
"""The engine whose step times are asked for unless another is named; spelled as in the published runs."""


@dataclass(frozen=True, slots=True)
class RatesUnknown:
    """The GPU's rates were never collected, so no time can be said."""

    product: str

    def __str__(self) -> str:
        return (
            f"step times of {self.product}: its bandwidth and arithmetic are not in the catalogue; "
            "give bandwidthGbs and bf16Tflops for it, or calibrate on a recorded run"
        )


def step_times(
    question: Question, fitted: FittedSets | None = None, engine: str = VLLM
) -> PhysicalStepTimes | RatesUnknown:
    """For this model, GPU, parallelism and formats; the answer's `provenance` says how near its source is.

    Speculation is not part of it: a scheduler that drafts asks for the step of more tokens.
    """
    card = question.accelerator
    if not card.bandwidth_gbs or not card.bf16_tflops:
        return RatesUnknown(card.product)
    load = work.of(question)
    if fitted is None or engine not in fitted.physics.behaviours:
        return PhysicalStepTimes(load, roofline.ASSUMED, roofline.ORIGIN)
    correction, origin = _nearest(question, fitted, engine)
    return PhysicalStepTimes(load, fitted.physics.behaviours[engine].reached, origin, correction)


def door(fitted: FittedSets | None = None, engine: str = VLLM) -> Front:
    """What a first token costs beyond the engine's steps: for servers and simulations that are to show it."""
    known = fitted.physics.behaviours.get(engine) if fitted else None
    return known.front if known else roofline.DOOR


def _nearest(question: Question, fitted: FittedSets, engine: str) -> tuple[Correction, Provenance]:
    kind = groups.group(question, engine, Mode.TOGETHER, Drafting.NO)
    wide, narrow = (fitted.groups.get(key) for key in groups.keys(kind, question, question))
    source = f"{fitted.source} ({fitted.licence})"
    if wide is None:
        return NO_CORRECTION, Provenance(
            level=Level.PHYSICS,
            source=source,
            measurements=fitted.runs,
            token_error=fitted.wrong.token,
            first_token_error=fitted.wrong.first_token,
            note=f"no published run of {question.shape.name} in {kind.precision} on {kind.product} with {engine}",
        )
    known = narrow or wide
    return wide.correction.times(narrow.correction if narrow else NO_CORRECTION), Provenance(
        level=Level.GROUP if narrow else Level.OTHER_LAYOUT,
        source=source,
        measurements=known.runs,
        token_error=known.wrong.token,
        first_token_error=known.wrong.first_token,
        note="" if narrow else f"measured with other parallelism than {groups.layout(question)}",
    )
