"""`python -m bench.gateway_limits`: fifty tenants at one router and at three; then what they can learn of each other.

Each tenant has six clients that send as fast as they get answers: whole and streamed, some leave, some attempts fail
and fall back, some streams are cut. The APIs behind the routers count concurrent requests and written tokens by tenant
until all budgets are spent; meanwhile routers are restarted, and one is killed. Budgets are in a Redis. The last line
has the figures.
"""

import asyncio
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import uvloop

from bench.gateway_limits import isolation, load
from house import redis_server

STORE: Final = ("127.0.0.33", 8379)


@contextmanager
def store(folder: Path) -> Iterator[str]:
    """Run a Redis or Valkey; yield its address."""
    program = redis_server.found()
    if program is None:
        raise SystemExit("bench: no redis-server on this machine: apt-get install redis-server, or valkey-server")
    host, port = STORE
    words = (program, "--port", str(port), "--bind", host, "--save", "", "--appendonly", "no", "--dir", str(folder))
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT) as process:
        try:
            while True:
                if process.poll() is not None:
                    raise SystemExit(f"bench: the store ended at once; is {host}:{port} in use?")
                try:
                    socket.create_connection(STORE, timeout=1).close()
                    break
                except ConnectionRefusedError:
                    time.sleep(0.05)
            yield f"redis://{host}:{port}/"
        finally:
            process.terminate()


def main() -> int:
    """Run and print; 0 if everything holds."""
    rows, wrong = [], []
    with (
        tempfile.TemporaryDirectory(prefix="fairlead-bench-") as made,
        store(Path(made)) as url,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        for database, count in enumerate((1, 3)):
            folder = Path(made) / str(count)
            folder.mkdir()
            limits = runner.run(load.tried(count, folder, f"{url}{database}"))
            rows.append(limits.text)
            wrong += limits.broken()
            print(f"{limits.text}; {limits.seconds:.0f} s, {dict(limits.statuses)}", flush=True)
        folder = Path(made) / "isolation"
        folder.mkdir()
        found = runner.run(isolation.tried(folder))
    for one in (*wrong, *found.broken()):
        print(f"does not hold: {one}")
    print("; ".join((*rows, found.text)))
    return 1 if wrong or found.broken() else 0


if __name__ == "__main__":
    raise SystemExit(main())
