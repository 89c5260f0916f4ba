"""Where the nodes keep images: in memory if there is enough, because removal from disk may take minutes.

An image is thousands of files, unpacked on every node. A disk that discards at each removal takes 4 ms for each, so
that the end of a cluster took two minutes; memory is freed with the cluster's namespace.
"""

import contextlib
import re
from pathlib import Path
from typing import Final

from devcluster.control_groups import HIERARCHIES

GIB: Final = 1024**3
A_NODE: Final = GIB
"""Our image, packed and unpacked, takes 0.7 GiB."""
FOR_OTHERS: Final = 4 * GIB
"""Kept free for all that runs on the nodes, and for others on this machine."""
MEMINFO: Final = Path("/proc/meminfo")
LIMITS: Final = (HIERARCHIES / "memory.max", HIERARCHIES / "memory/memory.limit_in_bytes")
"""Memory limits of a surrounding container, by cgroup version."""


def is_plenty(available: int, nodes: int) -> bool:
    """Whether the images of this many nodes fit into the available memory."""
    return available >= nodes * A_NODE + FOR_OTHERS


def free(meminfo: Path = MEMINFO, limits: tuple[Path, ...] = LIMITS) -> int:
    """Bytes that are available now: the kernel's figure, or a container's limit if that is less."""
    found = re.search(r"^MemAvailable:\s+(\d+) kB$", meminfo.read_text(), re.MULTILINE)
    least = int(found[1]) * 1024 if found else 0
    for limit in limits:
        with contextlib.suppress(OSError, ValueError):  # no such version here, or `max`
            least = min(least, int(limit.read_text()))
    return least
