"""Finds a Python interpreter that has an engine: the one named in the environment, else ours."""

import importlib.util
import os
import sys
from pathlib import Path


def found(variable: str, package: str) -> Path | None:
    """Return the interpreter that this variable names, or this one if the package is installed in it."""
    named = os.environ.get(variable)
    if named:
        return Path(named)
    return Path(sys.executable) if importlib.util.find_spec(package) is not None else None
