"""What prometheus_client tells of the Python process by itself, by its own collectors."""

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
    """Their part of the page."""
    return generate_latest(_registry()).decode().splitlines()
