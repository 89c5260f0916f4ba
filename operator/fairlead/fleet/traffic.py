"""Traffic: how many requests arrive, how long they are, and how much of them a cache already holds; the start of a
capacity plan."""

import math
from dataclasses import dataclass
from typing import Final

Z95: Final = 1.645
Z99: Final = 2.326
"""Quantiles of the normal distribution: how many standard deviations p95 and p99 lie above the median."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLengths:
    """Token counts of prompts or of replies: percentiles, and the mean, which decides the cost."""

    p50: float
    p95: float
    p99: float
    mean: float

    @classmethod
    def of_percentiles(cls, p50: float, p95: float, p99: float) -> "TokenLengths":
        """Take the mean of the log-normal through the median and the heavier of both tails, since long tails cost."""
        spread = max(math.log(p95 / p50) / Z95, math.log(p99 / p50) / Z99, 0.0)
        return cls(p50=p50, p95=p95, p99=p99, mean=p50 * math.exp(spread * spread / 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """A description of requests; rates count what users send, before any retry."""

    requests_per_second: float
    """The mean over the planned period."""
    burst: float
    """The busiest minute relative to the mean; 1 is perfectly even."""
    prompt: TokenLengths
    output: TokenLengths
    cacheable: float = 0.0
    """Share of prompt tokens that a prefix cache already holds, 0 to 1."""
    retries: float = 0.0
    """Requests sent again, per request."""

    @property
    def peak(self) -> float:
        """Requests a second in the busiest minute, retries included."""
        return self.requests_per_second * self.burst * (1 + self.retries)

    @property
    def computed_prompt(self) -> float:
        """Prompt tokens of an average request that no cache holds, so that an engine must compute them."""
        return self.prompt.mean * (1 - self.cacheable)
