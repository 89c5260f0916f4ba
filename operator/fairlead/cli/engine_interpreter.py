"""Finds a Python interpreter that has an engine: the one named in the environment, else ours."""

import importlib.util
import os
import sys
from pathlib import Path

from fairlead.engines.sweep import EngineProgram


class EngineAbsent(Exception):
    """No engine of this kind is installed; the message says how to get one."""


def found(program: EngineProgram) -> Path | None:
    """Return the interpreter that the program's variable names, or this one if the package is installed in it."""
    named = os.environ.get(program.variable)
    if named:
        return Path(named)
    return Path(sys.executable) if importlib.util.find_spec(program.package) is not None else None


def command(program: EngineProgram) -> list[str]:
    """Return the words that run the engine's command; raises `EngineAbsent` if it is not installed here."""
    interpreter = found(program)
    if interpreter is None:
        raise EngineAbsent(program.absent)
    return [str(interpreter), *program.words]
