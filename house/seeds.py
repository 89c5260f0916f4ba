"""What `make check` and the pure lane learnt in one clone on this machine, for the next: CI begins with a new clone.

Each tool looks itself whether what it kept is still true of the files that it finds, by their contents.
"""

import contextlib
import hashlib
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from devcluster.cache import Cache

KEPT: Final = (".mypy_cache", ".import_linter_cache", ".ruff_cache", ".build/pure", ".build/lanes")
LOCK: Final = Path("locks") / "dev.txt"


def taken(root: Path, cache: Cache) -> bool:
    """Whether this clone knew nothing yet; then it knows what the last one knew, if there was one."""
    if any((root / name).exists() for name in KEPT):
        return False
    seed = _place(root, cache)
    for name in KEPT if seed.is_dir() else ():
        if (seed / name).is_dir():
            copy(seed / name, root / name)
    return True


def give(root: Path, cache: Cache) -> None:
    """Leave it for the next clone; one that looks meanwhile finds the old or the new, never a half."""
    seed = _place(root, cache)
    seed.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=seed.parent) as folder:
        for name in KEPT:
            if (root / name).is_dir():
                copy(root / name, Path(folder) / "new" / name)
        if seed.exists():
            seed.rename(Path(folder) / "old")
        (Path(folder) / "new").rename(seed)


def copy(source: Path, target: Path) -> None:
    """A folder of what tools kept, while others may run in it: what these are about to write comes and goes."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.lock"), copy_function=_copy_if_there)


def _copy_if_there(source: str, target: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        shutil.copy2(source, target)


def _place(root: Path, cache: Cache) -> Path:
    """One for each set of tools: what another version of a tool kept is of no use."""
    digest = hashlib.sha256((root / LOCK).read_bytes() + sys.version.encode())
    return cache.root / "checks" / digest.hexdigest()[:12]
