"""The average request: prompt and output tokens, what the cache saves, and the KV cache that it holds while it runs.

Old requests fade by the number that came after them, not by time: a quiet night counts as much as a busy hour.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import fsum
from typing import Final

from fairlead.scaling.facts import EngineFigures
from fairlead.scaling.learn.intervals import EngineInterval

REQUESTS_KEPT: Final = 1000.0
"""Lengths deviate by about as much as their mean, so this many requests give it to about 3 percent."""
FARTHEST: Final = 4.0
"""Factor above or below the estimate beyond which routers and engines count different things."""
ENOUGH: Final = 20.0
"""Requests from which a mean is used."""
FEW: Final = 5 * ENOUGH
MIN_KEPT: Final = 1.5 * ENOUGH
"""Requests that a discount leaves: running ones count half, and the count falls when they end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestMix:
    """Sums with exponential forgetting; initially empty."""

    requests: float = 0.0
    """Requests that ended, and half of the increase in running ones, which are half done on average."""
    output_tokens: float = 0.0
    first: float = 0.0
    """Requests whose prompt was computed."""
    prompt_tokens: float = 0.0
    computed_tokens: float = 0.0
    running: float = 0.0
    held_tokens: float = 0.0
    """KV cache tokens that running requests held."""
    router_requests: float = 0.0
    """Requests as routers count them; `router_prompt_tokens` are their prompt tokens as routers estimate them."""
    router_prompt_tokens: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AverageRequest:
    """The average request."""

    prompt_tokens: float
    computed_share: float
    """Share of its prompt that no cache holds."""
    output_tokens: float
    held_tokens: float
    """KV cache tokens that it holds while it runs."""
    true_share: float
    """Prompt tokens that engines count over those that routers estimate."""

    @property
    def computed_tokens(self) -> float:
        """Prompt tokens that no cache holds."""
        return self.prompt_tokens * self.computed_share


def updated(before: RequestMix, intervals: Iterable[EngineInterval]) -> RequestMix:
    """Add the requests of these intervals."""
    came = tuple(intervals)
    finished = fsum(one.finished for one in came)
    keep = 2.0 ** (-max(finished, 0.0) / REQUESTS_KEPT)
    return replace(
        before,
        requests=max(before.requests * keep + finished + fsum(one.entered for one in came) / 2, 0.0),
        output_tokens=before.output_tokens * keep + fsum(one.output_tokens for one in came),
        first=before.first * keep + fsum(one.first for one in came),
        prompt_tokens=before.prompt_tokens * keep + fsum(one.prompt_tokens for one in came),
        computed_tokens=before.computed_tokens * keep + fsum(one.computed_tokens for one in came),
    )


def discounted(before: RequestMix, weight: float) -> RequestMix:
    """Weigh the mix as if fewer requests had been learnt from, but never so few that the mean is lost; few are soon
    outweighed."""
    if weight == 1.0 or before.requests < FEW:
        return before
    keep = max(weight, MIN_KEPT / before.requests)
    return replace(
        before,
        requests=before.requests * keep,
        output_tokens=before.output_tokens * keep,
        first=before.first * keep,
        prompt_tokens=before.prompt_tokens * keep,
        computed_tokens=before.computed_tokens * keep,
        running=before.running * keep,
        held_tokens=before.held_tokens * keep,
    )


def with_running(before: RequestMix, engines: Iterable[EngineFigures]) -> RequestMix:
    """Add what running requests hold now; as many are forgotten as are added."""
    full = [
        (one.running, one.kv_usage * one.kv_tokens)
        for one in engines
        if one.running and one.kv_usage is not None and one.kv_tokens is not None
    ]
    running = fsum(count for count, _ in full)
    keep = 2.0 ** (-running / REQUESTS_KEPT)
    return replace(
        before,
        running=before.running * keep + running,
        held_tokens=before.held_tokens * keep + fsum(held for _, held in full),
    )


def with_arrivals(before: RequestMix, requests: float, prompt_tokens: float) -> RequestMix:
    """Add the arrivals that routers counted."""
    keep = 2.0 ** (-requests / REQUESTS_KEPT)
    return replace(
        before,
        router_requests=before.router_requests * keep + requests,
        router_prompt_tokens=before.router_prompt_tokens * keep + prompt_tokens,
    )


def average(mixture: RequestMix) -> AverageRequest | None:
    """Return the average request; None while too few were seen."""
    if mixture.requests < ENOUGH or mixture.first <= 0 or mixture.prompt_tokens <= 0:
        return None
    prompt = mixture.prompt_tokens / mixture.first
    output = mixture.output_tokens / mixture.requests
    held = mixture.held_tokens / mixture.running if mixture.running > 0 else prompt + output / 2
    return AverageRequest(
        prompt_tokens=prompt,
        computed_share=mixture.computed_tokens / mixture.prompt_tokens,
        output_tokens=output,
        held_tokens=held,
        true_share=_true_share(mixture, prompt),
    )


def _true_share(mixture: RequestMix, prompt: float) -> float:
    """Return prompt tokens by engines over those by routers; 1 while routers have counted too few requests."""
    if mixture.router_requests < ENOUGH or mixture.router_prompt_tokens <= 0:
        return 1.0
    return min(max(prompt * mixture.router_requests / mixture.router_prompt_tokens, 1 / FARTHEST), FARTHEST)
