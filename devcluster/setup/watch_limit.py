"""How many watches of files (inotify instances) the kernel gives one user; raised where it is too low, never lowered.

Debian gives 128. A node's kubelet takes six, an API server three, controllers five: the twelfth node of one machine
gets none, and programs that watch a file then stop quietly (Prometheus finds no targets) or end (a kubelet).
"""

from pathlib import Path
from typing import Final

LIMIT: Final = Path("/proc/sys/fs/inotify/max_user_instances")
ENOUGH: Final = 1024
"""For a hundred nodes; an instance that is not used takes no memory."""


def raise_limit(limit: Path = LIMIT, enough: int = ENOUGH) -> bool:
    """Have the kernel give enough; false where it gives fewer and may not be told to give more."""
    try:
        if int(limit.read_text()) < enough:
            limit.write_text(f"{enough}\n")
    except (OSError, ValueError):
        return False
    return True
