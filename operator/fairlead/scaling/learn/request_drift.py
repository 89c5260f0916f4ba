"""Whether requests take longer than was learnt, which means that they are of another kind than before.

By Little's law, requests that end are those present x seconds / the time of each. If far fewer end, or a token takes
far longer, earlier estimates count for less at every decision, until present samples outweigh them.
"""

from collections.abc import Sequence
from math import fsum, sqrt
from typing import Final

from fairlead.scaling.facts import ReplicaSpeed
from fairlead.scaling.learn.intervals import EngineInterval
from fairlead.scaling.learn.request_mix import AverageRequest

LONGER: Final = 2.0
"""Factor above what was learnt that counts as drift: over a whole interval, lengths and steps scatter less than
that."""
SURELY: Final = 3.0
"""Deviations that count as significant, for a count whose deviation is its root."""
LEAST: Final = 1 / 8
"""Least weight that one decision leaves to earlier estimates."""
MAX_READING: Final = 0.5
"""Share of an interval that prompts may take; beyond it, time per token says more of prompts than of a step."""


def mix_weight(came: Sequence[EngineInterval], request: AverageRequest) -> float:
    """Return the weight of earlier requests: 1 unless far fewer ended than expected."""
    due = fsum(_due(one, request) for one in came)
    ended = fsum(one.finished for one in came)
    if due <= LONGER * ended or due - ended <= SURELY * sqrt(due):
        return 1.0
    return max((ended + 1) / due, LEAST)


def _due(one: EngineInterval, request: AverageRequest) -> float:
    """Return how many should have ended, by the smaller count of both ends: those that came between may end later."""
    stay = request.output_tokens * (one.seconds_per_token or 0.0)
    there = one.running - abs(one.entered) / 2
    return there * one.seconds / stay if stay > 0 else 0.0


def speed_weight(came: Sequence[EngineInterval], speed: ReplicaSpeed) -> float:
    """Return the weight of the learnt replica speed: 1 unless tokens take far longer than expected."""
    measured = [
        (one.output_tokens, each, _expected(one, speed))
        for one in came
        if (each := one.seconds_per_token) and _reading(one, speed) <= MAX_READING
    ]
    expected = fsum(tokens * seconds for tokens, _, seconds in measured)
    took = fsum(tokens * each for tokens, each, _ in measured)
    return 1.0 if took <= LONGER * expected else max(expected / took, LEAST)


def _reading(one: EngineInterval, speed: ReplicaSpeed) -> float:
    return one.computed_tokens / one.seconds * speed.seconds_per_prompt_token


def _expected(one: EngineInterval, speed: ReplicaSpeed) -> float:
    """Return the expected seconds a token, at this batch and share of time for prompts."""
    return (speed.step_seconds + one.running * speed.seconds_per_sequence) / (1 - _reading(one, speed))
