"""Requests that came for one target, whatever became of them: the demand by which the autoscaler starts replicas."""

from math import inf
from typing import Final

PASSED_OVER_SECONDS: Final = 30.0
"""How long the autoscaler can see that a request was passed over: it reads every second, a new leader after some."""


class TargetDemand:
    """The demand of one target."""

    __slots__ = ("_passed_over_at", "arrivals", "batch_arrivals", "prompt_tokens")

    def __init__(self) -> None:
        self.arrivals = 0
        """Requests for it, without those of the batch lane."""
        self.prompt_tokens = 0
        """The estimated tokens of their prompts."""
        self.batch_arrivals = 0
        self._passed_over_at = -inf
        """When a request for it last went to a fallback at once, since it has no replica."""

    def add(self, prompt_tokens: int) -> None:
        """Count a request."""
        self.arrivals += 1
        self.prompt_tokens += prompt_tokens

    def add_batch(self) -> None:
        """Count a request of the batch lane."""
        self.batch_arrivals += 1

    def pass_over(self, now: float) -> None:
        """Record that a request went to a fallback at once."""
        self._passed_over_at = now

    def was_passed_over(self, now: float) -> bool:
        """Whether a request did so a short time ago."""
        return now - self._passed_over_at <= PASSED_OVER_SECONDS
