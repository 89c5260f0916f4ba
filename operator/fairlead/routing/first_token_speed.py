"""How long an engine takes until the first token of a prompt: learnt from recent first tokens, by prompt length.

A line through the recent first tokens, older ones counting less: what a prompt waits for whatever its length, and what
each token to compute adds. An estimate is the line plus one deviation, so that five of six come sooner. Only streamed
requests count: the first token of others is not seen.
"""

from math import sqrt
from typing import Final

FEWEST: Final = 16
"""First tokens before anything is estimated."""
MEMORY: Final = 64
"""The means cover about this many last first tokens: seconds of a busy fleet, so that they follow its load."""
MAX_SECONDS: Final = 60.0
"""Cap on a wait, since one engine that hung is not representative."""
MIN_SECONDS: Final = 0.1
"""No wait up to this is an outlier."""
OUTLIER: Final = 4.0
"""A wait counts as at most this many times the usual one, or this many deviations beyond it: an engine that compiles or
hangs for one prompt says nothing about the next. Where all become slower, the mean and the deviation grow with each."""


class FirstTokenSpeed:
    """First tokens of all engines of one model."""

    __slots__ = ("_count", "_seconds", "_slope", "_squares", "_tokens", "_unread", "_variance", "_with_tokens")

    def __init__(self) -> None:
        self._count = 0
        self._tokens = self._seconds = 0.0
        """Means of the tokens to compute, and of the seconds until the first token."""
        self._squares = self._with_tokens = 0.0
        """Means of tokens squared, and of tokens times seconds."""
        self._unread = 0.0
        """Mean of the tokens that the engine had to compute by then, including those of earlier requests."""
        self._slope = self._variance = 0.0

    @property
    def is_learnt(self) -> bool:
        """Whether enough was seen to estimate anything."""
        return self._count >= FEWEST

    def add(self, tokens: int, unread: int, seconds: float) -> None:
        """Record a first token after this many seconds; `tokens` of the `unread` ones were its own."""
        seconds = min(seconds, MAX_SECONDS)
        if self._count < MEMORY:
            self._count += 1
        part = 1 / self._count
        if self._count >= FEWEST:
            usual = self._mean(tokens)
            most = OUTLIER * max(usual, self._seconds)
            if seconds > most:
                seconds = min(seconds, max(most, usual + OUTLIER * sqrt(self._variance), MIN_SECONDS))
            error = seconds - usual
            self._variance += (error * error - self._variance) * part
        self._tokens = mean = self._tokens + (tokens - self._tokens) * part
        self._seconds = mean_s = self._seconds + (seconds - self._seconds) * part
        self._squares = squares = self._squares + (tokens * tokens - self._squares) * part
        self._with_tokens = shared = self._with_tokens + (tokens * seconds - self._with_tokens) * part
        self._unread += (unread - self._unread) * part
        spread = squares - mean**2
        self._slope = max((shared - mean * mean_s) / spread, 0.0) if spread > 1.0 else 0.0

    def estimate(self, tokens: int) -> float:
        """Return the seconds within which most prompts with this many tokens to compute have their first token."""
        return self._mean(tokens) + sqrt(self._variance)

    def tokens_within(self, seconds: float) -> float:
        """Return the prompt tokens that an engine computes within this time, given what was waiting there recently."""
        return self._unread * seconds / self._seconds if self._seconds else 0.0

    def _mean(self, tokens: int) -> float:
        return max(self._seconds + self._slope * (tokens - self._tokens), 0.0)
