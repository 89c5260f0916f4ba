"""The data files of the package: opened here, parsed by the packages that know their meaning."""

import gzip
from importlib import resources
from pathlib import Path

from fairlead.sizing import catalogue
from fairlead.sizing.catalogue import Catalogue


def load_catalogue() -> Catalogue:
    """Load the models and GPUs that this release knows."""
    folder = resources.files("fairlead.sizing") / "data"
    gpus, shapes = (folder.joinpath(name).read_text(encoding="utf-8") for name in catalogue.FILES)
    return catalogue.read(gpus, shapes)


def remedies() -> str:
    """Return the text of what is known about each reason of a condition."""
    return (resources.files("fairlead.review") / "data" / "remedies.yaml").read_text(encoding="utf-8")


def console_asset(name: str) -> str:
    """Return a file of the console's style, script or icon."""
    return (resources.files("fairlead.console") / "data" / name).read_text(encoding="utf-8")


def read_text(path: Path) -> str:
    """Read a text file, decompressed if its name ends in `.gz`."""
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8") as packed:
            return packed.read()
    return path.read_text(encoding="utf-8")
