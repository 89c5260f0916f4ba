"""Virtual environments for third-party programs, from hashed locks, in the cache: peers and clients to measure with.

An environment is named by its lock's digest, so a new lock makes a new one and nothing is installed twice.
"""

import hashlib
import shutil
import sys
from pathlib import Path

from devcluster import progress, turns
from devcluster.cache import Cache
from house.tree import ROOT


def folder(name: str, cache: Cache) -> Path:
    """The `bin` of the environment of `locks/NAME.txt`, created if missing."""
    lock = ROOT / "locks" / f"{name}.txt"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    place = cache.root / name / digest
    if not (place / "ready").exists():
        with turns.alone(cache.root / f".{name}.lock", f"an installation of {name}"):
            if not (place / "ready").exists():
                _install(name, lock, place, cache)
    return place / "bin"


def _install(name: str, lock: Path, place: Path, cache: Cache) -> None:
    shutil.rmtree(place, ignore_errors=True)
    with progress.step(f"making an environment for {name}") as current:
        progress.run([sys.executable, "-m", "venv", place], current, cache.logs / f"{name}-venv.log")
    words = [str(place / "bin" / "pip"), "install", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    with progress.step(f"installing locks/{lock.name}") as current:
        progress.run([*words, "-r", str(lock)], current, cache.logs / f"{name}-install.log")
    (place / "ready").touch()
