"""Who knows the trace: the work of each half minute to come, and replicas asked for one cold start before it.

Work is prompt tokens and output tokens, an output token for as much as four of a prompt: about what they cost on the
replicas that are compared. Every half minute needs its own work and a part of its neighbours', over what one replica
is to carry; how much that is, is searched for. A lull shorter than a cold start and a half minute is bridged, since
whoever leaves has to be paid for while coming back. The cheapest such plan that keeps the goal stands for the optimum:
no bound from below, but what one who knows everything would do.
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
"""Slots on either side that a slot's work is averaged over: replies outlast the slot they begin in."""


class Foreknowing:
    """Follows a plan."""

    def __init__(self, plan: Sequence[int], cold_s: float) -> None:
        self._plan = plan
        self._ahead = cold_s + SLOT_S

    def wanted(self, snapshot: FleetSnapshot) -> int:
        """What is needed now and when a replica that is asked for now would be there."""
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
