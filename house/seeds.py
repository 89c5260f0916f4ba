"""Shares the caches of `make check` and the pure lane between clones on one machine: CI starts with a new clone.

Each tool checks by contents whether its cache is still valid for the files that it finds.
"""

import contextlib
import hashlib
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from devcluster import turns
from devcluster.cache import Cache

KEPT: Final = (".mypy_cache", ".import_linter_cache", ".ruff_cache", ".build/pure", ".build/lanes")
LOCK: Final = Path("locks") / "dev.txt"


def taken(root: Path, cache: Cache) -> bool:
    """Fill an empty clone from the last one's caches, if there are any; return whether it was empty."""
    if any((root / name).exists() for name in KEPT):
        return False
    seed = _place(root, cache)
    for name in KEPT if seed.is_dir() else ():
        if (seed / name).is_dir():
            copy(seed / name, root / name)
    return True


def give(root: Path, cache: Cache) -> None:
    """Publish the caches for the next clone; a concurrent reader gets the old or the new ones, never a half."""
    seed = _place(root, cache)
    seed.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=seed.parent) as folder:
        for name in KEPT:
            if (root / name).is_dir():
                copy(root / name, Path(folder) / "new" / name)
        with turns.alone(cache.root / "checks.lock", "another clone's caches to be published"):
            if seed.exists():
                seed.rename(Path(folder) / "old")
            (Path(folder) / "new").rename(seed)


def copy(source: Path, target: Path) -> None:
    """Copy a cache folder while tools may be writing to it: their temporary files come and go."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.lock"), copy_function=_copy_if_there)


def _copy_if_there(source: str, target: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        shutil.copy2(source, target)


def _place(root: Path, cache: Cache) -> Path:
    """One per set of tools: caches of another version of a tool are useless."""
    digest = hashlib.sha256((root / LOCK).read_bytes() + sys.version.encode())
    return cache.root / "checks" / digest.hexdigest()[:12]
