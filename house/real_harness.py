"""The real lm-evaluation-harness in the cache: created once from hashed locks; tests run it as users' pods do."""

from pathlib import Path
from typing import Final

from devcluster.cache import Cache
from house.engine_venv import EngineVenv

VERSION: Final = "0.4.13"


def _nothing(_: Path) -> None:
    """It needs nothing but its packages."""


VENV: Final = EngineVenv(engine="lm-eval", version=VERSION, locks=("lm-eval.txt",), finish=_nothing, sources=True)


def python(cache: Cache) -> Path:
    """The interpreter that has it; creates it if missing (0.8 GB, a minute or two)."""
    return VENV.python(cache)
