"""What arrives: how often, how long, how much of it was seen before. The one description that plans start from."""

import math
from dataclasses import dataclass
from typing import Final

Z95: Final = 1.645
Z99: Final = 2.326
"""Quantiles of the normal distribution: how far p95 and p99 lie from the median, in standard deviations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLengths:
    """Tokens of prompts, or of replies; percentiles and the mean that pays the bill."""

    p50: float
    p95: float
    p99: float
    mean: float

    @classmethod
    def of_percentiles(cls, p50: float, p95: float, p99: float) -> "TokenLengths":
        """The mean of the log-normal through the median and the longer of the two tails: long tails cost."""
        spread = max(math.log(p95 / p50) / Z95, math.log(p99 / p50) / Z99, 0.0)
        return cls(p50=p50, p95=p95, p99=p99, mean=p50 * math.exp(spread * spread / 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """A description of requests; rates are of what users send, before any retry."""

    requests_per_second: float
    """The mean over the time that is planned for."""
    burst: float
    """The busiest minute over the mean; 1 is perfectly even."""
    prompt: TokenLengths
    output: TokenLengths
    cacheable: float = 0.0
    """Share of prompt tokens that a prefix cache holds already, 0 to 1."""
    retries: float = 0.0
    """Requests sent again, per request."""

    @property
    def peak(self) -> float:
        """Requests a second to be served in the busiest minute, retries included."""
        return self.requests_per_second * self.burst * (1 + self.retries)

    @property
    def computed_prompt(self) -> float:
        """Prompt tokens a request that must really be computed, on average."""
        return self.prompt.mean * (1 - self.cacheable)
