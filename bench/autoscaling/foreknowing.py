"""An autoscaler that knows the trace: it plans each half minute's work, and starts replicas one cold start ahead.

Work is prompt tokens plus output tokens, an output token weighing as much as four of a prompt: about what they cost on
the replicas that are compared. Every half minute needs its own work and a part of its neighbours', divided by what one
replica is to carry; that amount is searched for. A lull shorter than a cold start plus a half minute is bridged, since
a replica that leaves must be paid for while it starts again. The cheapest such plan that keeps the goal stands for the
optimum: not a lower bound, but what perfect foreknowledge would do.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.observers import FleetSnapshot

SLOT_S: Final = 30.0
OUTPUT_WEIGHT: Final = 4.0
SPREAD: Final = 2
"""Slots on either side that a slot's work is averaged over: replies outlast the slot they start in."""


class Foreknowing:
    """Follows a plan."""

    def __init__(self, plan: Sequence[int], cold_s: float) -> None:
        self._plan = plan
        self._ahead = cold_s + SLOT_S

    def wanted(self, snapshot: FleetSnapshot) -> int:
        """The most needed from now until a replica started now would be ready."""
        now, then = (min(int(at / SLOT_S), len(self._plan) - 1) for at in (snapshot.at, snapshot.at + self._ahead))
        return max(self._plan[now : then + 1])


def needed(arrivals: Sequence[RequestArrival], until: float) -> list[float]:
    """Tokens a second by slot."""
    slots = [0.0] * (int(until / SLOT_S) + 1)
    for one in arrivals:
        if one.time < until:
            slots[int(one.time / SLOT_S)] += (one.prompt_tokens + OUTPUT_WEIGHT * one.output_tokens) / SLOT_S
    last = len(slots)
    near = [slots[max(place - SPREAD, 0) : min(place + SPREAD + 1, last)] for place in range(last)]
    return [max(one, sum(around) / len(around)) * 0.5 + sum(around) / len(around) * 0.5
            for one, around in zip(slots, near, strict=True)]  # fmt: skip


def planned(work: Sequence[float], carries: float, cold_s: float, to_zero: bool) -> list[int]:
    """Replicas by slot."""
    least = 0 if to_zero else 1
    plan = [max(math.ceil(one / carries), least) for one in work]
    short = math.ceil(cold_s / SLOT_S) + 1
    for level in range(max(plan), 0, -1):
        _bridge(plan, level, short)
    return plan


def _bridge(plan: list[int], level: int, short: int) -> None:
    above = [place for place, one in enumerate(plan) if one >= level]
    for before, after in pairwise(above):
        if 1 < after - before <= short:
            for place in range(before + 1, after):
                plan[place] = max(plan[place], level)
