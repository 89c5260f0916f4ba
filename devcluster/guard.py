"""Ends a cluster with its owners, however those end: `python -m devcluster.guard FOLDER`, started before the cluster.

It runs outside the cluster's namespaces, so that it can remove what outlives them: control groups and files. It carries
the cluster's marker, so that ending the cluster ends it too.
"""

import sys
import time
from pathlib import Path
from typing import Final

from devcluster import owners, teardown
from devcluster.layout import Layout

POLL_S: Final = 0.5
ATTEMPTS: Final = 10
"""A process that the kernel holds in a read may take seconds to end."""
PAUSE_S: Final = 1.0


def main() -> int:
    """Return 0 when there is nothing left to guard: handed to a person, ended elsewhere, or ended here."""
    layout = Layout(Path(sys.argv[1]))
    while (found := owners.read(layout)) is not None and found.owners:
        if not found.holds:
            return 0 if _ended(layout) else 1
        time.sleep(POLL_S)
    return 0


def _ended(layout: Layout) -> bool:
    for _ in range(ATTEMPTS):
        try:
            if not teardown.down(layout):
                return True
        except OSError as problem:
            print(f"{layout.name}: {problem}", file=sys.stderr, flush=True)
        time.sleep(PAUSE_S)
    return False


if __name__ == "__main__":
    raise SystemExit(main())
