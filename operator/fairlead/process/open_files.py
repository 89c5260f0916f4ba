"""How many files and sockets this process may open: as many as the system allows.

Many container runtimes start processes with a soft limit of 1024, which a process may raise itself.
"""

import logging
import resource
from typing import Final

MOST: Final = 2**20
"""Some software closes every number up to its limit, so no more is taken even where more is allowed."""
OF_ITS_OWN: Final = 500
"""Files, watches, and connections of probes and scrapes."""

log = logging.getLogger(__name__)


def of_router(max_connections: int) -> int:
    """Return the descriptors of a router: each client may have one engine."""
    return 2 * max_connections + OF_ITS_OWN


def allow(needed: int = 0) -> None:
    """Raise the soft limit as far as the system allows, and warn if that is less than needed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if most < needed:
        log.warning(
            "this process may open %d files and sockets and may need %d: beyond that it accepts no connection; raise "
            "the node's limit of open files (LimitNOFILE of the container runtime)",
            most,
            needed,
        )
