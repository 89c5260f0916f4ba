"""How long the embedded cluster takes to start and stop, light mode beside the whole."""

import time
from dataclasses import dataclass

from devcluster import owners, plan, teardown
from devcluster.cache import Cache
from devcluster.plan import Plan
from devcluster.up import up


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Seconds of one round."""

    up: float
    down: float


def measure(wanted: Plan, cache: Cache) -> Times:
    """Start and stop a cluster once; everything it needs must be cached."""
    started = time.monotonic()
    layout = up(wanted, cache, owners.mine())
    ready = time.monotonic()
    left = teardown.down(layout)
    if left:
        raise AssertionError(f"left behind: {left}")
    return Times(up=ready - started, down=time.monotonic() - ready)


PLANS = {
    "light": plan.make("bench-light", ()),
    "one node": plan.make("bench-one", ("a=NVIDIA-L4:4",)),
    "three nodes": plan.make("bench-three", ("a=NVIDIA-L4:4", "b=NVIDIA-L4:4", "c=NVIDIA-A100-SXM4-80GB:8")),
}
"""The plans that are compared."""
