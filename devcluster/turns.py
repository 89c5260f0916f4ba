"""Mutual exclusion between processes: the second one waits, and says for what."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devcluster import progress


@contextmanager
def alone(lock: Path, doing: str) -> Iterator[None]:
    """Run the block as the only process; the lock ends with its holder, however that ends."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with progress.step(f"waiting for {doing} in another terminal"):
                fcntl.flock(held, fcntl.LOCK_EX)
        yield
