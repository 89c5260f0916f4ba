"""`python -m bench.overload.tenants`: one and a half times what a fleet can serve, from ever more equal tenants.

A late request leaves its tenant's turn to others' in time, and the tenant gets it back: the more tenants, the less each
can leave. With one tenant attainment is the highest that an order reaches; order of arrival is to be beaten.
"""

import sys
from typing import Final

from bench.overload import world
from bench.overload.__main__ import can_serve
from bench.overload.world import Burst

TENANTS: Final = (1, 4, 20, 100, 300)
TIMES: Final = 1.5


def equal(rate: float, tenants: int) -> Burst:
    """As many tenants that send as often as each other."""
    return Burst(rates=tuple((f"tenant-{place}", rate / tenants) for place in range(tenants)))


def main() -> int:
    """Print a row per number of tenants."""
    rate = can_serve() * TIMES
    print(f"{rate:.2f} requests a second, {TIMES:g} times what the fleet can serve; within the objective:")
    for tenants in TENANTS:
        burst = equal(rate, tenants)
        arrival, ours = (world.lived(burst, ordered=ordered).counts for ordered in (False, True))
        print(
            f"{tenants:>4} equal tenants: {ours.kept_first / ours.arrived:6.1%}; "
            f"in order of arrival {arrival.kept_first / arrival.arrived:6.1%}",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
