"""Debian packages, installed when they are missing."""

import os
import shutil
from collections.abc import Sequence

from devcluster import progress, turns
from devcluster.cache import Cache


def have(packages: Sequence[str], otherwise: str, cache: Cache) -> None:
    """Install these packages where that can be done; elsewhere `StepFailed` says what to do otherwise."""
    if not packages:
        return
    if os.geteuid() or not shutil.which("apt-get"):
        raise progress.StepFailed(otherwise)
    install(packages, cache)


def install(packages: Sequence[str], cache: Cache) -> None:
    """Install these packages; nothing is asked and nothing else is pulled in."""
    if not packages:
        return
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    doing = f"installing Debian packages: {', '.join(packages)}"
    # apt-get empties its folder of packages when it is done, also of those that another one is about to unpack.
    with turns.alone(cache.root / ".apt.lock", "an installation"), progress.step(doing) as current:
        progress.run(["apt-get", "update"], current, cache.logs / "apt-update.log", env=env)
        words = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
        progress.run(words, current, cache.logs / "apt-install.log", env=env)
