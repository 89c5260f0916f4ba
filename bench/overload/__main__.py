"""`python -m bench.overload`: ten minutes of 1.5, 2 and 5 times what a fleet can serve, by the order of the queue.

Exits 0 if our order keeps at least 90 % of what the clairvoyant order keeps, no request waits beyond `maxQueueTime`,
and a tenant that sends no more than its share keeps its objective beside a flood.
"""

import sys
from dataclasses import dataclass
from typing import Final

from bench.overload import bounds, world
from bench.overload.world import FLOOD, QUEUE_S, QUIET, Burst
from fairlead.simulator.virtual_fleet.queued_simulation import SWEEP_S

TIMES: Final = (1.5, 2.0, 5.0)
LEAST: Final = 0.90
GOAL: Final = 0.95
HALVINGS: Final = 5
FLOOD_TIMES: Final = 5.0
QUIET_SHARE: Final = 0.25
"""Of the fleet's capacity: half of its tenant's share."""
MAX_LOST: Final = 0.02
"""Of the quiet tenant's requests, compared with a fleet of its own share."""


def can_serve() -> float:
    """The highest rate in requests a second at which 95 % keep the objective in order of arrival."""
    low, high = 1.0, 4.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        counts = world.lived(Burst(rates=((FLOOD, middle),)), ordered=False).counts
        low, high = (middle, high) if counts.kept_first >= GOAL * counts.arrived else (low, middle)
    return low


@dataclass(frozen=True, slots=True, kw_only=True)
class Overloaded:
    """Our order's result at one rate."""

    of_clairvoyant: float
    """Share of the clairvoyant's."""
    without_replies: float
    """Share of a clairvoyant's that does not know the lengths of replies."""
    longest: float
    """Seconds of the longest wait."""


def overload(rate: float, times: float) -> Overloaded:
    """Our order beside the others."""
    burst = Burst(rates=((FLOOD, rate * times),))
    arrival, ours = world.lived(burst, ordered=False), world.lived(burst, ordered=True)
    clairvoyant, without = bounds.clairvoyant(burst), bounds.clairvoyant(burst, replies=False)
    bound = bounds.by_work(burst)
    kept, first = ours.counts.kept_first / ours.counts.arrived, arrival.counts.kept_first / arrival.counts.arrived
    print(
        f"{times:g} times: in order of arrival {first:6.1%}, ours {kept:6.1%}, clairvoyant {clairvoyant:6.1%}, "
        f"without knowing replies {without:6.1%}, bound by work {bound:6.1%}; within both objectives "
        f"{arrival.counts.kept / arrival.counts.arrived:6.1%} and {ours.counts.kept / ours.counts.arrived:6.1%}; "
        f"longest wait {arrival.longest:.1f} s and {ours.longest:.1f} s",
        flush=True,
    )
    return Overloaded(of_clairvoyant=kept / clairvoyant, without_replies=kept / without, longest=ours.longest)


def quiet(rate: float) -> float:
    """The drop in the share of a quiet tenant's requests that keep the objective, caused by a flood."""
    mine = rate * QUIET_SHARE
    alone = world.lived(Burst(rates=((FLOOD, mine), (QUIET, mine))), ordered=True).clients[QUIET].counts
    beside = world.lived(Burst(rates=((FLOOD, rate * FLOOD_TIMES), (QUIET, mine))), ordered=True).clients[QUIET].counts
    by_arrival = world.lived(Burst(rates=((FLOOD, rate * FLOOD_TIMES), (QUIET, mine))), ordered=False).clients[QUIET]
    often = f"{FLOOD_TIMES:g} times what the fleet can serve"
    before, after = alone.kept_first / alone.arrived, beside.kept_first / beside.arrived
    print(
        f"a tenant at half of its share: {before:.1%} beside one like it, {after:.1%} beside a flood of {often}; "
        f"in order of arrival {by_arrival.counts.kept_first / by_arrival.counts.arrived:.1%}",
        flush=True,
    )
    return before - after


def main() -> int:
    """Print the table, and whether the claim holds."""
    rate = can_serve()
    print(f"the fleet can serve {rate:.2f} requests a second: 95 % within {world.OBJECTIVE_S:g} s, in order of arrival")
    rows = [overload(rate, times) for times in TIMES]
    lost = quiet(rate)
    longest = max(row.longest for row in rows)
    shares = ", ".join(f"{row.of_clairvoyant:.1%}" for row in rows)
    reachable = ", ".join(f"{row.without_replies:.1%}" for row in rows)
    holds = min(row.of_clairvoyant for row in rows) >= LEAST and longest <= QUEUE_S + SWEEP_S and lost <= MAX_LOST
    print(
        f"{shares} of the clairvoyant's at 1.5, 2 and 5 times what can be served (at least {LEAST:.0%}), "
        f"{reachable} of one's that does not know the lengths of replies; nobody waited beyond {longest:.1f} s (at "
        f"most {QUEUE_S:g} s and a sweep); a tenant inside its share lost {lost:.1%} of its "
        "requests"
    )
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
