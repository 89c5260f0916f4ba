"""Lists our files: what git tracks or would track, or a plain walk without git.

Only lists names; other modules check contents.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGES: Final = (
    *("operator", "devcluster", "house", "prove", "demo", "bench", "campaign"),
    *("fitting", "fuzz", "monitoring", "release", "tests"),
)
NOT_OURS: Final = frozenset({"__pycache__", "build", "dist", "node_modules"})


def files(root: Path) -> list[Path]:
    """Every file of the tree relative to `root`, sorted; without deleted files that are still tracked."""
    listed = _listed_by_git(root) if (root / ".git").exists() else None
    names = _walked(root) if listed is None else listed
    return sorted({Path(name) for name in names if (root / name).is_file()})


def python_files(root: Path) -> list[Path]:
    """The Python files that the budgets apply to; one outside these folders is unexpected."""
    return [path for path in files(root) if path.suffix == ".py" and path.parts[0] in PACKAGES]


def _listed_by_git(root: Path) -> list[str] | None:
    words = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listing = subprocess.run(words, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return [name for name in listing.stdout.split("\0") if name] if listing.returncode == 0 else None


def _walked(root: Path) -> Iterator[str]:
    for folder, below, names in os.walk(root):
        below[:] = [name for name in below if not name.startswith(".") and name not in NOT_OURS]
        for name in names:
            yield str((Path(folder) / name).relative_to(root))
