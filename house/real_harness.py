"""The real lm-evaluation-harness in the cache: made once from hashed locks, to be run by tests as in users' pods."""

from pathlib import Path
from typing import Final

from devcluster.cache import Cache
from house.engine_venv import EngineVenv

VERSION: Final = "0.4.13"


def _nothing(_: Path) -> None:
    """Its packages are all that it needs."""


VENV: Final = EngineVenv(engine="lm-eval", version=VERSION, locks=("lm-eval.txt",), finish=_nothing, sources=True)


def python(cache: Cache) -> Path:
    """The interpreter that has it; makes it where it is missing (0.8 GB, a minute or two)."""
    return VENV.python(cache)
