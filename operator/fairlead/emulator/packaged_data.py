"""The files that come with the package, as a server needs them: models, GPUs, and the step times fitted for them."""

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from fairlead.cluster import package_data
from fairlead.simulator.sweep import sweep_file
from fairlead.simulator.sweep.measurements import SweepRecord
from fairlead.simulator.timing import calibration_file, fitted_sets
from fairlead.simulator.timing.calibration_file import Calibration
from fairlead.simulator.timing.fitted_sets import FittedSets
from fairlead.sizing.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class PackagedData:
    """The data that an engine needs, read from files."""

    catalogue: Catalogue
    fitted: FittedSets | None = None
    """Absent: step times from the roofline alone."""
    calibrated: Calibration | SweepRecord | None = None
    """Measured on this deployment by `fairlead calibrate`: takes precedence over all other step times."""


def load(calibration: Path | None = None) -> PackagedData:
    """Read all of it, and the calibration file if one is named; `ValueError` if that is not a calibration."""
    text = (resources.files("fairlead.simulator") / "data" / fitted_sets.FILE).read_text(encoding="utf-8")
    own = None if calibration is None else _calibration(calibration)
    return PackagedData(package_data.load_catalogue(), fitted_sets.read(text), own)


def _calibration(place: Path) -> Calibration | SweepRecord:
    text = place.read_text(encoding="utf-8")
    try:
        return sweep_file.read(text) if sweep_file.is_sweep(text) else calibration_file.read(text)
    except ValueError as problem:
        raise ValueError(f"{place}: {problem}") from problem
