"""The files shipped with the package, as a server needs them: models, GPUs, and the step times fitted for them."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
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
    """The data that an engine needs from files."""

    catalogue: Catalogue
    fitted: FittedSets | None = None
    """Absent: step times from the roofline alone."""
    calibrated: Calibration | SweepRecord | None = None
    """Measured on this deployment by `fairlead calibrate`; takes precedence over all other step times."""
    sweeps: tuple[SweepRecord, ...] = ()
    """Sweeps of deployments on GPUs; they take precedence over fitted step times."""


def load(calibration: Path | None = None) -> PackagedData:
    """Read all of it, and the calibration file if one is given; `ValueError` if that is not a calibration."""
    folder = resources.files("fairlead.simulator") / "data"
    text = (folder / fitted_sets.FILE).read_text(encoding="utf-8")
    own = None if calibration is None else _calibration(calibration)
    return PackagedData(package_data.load_catalogue(), fitted_sets.read(text), own, tuple(_sweeps(folder / "sweeps")))


def _sweeps(folder: Traversable) -> Iterator[SweepRecord]:
    for place in sorted(folder.iterdir(), key=lambda one: one.name):
        yield sweep_file.read(place.read_text(encoding="utf-8"))


def _calibration(place: Path) -> Calibration | SweepRecord:
    text = package_data.read_text(place)
    try:
        return sweep_file.read(text) if sweep_file.is_sweep(text) else calibration_file.read(text)
    except ValueError as problem:
        raise ValueError(f"{place}: {problem}") from problem
