"""Whether requests stay longer than what was learnt says: then others come than those it was learnt from.

As many end as are there, times how long it was watched, over how long each stays (Little's law). Where far fewer end,
or a token takes far longer, what was learnt counts for less at every look, until it is outweighed by what is seen now.
"""

from collections.abc import Sequence
from math import fsum, sqrt
from typing import Final

from fairlead.scaling.facts import ReplicaSpeed
from fairlead.scaling.intervals import EngineInterval
from fairlead.scaling.request_mix import AverageRequest

LONGER: Final = 2.0
"""Times as long as was learnt: over a whole look, lengths and steps scatter less than that."""
SURELY: Final = 3.0
"""Deviations of a count that scatters by its root."""
LEAST: Final = 1 / 8
"""Of the weight, that one look leaves."""
MOST_READING: Final = 0.5
"""Share of a look that prompts take; beyond it, the time per token says more of them than of a step."""


def mix_weight(came: Sequence[EngineInterval], request: AverageRequest) -> float:
    """Of what was learnt of requests: 1 unless far fewer ended than by that should have."""
    due = fsum(_due(one, request) for one in came)
    ended = fsum(one.finished for one in came)
    if due <= LONGER * ended or due - ended <= SURELY * sqrt(due):
        return 1.0
    return max((ended + 1) / due, LEAST)


def _due(one: EngineInterval, request: AverageRequest) -> float:
    """Whoever came meanwhile may stay beyond the end of it, however short."""
    stay = request.output_tokens * (one.seconds_per_token or 0.0)
    there = one.running - abs(one.entered) / 2
    return there * one.seconds / stay if stay > 0 else 0.0


def speed_weight(came: Sequence[EngineInterval], speed: ReplicaSpeed) -> float:
    """Of what was learnt of a replica's speed: 1 unless tokens take far longer than by that they should."""
    told = [
        (one.output_tokens, each, _expected(one, speed))
        for one in came
        if (each := one.seconds_per_token) and _reading(one, speed) <= MOST_READING
    ]
    expected = fsum(tokens * seconds for tokens, _, seconds in told)
    took = fsum(tokens * each for tokens, each, _ in told)
    return 1.0 if took <= LONGER * expected else max(expected / took, LEAST)


def _reading(one: EngineInterval, speed: ReplicaSpeed) -> float:
    return one.computed_tokens / one.seconds * speed.seconds_per_prompt_token


def _expected(one: EngineInterval, speed: ReplicaSpeed) -> float:
    """Seconds a token, with so many beside it and as many prompts computed."""
    return (speed.step_seconds + one.running * speed.seconds_per_sequence) / (1 - _reading(one, speed))
