"""The first process of a cluster's process namespace: reaps orphans, and ends when the supervisor ends.

The kernel then ends every other process in the namespace, so a killed supervisor leaves nothing behind.
"""

import asyncio
import os
import sys
from pathlib import Path

from devcluster.inside import isolation, supervisor
from devcluster.layout import Layout


def main() -> int:
    """`python -m devcluster.inside.init FOLDER HOST_NETWORK_FD`."""
    layout, host_network = Layout(Path(sys.argv[1])), int(sys.argv[2])
    first = os.fork()
    if first == 0:
        supervisor.record(layout)
        isolation.enter(layout.plan(), layout)
        asyncio.run(supervisor.supervise(layout, host_network))
        return 0
    while True:
        pid, status = os.wait()
        if pid == first:
            return os.waitstatus_to_exitcode(status) & 0xFF


if __name__ == "__main__":
    raise SystemExit(main())
