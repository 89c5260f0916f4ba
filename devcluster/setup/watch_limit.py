"""The kernel's limit of file watches (inotify instances) per user; raised if too low, never lowered.

Debian's is 128. A node's kubelet takes six, an API server three, controllers five: the twelfth node of one machine gets
none, and programs that watch a file then stop quietly (Prometheus finds no targets) or end (a kubelet).
"""

from pathlib import Path
from typing import Final

LIMIT: Final = Path("/proc/sys/fs/inotify/max_user_instances")
ENOUGH: Final = 1024
"""For a hundred nodes; an unused instance takes no memory."""


def raise_limit(limit: Path = LIMIT, enough: int = ENOUGH) -> bool:
    """Raise the limit to `enough`; return False if it is lower and may not be raised."""
    try:
        if int(limit.read_text()) < enough:
            limit.write_text(f"{enough}\n")
    except (OSError, ValueError):
        return False
    return True
