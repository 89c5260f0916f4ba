"""`python -m bench.choosing_cost`: what choosing an endpoint costs per request, in microseconds of one core.

By engines, routers and prefix blocks (1 block is a 100-word prompt, 36 a 3,000-word one, 800 about 100,000 tokens).
Prompts share all but their last block with one of ten conversations. Lower quartiles of 1,000, since cores are shared.
"""

import random
import time
from itertools import product
from math import inf
from typing import Final

from fairlead.fleet.endpoints import DiscoveredEndpoint
from fairlead.fleet.tenants import Tenant
from fairlead.routing.accounts import Account
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.endpoint_table import EndpointTable
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.selection import EndpointChoice

ENGINES: Final = (8, 64)
ROUTERS: Final = (1, 3)
BLOCKS: Final = (0, 1, 36, 800)
REQUESTS: Final = 1000
SESSIONS: Final = 10
STEPS: Final = ("choose", "charge", "first token", "give back")


def main() -> int:
    """Print the table."""
    print(f"{'engines':>7} {'routers':>7} {'blocks':>6} " + " ".join(f"{step:>12}" for step in STEPS) + f" {'all':>8}")
    for engines, routers, blocks in product(ENGINES, ROUTERS, BLOCKS):
        costs = _costs(_table(engines, routers), _requests(blocks))
        words = " ".join(f"{cost:9.2f} us" for cost in costs)
        print(f"{engines:7} {routers:7} {blocks:6} {words} {sum(costs):5.1f} us")
    return 0


def _table(engines: int, routers: int) -> EndpointTable:
    made = EndpointTable(_ignore)
    made.apply_discovered(
        [DiscoveredEndpoint(pod=f"engine-{number}", address=str(number)) for number in range(engines)]
    )
    made.context.routers = routers
    for endpoint in made.endpoints:
        made.probe_succeeded(endpoint)
        made.sized(endpoint, 2_000_000, inf)
    return made


def _ignore(endpoint: Endpoint) -> None:
    """Ignore state changes."""


def _requests(blocks: int) -> list[RoutingRequest]:
    chance = random.Random(blocks)  # noqa: S311  # a recorded seed, not a secret
    account = Account(Tenant(name="everybody", keys=()))
    entries = [tuple(chance.getrandbits(64) for _ in range(max(blocks - 1, 0))) for _ in range(SESSIONS)]
    return [
        RoutingRequest(
            account=account,
            prompt_tokens=max(128 * blocks, 100),
            max_output_tokens=512,
            arrived=0.0,
            blocks=(*entries[number % SESSIONS], chance.getrandbits(64)) if blocks else (),
        )
        for number in range(REQUESTS)
    ]


def _costs(table: EndpointTable, requests: list[RoutingRequest]) -> list[float]:
    """The lower quartile of each step."""
    spent: list[list[float]] = [[], [], [], []]
    clock = time.perf_counter
    for request in requests:
        began = clock()
        choice = table.choose(request, 0.0)
        chose = clock()
        assert isinstance(choice, EndpointChoice)
        before = clock()
        table.charge(request, choice, 0.0)
        charged = clock()
        table.first_token(request, 0.0)
        read = clock()
        table.give_back(request, AttemptEnding.DONE, 0.0)
        back = clock()
        for step, seconds in zip(spent, (chose - began, charged - before, read - charged, back - read), strict=True):
            step.append(seconds)
    return [1e6 * sorted(step)[len(step) // 4] for step in spent]


if __name__ == "__main__":
    raise SystemExit(main())
