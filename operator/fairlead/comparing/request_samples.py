"""Requests of users while both revisions serve: what is compared, with what, and from when on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import log2
from typing import Final

WARM_HIT_RATE: Final = 0.10
"""A cache is warm when its hit rate is at most this much below the baseline's."""
LONGEST_WARM_UP_S: Final = 300.0
_MINUTE_S: Final = 60.0
_LEAST_TO_JUDGE: Final = 5
"""The candidate's requests in a minute whose hit rate says something."""


class Fault(StrEnum):
    """What may be wrong with a reply."""

    ERROR = "errors"
    CUT = "cut streams"
    INVALID_JSON = "invalid JSON"


class Latency(StrEnum):
    """What is compared of durations."""

    TTFT = "first token"
    TPOT = "time per output token"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSample:
    """One request that ended."""

    at: float
    """Seconds on any clock that both sides share."""
    candidate: bool
    conversation: str
    prompt_tokens: int
    cached_tokens: int = 0
    load: int = 0
    """Band of its replica's load when it began."""
    ttft_s: float | None = None
    tpot_s: float | None = None
    faults: frozenset[Fault] = frozenset()

    def duration(self, latency: Latency) -> float | None:
        """What is ranked: of the first token, seconds for each prompt token that was not cached."""
        if latency is Latency.TPOT:
            return self.tpot_s
        return None if self.ttft_s is None else self.ttft_s / self._uncached

    @property
    def stratum(self) -> tuple[int, int]:
        """Prompts within a factor of four, at like load, are alike."""
        return int(log2(self._uncached)) // 2, self.load

    @property
    def _uncached(self) -> int:
        return max(1, self.prompt_tokens - self.cached_tokens)


def warm_from(samples: Sequence[RequestSample]) -> float | None:
    """When the candidate's prefix cache is as good as the baseline's, or has had its time; nothing before its first
    request."""
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
    if len(own) < _LEAST_TO_JUDGE:
        return False
    return _hit_rate(own) >= _hit_rate(one for one in minute if not one.candidate) - WARM_HIT_RATE


def _hit_rate(samples: Iterable[RequestSample]) -> float:
    pairs = [(one.cached_tokens, one.prompt_tokens) for one in samples]
    return sum(one for one, _ in pairs) / max(1, sum(one for _, one in pairs))
