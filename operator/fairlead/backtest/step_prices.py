"""What a token costs at the least, in engine seconds: prices so low that no step is shorter than what it computes.

A step takes as long for one request as for many, so a token has no price of its own. Prices here are such that for
every step that an engine can make, with any number of decoding requests whose memory fits and any piece of prompts, the
sum of prices is at most the time that it takes. Of all such prices those are chosen that make the whole trace dearest.

A prompt rides along with a step that would be made anyway, so a piece of one is let off some seconds. vLLM's scheduler
cuts a prompt only where a step's budget of tokens is used up. So a prompt is let off once for its last piece, and once
for each other piece that fills a step alone; where one fills it together with others, these are let off only once.
Where prompts are cut shorter (`long_prefill_tokens`), no such thing is known, and each token is let off its share.

Where there is an objective for the time between tokens, a kept request's steps take at most that on average. So steps
that last longer may be priced higher, by `pace_weight`, if those that last less are priced lower.

A token that an engine computes again after a preemption counts as if it were decoded.
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
"""Against the last digit of sums."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPrices:
    """Engine seconds."""

    prompt_s: float
    """Of a prompt token."""
    pair_s: float
    ride_s: float
    """That a prompt is let off, once and then once for each piece as long as this."""
    alone: float
    """Tokens."""
    step_s: float
    """Of a request's part in a step that decodes."""
    context_s: float
    """Of a token that such a step attends to."""
    own_s: float
    """Beside that, of one that takes memory of its own: memory that is full of one request's tokens serves no other."""

    def prefills(self, demand: Demand) -> Iterator[float]:
        """Of each request, until its first token."""
        prompt, pair_s = self.prompt, self.pair_s
        for tokens, pairs in zip(demand.prompt, demand.pairs, strict=True):
            yield EXACT * (prompt(tokens) + pair_s * pairs)

    def prompt(self, tokens: float) -> float:
        """Of so many tokens or more, but for their pairs."""
        pieces = tokens // self.alone
        these = self.prompt_s * tokens - self.ride_s * (pieces + 1)
        more = self.prompt_s * self.alone * (pieces + 1) - self.ride_s * (pieces + 2)
        return max(min(these, more), 0.0)

    def decodes(self, demand: Demand) -> Iterator[float]:
        """Of each request, after it."""
        step_s, context_s, own_s = self.step_s, self.context_s, self.own_s
        for steps, context, own in zip(demand.steps, demand.context, demand.own, strict=True):
            yield EXACT * (step_s * steps + context_s * context + own_s * own)


def dearest(times: StepTimes, settings: EngineSettings, demand: Demand, pace_s: float) -> StepPrices:
    """The prices that make this trace cost most."""
    shapes = StepShapes(times, settings)
    sums = _Sums(len(demand.arrived), sum(demand.prompt), sum(demand.steps), sum(demand.own))
    search = _LevelSearch(shapes, settings, pace_s * (1 + speculation.drafted(settings)))
    pace_weights = PACE_WEIGHTS if pace_s < inf else PACE_WEIGHTS[:1]
    found = (one for pace_weight in pace_weights for one in search.prices(pace_weight))
    return max(found, key=sums.worth)


@dataclass(frozen=True, slots=True)
class _Sums:
    """Of a whole trace."""

    requests: int
    prompt: float
    steps: float
    own: float

    def worth(self, prices: StepPrices) -> float:
        """Roughly what the trace costs, as if all prompts were alike."""
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
        """Tokens that a step has for prompts at the least, while as many requests decode as may, or have just ended."""

    def prices(self, pace_weight: float) -> Iterator[StepPrices]:
        """With this weight of the objective, every share of memory and of prompts."""
        for prompt_share in PROMPT_SHARES:
            prompt_s = self._shapes.dearest_prompt_s * prompt_share
            over = self._shapes.over(prompt_s, pace_weight, self._pace_s)
            without = over if self._cut else self._shapes.over(0.0, pace_weight, self._pace_s)
            for own_s, step_s in _splits([-one for one in without[1:]], self._memory):
                yield self._priced(prompt_s, own_s, step_s, over)

    def _priced(self, prompt_s: float, own_s: float, step_s: float, over: Sequence[float]) -> StepPrices:
        """With what a prompt must be let off, so that no step is too dear."""
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
    """Prices of a token of memory, each with the price of a request's part in a step that it leaves."""
    fullest = max(min(left) / memory, 0.0)
    for share in range(MEMORY_SHARES + 1):
        own_s = fullest * share / MEMORY_SHARES
        step_s = min((seconds - own_s * memory) / number for number, seconds in enumerate(left, start=1))
        if step_s >= 0:
            yield own_s, step_s
