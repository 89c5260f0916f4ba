"""A process that renews a Lease and does nothing else: what any operator takes at rest, at least, on this machine.

`python -m bench.lease_holder`, with KUBECONFIG; it ends with a signal.
"""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.operator_process import Process
from fairlead.cluster import connection, lease
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.lease import LeaseSettings
from house.tree import ROOT

PLACE: Final = LeaseSettings(namespace="default", name="bench-at-rest", identity="bench")


async def hold() -> None:
    """Take the Lease, and renew it until the process is ended."""
    async with await connection.connect(os.environ, Path("/nonexistent")) as way:
        rng = random.Random()  # noqa: S311  # jitter, not a secret
        async with lease.hold(lease.Leadership(ApiServer(way), PLACE, rng)) as leadership:
            await leadership.lost.wait()


@contextmanager
def running(kubeconfig: Path) -> Iterator[Process]:
    """Start one, and end it with the block."""
    environment = os.environ | {"KUBECONFIG": str(kubeconfig), "PYTHONPATH": f"{ROOT / 'operator'}:{ROOT}"}
    process = subprocess.Popen([sys.executable, "-m", "bench.lease_holder"], env=environment)
    try:
        yield Process(process)
    finally:
        process.kill()
        process.wait(timeout=30)


if __name__ == "__main__":
    asyncio.run(hold())
