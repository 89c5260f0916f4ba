"""A limit for first tokens that every queue misses that grows without end.

A fleet that is too small for the traffic lets its queue grow; within the time that is played, even that keeps a laxer
objective.
"""

from dataclasses import replace
from math import inf
from typing import Final

from fairlead.backtest.play import PlayedTraffic
from fairlead.fleet.capacity_plan import LatencyObjectives

QUEUED_PART: Final = 0.1
MIN_QUEUED_S: Final = 60.0
"""First tokens may take at most a tenth of the time that is played, but always this long."""


def limited(objectives: LatencyObjectives, traffic: PlayedTraffic) -> LatencyObjectives:
    """Return the objectives, with the limit where none or a laxer one is given."""
    most = max(traffic.seconds * QUEUED_PART, MIN_QUEUED_S)
    return replace(objectives, ttft_p95_s=min(objectives.ttft_p95_s or inf, most))
