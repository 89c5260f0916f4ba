"""A real server that tests ask, installed where that can be done: which program answers, and which package has it.

Says in one line what is missing; the tests themselves decide whether they can do without.
"""

import os
import shutil
import sys
from collections.abc import Sequence

from devcluster import progress
from devcluster.cache import Cache
from devcluster.setup import debian


def prepare(programs: Sequence[str], package: str) -> int:
    """0 when there is one now, or when this machine cannot have one: that is said, and the tests say it again."""
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
    """Where the first of them is."""
    return next(filter(None, map(shutil.which, programs)), None)
