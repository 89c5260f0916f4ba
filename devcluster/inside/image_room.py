"""Where the nodes keep images: in memory when there is plenty, because a disk may take minutes to forget them.

An image is thousands of files, unpacked on every node. A disk that discards at each removal takes 4 ms for each, so
that the end of a cluster took two minutes; memory is forgotten with the cluster's namespace.
"""

import re
from typing import Final

GIB: Final = 1024**3
A_NODE: Final = GIB
"""Our image, packed and unpacked, takes 0.7 GiB."""
FOR_OTHERS: Final = 4 * GIB
"""What stays free for all that runs on the nodes, and for whoever works at this machine."""


def is_in_memory(meminfo: str, nodes: int) -> bool:
    """Whether the images of so many nodes can lie in memory, by what /proc/meminfo says."""
    found = re.search(r"^MemAvailable:\s+(\d+) kB$", meminfo, re.MULTILINE)
    return found is not None and int(found[1]) * 1024 >= nodes * A_NODE + FOR_OTHERS
