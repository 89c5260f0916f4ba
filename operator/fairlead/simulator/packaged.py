"""The files that come with the package, as a server needs them: models, GPUs, and the step times fitted for them."""

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from fairlead.cluster import package_data
from fairlead.sim.timing import calibrated, fitted_sets
from fairlead.sim.timing.calibrated import Calibrated
from fairlead.sim.timing.fitted_sets import FittedSets
from fairlead.sizing.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Known:
    """What is known without asking anybody."""

    catalogue: Catalogue
    fitted: FittedSets | None = None
    """Absent: the roofline alone."""
    calibrated: Calibrated | None = None
    """Of this very deployment, from `fairlead calibrate`: counts before all else."""


def load(calibration: Path | None = None) -> Known:
    """All of it, and the file that `fairlead calibrate` wrote where one is named; `ValueError` where that is none."""
    text = (resources.files("fairlead.sim") / "data" / fitted_sets.FILE).read_text(encoding="utf-8")
    own = None if calibration is None else calibrated.read(calibration.read_text(encoding="utf-8"))
    return Known(package_data.load_catalogue(), fitted_sets.read(text), own)
