"""Requests of users on both sides, for tests."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import exp

from fairlead.fleet.request_samples import Fault, RequestSample


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Two revisions side by side, each with this many requests a minute."""

    seed: int = 1
    minutes: int = 20
    a_minute: tuple[int, int] = (20, 20)
    """Of baseline and candidate."""
    slower: tuple[float, float] = (1.0, 1.0)
    """How many times as long the candidate takes to its first token, and for each token."""
    sigma: float = 1.0
    cached: tuple[float, float] = (0.5, 0.5)
    faults: Mapping[Fault, tuple[float, float]] = field(default_factory=dict)
    turns: int = 1
    """Requests of one conversation."""

    def samples(self) -> list[RequestSample]:
        """All samples, in order."""
        return [one for minute in range(self.minutes) for one in self._minute(minute)]

    def _minute(self, minute: int) -> Iterator[RequestSample]:
        rng = random.Random(f"{self.seed}/{minute}")  # noqa: S311  # a test
        for candidate in (False, True):
            for place in range(self.a_minute[candidate]):
                prompt = int(exp(rng.uniform(5, 8)))
                cached = int(prompt * self.cached[candidate])
                first, each = self.slower if candidate else (1.0, 1.0)
                yield RequestSample(
                    at=60.0 * minute + place,
                    candidate=candidate,
                    conversation=f"{candidate}-{minute}-{place // self.turns}",
                    prompt_tokens=prompt,
                    cached_tokens=cached,
                    load=rng.randrange(2),
                    ttft_s=0.0002 * (prompt - cached) * first * exp(rng.gauss(0, self.sigma)),
                    tpot_s=0.02 * each * exp(rng.gauss(0, 0.3)),
                    faults=frozenset(fault for fault, rates in self.faults.items() if rng.random() < rates[candidate]),
                )
