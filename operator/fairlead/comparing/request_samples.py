"""When users' requests begin to be compared: a new revision's prefix cache is cold at first."""

from collections.abc import Iterable, Sequence
from typing import Final

from fairlead.fleet.request_samples import RequestSample

WARM_HIT_RATE: Final = 0.10
"""A cache is warm if its hit rate is at most this much below the baseline's."""
LONGEST_WARM_UP_S: Final = 300.0
_MINUTE_S: Final = 60.0
_MIN_TO_JUDGE: Final = 5
"""Fewest requests of the candidate in a minute for a meaningful hit rate."""


def warm_from(samples: Sequence[RequestSample]) -> float | None:
    """When the candidate's cache is as warm as the baseline's, or its time is over; None before its first request."""
    begin = min((one.at for one in samples if one.candidate), default=None)
    if begin is None:
        return None
    end = begin + _MINUTE_S
    while end < begin + LONGEST_WARM_UP_S:
        if _is_warm([one for one in samples if end - _MINUTE_S <= one.at < end]):
            return end
        end += _MINUTE_S
    return begin + LONGEST_WARM_UP_S


def _is_warm(minute: Sequence[RequestSample]) -> bool:
    own = [one for one in minute if one.candidate]
    if len(own) < _MIN_TO_JUDGE:
        return False
    return _hit_rate(own) >= _hit_rate(one for one in minute if not one.candidate) - WARM_HIT_RATE


def _hit_rate(samples: Iterable[RequestSample]) -> float:
    pairs = [(one.cached_tokens, one.prompt_tokens) for one in samples]
    return sum(one for one, _ in pairs) / max(1, sum(one for _, one in pairs))
