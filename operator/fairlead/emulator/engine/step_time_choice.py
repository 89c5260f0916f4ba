"""Which step times an engine gets: measured ones if a file of them was given, else the nearest of the catalogue."""

from dataclasses import dataclass
from typing import Protocol

from fairlead.emulator.engine import swept_engine
from fairlead.emulator.packaged_data import PackagedData
from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.simulator.engine.batch import StepTimes
from fairlead.simulator.sweep.measurements import SweepRecord
from fairlead.simulator.timing import calibration_file
from fairlead.simulator.timing import catalogue as timing
from fairlead.simulator.timing.provenance import Provenance
from fairlead.sizing.sizing_input import SizingInput


class DescribedStepTimes(StepTimes, Protocol):
    """Step times that say where they come from."""

    @property
    def provenance(self) -> Provenance:
        """Their origin and their error."""


@dataclass(frozen=True, slots=True)
class ServedDeployment:
    """What is to be timed: the command, the GPU as it was named, and both as sizing sees them."""

    served: ServeArguments
    product: str
    question: SizingInput


def of(deployment: ServedDeployment, packaged: PackagedData) -> DescribedStepTimes:
    """The step times; `ValueError` if those of the file are another deployment's, or none are known."""
    if packaged.calibrated is not None:
        try:
            return _measured(deployment, packaged.calibrated)
        except ValueError as problem:
            raise ValueError(f"--step-times: {problem}") from problem
    for sweep in packaged.sweeps:
        swept = sweep.deployment
        alike = swept_engine.is_alike(swept, deployment.question, packaged.catalogue.shapes.get(swept.model))
        if alike and swept.kind is deployment.served.kind:
            return swept_engine.shipped_step_times(sweep, deployment.question)
    times = timing.step_times(deployment.question, packaged.fitted)
    if isinstance(times, timing.RatesUnknown):
        raise ValueError(str(times))  # noqa: TRY004  # the GPU's rates are missing
    return times


def _measured(deployment: ServedDeployment, found: calibration_file.Calibration | SweepRecord) -> DescribedStepTimes:
    if isinstance(found, SweepRecord):
        return swept_engine.step_times(deployment.served, deployment.product, deployment.question, found)
    return calibration_file.step_times(deployment.question, found)
