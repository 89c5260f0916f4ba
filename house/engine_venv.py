"""A virtual environment in the cache with a real engine for tests: created once from hashed locks."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from devcluster import progress, turns
from devcluster.cache import Cache
from house.tree import ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineVenv:
    """One engine at one release."""

    engine: str
    version: str
    locks: tuple[str, ...]
    finish: Callable[[Path], None]
    """What its site-packages need besides the locks."""
    sources: bool = False
    """Whether some packages exist only as source distributions; the locks have their hashes too."""

    def python(self, cache: Cache) -> Path:
        """The interpreter that has it; creates it if missing (some 6 GB, some minutes)."""
        name = self.engine.lower()
        place = cache.root / f"{name}-{self.version}"
        ready = place / "ready"
        if not ready.exists():
            with turns.alone(cache.root / f".{name}.lock", f"an installation of {self.engine}"):
                if not ready.exists():
                    self._install(place, cache)
                    ready.touch()
        return place / "bin" / "python"

    def _install(self, place: Path, cache: Cache) -> None:
        shutil.rmtree(place, ignore_errors=True)
        with progress.step(f"making an environment for real {self.engine}") as current:
            log = cache.logs / f"{self.engine.lower()}-venv.log"
            progress.run([sys.executable, "-m", "venv", place], current, log)
        for lock in self.locks:
            words = [str(place / "bin" / "pip"), "install", "--no-deps", "--require-hashes"]
            words += [] if self.sources else ["--only-binary=:all:"]
            with progress.step(f"installing locks/{lock}") as current:
                log = cache.logs / f"{lock}.log"
                progress.run([*words, "-r", str(ROOT / "locks" / lock)], current, log)
        (site,) = place.glob("lib/python3*/site-packages")
        self.finish(site)
