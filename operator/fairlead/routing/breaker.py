"""When an engine has failed so often that it must prove itself again. A 4xx is never its failure.

Two ways to be taken out: so many failures in a row, or a large share of the last ones although some succeed. There is
no half-open state here: an engine that was taken out gets one probe at a time, and requests once one has succeeded.
"""

from typing import Final

from fairlead.routing.endpoint import Endpoint

MOST_FAILURES: Final = 3
"""So many failed requests in a row, and an engine is proved anew before it gets another."""
MOST_FAILING: Final = 0.5
"""An engine that fails every other request is no use, however often the one between succeeds."""
MEMORY: Final = 16
"""The share is over about so many last requests: eleven failures, with nothing between, reach a half."""


def served(endpoint: Endpoint) -> None:
    """It answered well. An engine that never failed pays one comparison."""
    if endpoint.failing:
        endpoint.failures = 0
        endpoint.failing -= endpoint.failing / MEMORY
        if endpoint.failing < 0.01:
            endpoint.failing = 0.0


def failed(endpoint: Endpoint, *, at_once: bool) -> bool:
    """It failed a request; whether it is to be taken out."""
    endpoint.failures += 1
    endpoint.failing += (1.0 - endpoint.failing) / MEMORY
    return at_once or endpoint.failures >= MOST_FAILURES or endpoint.failing >= MOST_FAILING


def close(endpoint: Endpoint) -> None:
    """It proved itself: what was before does not count."""
    endpoint.failures, endpoint.failing = 0, 0.0
