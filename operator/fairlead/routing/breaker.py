"""Ejects an engine that fails too often, until a probe succeeds. A 4xx is no failure.

An engine is ejected after several failures in a row, or after a large share of its last requests failed although some
succeeded. There is no half-open state: an ejected engine gets one probe at a time, and requests once a probe succeeded.
"""

from typing import Final

from fairlead.routing.endpoint import Endpoint

MAX_FAILURES: Final = 3
"""Consecutive failed requests after which an engine must pass a probe before it gets another."""
MAX_FAILING: Final = 0.5
"""Share of failures that ejects: an engine that fails every other request is no use, although the others succeed."""
MEMORY: Final = 16
"""The share covers about this many last requests: eleven failures in a row reach a half."""


def served(endpoint: Endpoint) -> None:
    """Record a success. For an engine that never failed this costs one comparison."""
    if endpoint.failing:
        endpoint.failures = 0
        endpoint.failing -= endpoint.failing / MEMORY
        if endpoint.failing < 0.01:
            endpoint.failing = 0.0


def failed(endpoint: Endpoint, *, at_once: bool) -> bool:
    """Record a failed request; return whether to eject the engine."""
    endpoint.failures += 1
    endpoint.failing += (1.0 - endpoint.failing) / MEMORY
    return at_once or endpoint.failures >= MAX_FAILURES or endpoint.failing >= MAX_FAILING


def close(endpoint: Endpoint) -> None:
    """Forget all failures: the engine passed a probe."""
    endpoint.failures, endpoint.failing = 0, 0.0
