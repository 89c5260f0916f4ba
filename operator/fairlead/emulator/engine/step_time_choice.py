"""Chooses an engine's step times: measured ones if a file of them is given, else the nearest in the catalogue."""

from dataclasses import dataclass, replace
from typing import Protocol

from fairlead.emulator.engine import swept_engine
from fairlead.emulator.packaged_data import PackagedData
from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.simulator.engine.batch import StepTimes
from fairlead.simulator.sweep.measurements import SweepRecord
from fairlead.simulator.timing import calibration_file
from fairlead.simulator.timing import catalogue as timing
from fairlead.simulator.timing.provenance import Provenance, ProvenanceLevel
from fairlead.simulator.timing.relative_step_times import RelativeStepTimes, SweptRelative
from fairlead.simulator.timing.step_times import PhysicalStepTimes
from fairlead.sizing.sizing_input import SizingInput


class DescribedStepTimes(StepTimes, Protocol):
    """Step times with their provenance."""

    @property
    def provenance(self) -> Provenance:
        """Their origin and error."""


@dataclass(frozen=True, slots=True)
class ServedDeployment:
    """The deployment to time: the command, the GPU as named, and both as sizing sees them."""

    serve_arguments: ServeArguments
    product: str
    sizing: SizingInput


def of(deployment: ServedDeployment, packaged: PackagedData) -> DescribedStepTimes:
    """Return the step times; `ValueError` if the file's are of another deployment, or none are known."""
    if packaged.calibrated is not None:
        try:
            return _measured(deployment, packaged.calibrated)
        except ValueError as problem:
            raise ValueError(f"--step-times: {problem}") from problem
    sizing = deployment.sizing
    kind = [one for one in packaged.sweeps if one.deployment.kind is deployment.serve_arguments.kind]
    shapes = {one.deployment.model: packaged.catalogue.shapes.get(one.deployment.model) for one in kind}
    for sweep in kind:
        if swept_engine.is_alike(sweep.deployment, sizing, shapes[sweep.deployment.model]):
            return swept_engine.shipped_step_times(sweep, sizing)
    times = timing.step_times(sizing, packaged.fitted)
    if isinstance(times, timing.RatesUnknown):
        raise ValueError(str(times))  # noqa: TRY004  # the GPU's rates are missing
    for sweep in kind if times.provenance.level is ProvenanceLevel.PHYSICS else ():
        relative = swept_engine.relative(sweep.deployment, sizing, shapes[sweep.deployment.model])
        if relative is not None:
            return _corrected(times, sweep, relative, packaged)
    return times


def _corrected(
    own: PhysicalStepTimes, sweep: SweepRecord, relative: SizingInput, packaged: PackagedData
) -> DescribedStepTimes:
    """Correct by a sweep of the same model and card in other formats."""
    fitted = timing.step_times(relative, packaged.fitted)
    assert not isinstance(fitted, timing.RatesUnknown)
    measured = swept_engine.shipped_step_times(sweep, relative)
    note = f"{own.provenance.note}; corrected by {measured.provenance.source}, in another format"
    return RelativeStepTimes(own, SweptRelative(fitted, measured), replace(own.provenance, note=note))


def _measured(
    deployment: ServedDeployment, calibration: calibration_file.Calibration | SweepRecord
) -> DescribedStepTimes:
    if isinstance(calibration, SweepRecord):
        return swept_engine.step_times(deployment.serve_arguments, deployment.product, deployment.sizing, calibration)
    return calibration_file.step_times(deployment.sizing, calibration)
