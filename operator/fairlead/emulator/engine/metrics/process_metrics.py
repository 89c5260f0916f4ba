"""prometheus_client's default families about the Python process, from its own collectors."""

from functools import lru_cache

from prometheus_client import GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import CollectorRegistry


@lru_cache(maxsize=1)
def _registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    for collector in (GCCollector, PlatformCollector, ProcessCollector):
        collector(registry=registry)
    return registry


def lines() -> list[str]:
    """Return the lines of the process families."""
    return generate_latest(_registry()).decode().splitlines()
