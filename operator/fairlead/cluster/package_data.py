"""The data files of the package, and text files that users name: opened here, parsed where their meaning is known."""

import gzip
import zlib
from importlib import resources
from pathlib import Path
from typing import Final

from fairlead.sizing import catalogue
from fairlead.sizing.catalogue import Catalogue

BROKEN_GZIP: Final = (
    "it is not a complete gzip file; copy or compress it again, or take .gz off the name of a plain one"
)
PACKED: Final = "it is a gzip file; add .gz to its name"
_GZIP: Final = b"\x1f\x8b"


class TextFileError(ValueError):
    """A file that a user named cannot be read; the message names it and says why."""


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
    """Read a text file, decompressed if its name ends in `.gz`; raises `TextFileError`."""
    try:
        if path.suffix == ".gz":
            with gzip.open(path, "rt", encoding="utf-8-sig") as packed:
                return packed.read()
        return path.read_text(encoding="utf-8-sig")
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise TextFileError(f"{path}: {BROKEN_GZIP}") from None
    except UnicodeDecodeError:
        raise TextFileError(
            f"{path}: {PACKED if is_gzip(path) else 'it is not UTF-8 text; save it as UTF-8'}"
        ) from None
    except OSError as problem:
        raise TextFileError(f"{path}: {problem.strerror}; give a file that can be read") from problem


def is_gzip(path: Path) -> bool:
    """Whether a file is compressed, whatever its name says."""
    with path.open("rb") as file:
        return file.read(len(_GZIP)) == _GZIP
