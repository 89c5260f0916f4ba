"""The least cost of a token in engine seconds: prices so low that no step is shorter than what it computes.

A step takes as long for one request as for many, so a token has no price of its own. Prices here are such that for
every step that an engine can make, with any number of decoding requests that fit its memory and any piece of prompts,
the sum of prices is at most the step's time. Of all such prices, those that make the whole trace dearest are chosen.

A prompt rides along with a step that would be made anyway, so a piece of it gets a discount of some seconds. vLLM's
scheduler cuts a prompt only when a step's token budget is used up. So a prompt gets one discount for its last piece,
and one for each other piece that fills a step alone; pieces that fill one together share a single discount. If prompts
are cut shorter (`long_prefill_tokens`), nothing of this is known, and each token gets its share of the discount.

With an objective for the time between tokens, a kept request's steps take at most that on average. So longer steps may
be priced higher, by `pace_weight`, if shorter ones are priced lower.

A token that an engine recomputes after a preemption counts as decoded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from fairlead.backtest.demand import Demand
from fairlead.backtest.step_shapes import StepShapes
from fairlead.simulator.engine import speculation
from fairlead.simulator.engine.batch import StepTimes
from fairlead.simulator.engine.settings import EngineSettings

PROMPT_SHARES: Final = (0.0, 0.4, 0.6, 0.7, 0.8, 0.9, 1.0)
MEMORY_SHARES: Final = 8
PACE_WEIGHTS: Final = (0.0, *(2.0**-power for power in range(9)))
EXACT: Final = 1 - 1e-9
"""Margin for rounding in sums."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPrices:
    """Prices in engine seconds."""

    prompt_s: float
    """For a prompt token."""
    pair_s: float
    ride_s: float
    """A prompt's discount, once and then once for each piece of this length."""
    alone: float
    """Tokens."""
    step_s: float
    """For a request's part in a step that decodes."""
    context_s: float
    """For a token that such a step attends to."""
    own_s: float
    """Added for a token in memory of its own: memory full of one request's tokens serves no other."""

    def prefills(self, demand: Demand) -> Iterator[float]:
        """Yield each request's price until its first token."""
        prompt, pair_s = self.prompt, self.pair_s
        for tokens, pairs in zip(demand.prompt, demand.pairs, strict=True):
            yield EXACT * (prompt(tokens) + pair_s * pairs)

    def prompt(self, tokens: float) -> float:
        """Return the price of this many tokens or more, without their pairs."""
        pieces = tokens // self.alone
        these = self.prompt_s * tokens - self.ride_s * (pieces + 1)
        more = self.prompt_s * self.alone * (pieces + 1) - self.ride_s * (pieces + 2)
        return max(min(these, more), 0.0)

    def decodes(self, demand: Demand) -> Iterator[float]:
        """Yield each request's price after that."""
        step_s, context_s, own_s = self.step_s, self.context_s, self.own_s
        for steps, context, own in zip(demand.steps, demand.context, demand.own, strict=True):
            yield EXACT * (step_s * steps + context_s * context + own_s * own)


def dearest(times: StepTimes, settings: EngineSettings, demand: Demand, pace_s: float) -> StepPrices:
    """Return the prices that make this trace cost most."""
    shapes = StepShapes(times, settings)
    sums = _Sums(len(demand.arrived), sum(demand.prompt), sum(demand.steps), sum(demand.own))
    search = _LevelSearch(shapes, settings, pace_s * (1 + speculation.drafted(settings)))
    pace_weights = PACE_WEIGHTS if pace_s < inf else PACE_WEIGHTS[:1]
    found = (one for pace_weight in pace_weights for one in search.prices(pace_weight))
    return max(found, key=sums.worth)


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums over a whole trace."""

    requests: int
    prompt: float
    steps: float
    own: float

    def worth(self, prices: StepPrices) -> float:
        """Return roughly what the trace costs, as if all prompts were alike."""
        prompts = self.requests * prices.prompt(self.prompt / self.requests) if self.requests else 0.0
        return prompts + prices.step_s * self.steps + prices.own_s * self.own


class _LevelSearch:
    """Prices of one engine."""

    def __init__(self, shapes: StepShapes, settings: EngineSettings, pace_s: float) -> None:
        self._shapes = shapes
        self._pace_s = pace_s
        self._memory = float(settings.blocks * settings.block_tokens)
        self._cut = settings.long_prefill_tokens > 0
        beside = 2 + speculation.drafted(settings) + speculation.draft_slots(settings)
        self._budget = settings.batch_tokens - beside * settings.max_sequences
        """The least tokens that a step has for prompts, while as many requests decode as may, or have just ended."""

    def prices(self, pace_weight: float) -> Iterator[StepPrices]:
        """Yield prices with this weight, for every share of memory and of prompts."""
        for prompt_share in PROMPT_SHARES:
            prompt_s = self._shapes.dearest_prompt_s * prompt_share
            over = self._shapes.over(prompt_s, pace_weight, self._pace_s)
            without = over if self._cut else self._shapes.over(0.0, pace_weight, self._pace_s)
            for own_s, step_s in _splits([-one for one in without[1:]], self._memory):
                yield self._priced(prompt_s, own_s, step_s, over)

    def _priced(self, prompt_s: float, own_s: float, step_s: float, over: Sequence[float]) -> StepPrices:
        """Add the discount that prompts need, so that no step is too dear."""
        decoding = (one + step_s * number + own_s * self._memory for number, one in enumerate(over[1:], start=1))
        ride_s = max(0.0, over[0], *decoding) * (1 + 1e-9)
        alone = self._budget - ride_s / prompt_s if prompt_s else 0.0
        if self._cut or alone <= 0:
            prompt_s, ride_s, alone = (prompt_s if self._cut else 0.0), 0.0, inf
        return StepPrices(
            prompt_s=prompt_s,
            pair_s=self._shapes.pair_s,
            ride_s=ride_s,
            alone=alone,
            step_s=step_s,
            context_s=self._shapes.context_s,
            own_s=own_s,
        )


def _splits(left: Sequence[float], memory: float) -> Iterator[tuple[float, float]]:
    """Yield prices of a token of memory, each with the price of a request's part in a step that it leaves."""
    fullest = max(min(left) / memory, 0.0)
    for share in range(MEMORY_SHARES + 1):
        own_s = fullest * share / MEMORY_SHARES
        step_s = min((seconds - own_s * memory) / number for number, seconds in enumerate(left, start=1))
        if step_s >= 0:
            yield own_s, step_s
