"""`python -m house.prometheus_server`: a real Prometheus for the autoscaler's stories, installed where that can be.

Says in one line what it found or why there is none; the stories themselves decide whether they can do without.
"""

import os
import shutil
import sys
from typing import Final

from devcluster import progress
from devcluster.cache import Cache
from devcluster.setup import debian

PROGRAM: Final = "prometheus"
PACKAGE: Final = "prometheus"


def main() -> int:
    """0 when there is one now, or when this machine cannot have one: that is said, and the stories say it again."""
    if found() is not None:
        return 0
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        print(f"no {PROGRAM}: install one (Debian 12: apt-get install {PACKAGE}), as root")
        return 0
    try:
        debian.install([PACKAGE], Cache.chosen())
    except progress.StepFailed as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0 if found() is not None else 1


def found() -> str | None:
    """Where it is."""
    return shutil.which(PROGRAM)


if __name__ == "__main__":
    sys.exit(main())
