"""Installs missing Debian packages."""

import os
import shutil
from collections.abc import Sequence

from devcluster import progress, turns
from devcluster.cache import Cache


def have(packages: Sequence[str], otherwise: str, cache: Cache) -> None:
    """Install these packages if possible; otherwise `StepFailed` says what to do."""
    if not packages:
        return
    if os.geteuid() or not shutil.which("apt-get"):
        raise progress.StepFailed(otherwise)
    install(packages, cache)


def install(packages: Sequence[str], cache: Cache) -> None:
    """Install these packages without questions and without recommended packages."""
    if not packages:
        return
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    doing = f"installing Debian packages: {', '.join(packages)}"
    # apt-get empties its package folder at the end, also of packages that another apt-get is about to unpack.
    with turns.alone(cache.root / ".apt.lock", "an installation"), progress.step(doing) as current:
        progress.run(["apt-get", "update"], current, cache.logs / "apt-update.log", env=env)
        words = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
        progress.run(words, current, cache.logs / "apt-install.log", env=env)
