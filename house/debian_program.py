"""Installs a server that tests use from a Debian package, if possible, and finds its program.

Reports in one line what is missing; the tests decide whether they can run without it.
"""

import os
import shutil
import sys
from collections.abc import Sequence

from devcluster import progress
from devcluster.cache import Cache
from devcluster.setup import debian


def prepare(programs: Sequence[str], package: str) -> int:
    """Return 0 if there is one now, or if this machine cannot have one: this is reported, also by the tests."""
    if found(programs) is not None:
        return 0
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        print(f"no {' or '.join(programs)}: install one (Debian 12: apt-get install {package}), as root")
        return 0
    try:
        debian.install([package], Cache.chosen())
    except progress.StepFailed as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0 if found(programs) is not None else 1


def found(programs: Sequence[str]) -> str | None:
    """The path of the first of them that exists."""
    return next(filter(None, map(shutil.which, programs)), None)
