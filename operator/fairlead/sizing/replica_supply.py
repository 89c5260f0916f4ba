"""How many requests a second one replica serves within objectives: the arithmetic of a continuous batch.

With B requests running, a step takes what the roofline gives for B, and between two steps of a request the replica also
prefills its share of new prompts. Both grow with B, so bisection finds the largest B that meets every objective; the
supply is B over the time that one request stays.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from fairlead.fleet.accelerators import Accelerator
from fairlead.fleet.capacity_plan import LatencyObjectives, ReplicaSupply, SupplyBound
from fairlead.fleet.fit import Fit
from fairlead.fleet.traffic import Traffic
from fairlead.sizing import ceilings, links
from fairlead.sizing.sizing_input import SizingInput

DECODE_PART: Final = 0.65
PREFILL_PART: Final = 0.5
"""The usual part of the roofline that engines reach."""
STEP_OVERHEAD_S: Final = 0.002
"""Scheduling, sampling and launching of one step."""
TAIL: Final = 3.0
"""Of an exponential wait, 95 of 100 are shorter than three means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaModel:
    """One replica under one kind of traffic."""

    sizing: SizingInput
    traffic: Traffic
    cache_tokens: float
    decode_part: float = DECODE_PART
    prefill_part: float = PREFILL_PART

    @property
    def resident_tokens(self) -> float:
        """Tokens that a request holds in the cache on average: its prompt and half of its reply."""
        return self.traffic.prompt.mean + self.traffic.output.mean / 2

    @property
    def max_running(self) -> tuple[int, SupplyBound]:
        """How many requests the cache or the batch holds; at least one, since the configuration fits."""
        by_cache = int(self.cache_tokens / self.resident_tokens)
        if by_cache < self.sizing.batch_sequences:
            return max(by_cache, 1), SupplyBound.CACHE
        return self.sizing.batch_sequences, SupplyBound.BATCH

    def prefill_s(self, tokens: float) -> float:
        """Return seconds to prefill this many prompt tokens, alone, in chunks of the step's budget."""
        flops = ceilings.flops_a_token(self.sizing, self.traffic.prompt.mean / 2)
        computing = tokens * flops / (ceilings.rate(self.sizing) * self.prefill_part)
        return computing + links.exchange_s(self.sizing, self.sizing.batch_tokens) * tokens / self.sizing.batch_tokens

    def step_s(self, running: int) -> float:
        """Return seconds of one step: one token for each running request."""
        held = replace(self.sizing, context=max(1, round(self.resident_tokens)))
        roofline = max(ceilings.read_seconds(held, running), ceilings.compute_seconds(held, running))
        return roofline / self.decode_part + STEP_OVERHEAD_S + links.exchange_s(held, running)

    def tpot_s(self, running: int) -> float:
        """Return seconds between two tokens of one request: a step, and the prefill that keeps the batch full."""
        prompts = running * self.traffic.computed_prompt / self.traffic.output.mean
        return self.step_s(running) + self.prefill_s(prompts)

    def requests_per_second(self, running: int) -> float:
        """Return requests finished a second while this many run."""
        return running / (self.tpot_s(running) * self.traffic.output.mean)

    def ttft_p95_s(self, running: int) -> float:
        """Return the wait for others' prefill (one server, fixed work), plus a p95 prompt's prefill, plus a step."""
        mean = self.prefill_s(self.traffic.computed_prompt)
        busy = min(self.requests_per_second(running) * mean, 0.99)
        waiting = busy / (2 * (1 - busy)) * mean
        own = self.prefill_s(self.traffic.prompt.p95 * (1 - self.traffic.cacheable))
        return TAIL * waiting + own + self.step_s(running)


def supply(replica: ReplicaModel, objectives: LatencyObjectives) -> ReplicaSupply | SupplyBound:
    """Return the most that one replica serves within the objectives, or the objective that one request misses."""
    if missed := _missed(replica, objectives, 1):
        return missed
    most, bound = replica.max_running
    running = _largest(lambda count: _missed(replica, objectives, count) is None, most)
    if running < most:
        bound = _missed(replica, objectives, running + 1) or bound
    return ReplicaSupply(
        concurrent=running,
        requests_per_second=replica.requests_per_second(running),
        tpot_s=replica.tpot_s(running),
        ttft_p95_s=replica.ttft_p95_s(running),
        bound=bound,
    )


def at_best(replica: ReplicaModel) -> ReplicaModel:
    """Return the same replica at all of the roofline, which no engine exceeds."""
    return replace(replica, decode_part=1.0, prefill_part=1.0)


def of(sizing: SizingInput, fit: Fit, traffic: Traffic) -> ReplicaModel:
    """Return the replica with this fit's likely cache: low has decided that it fits."""
    return ReplicaModel(sizing=sizing, traffic=traffic, cache_tokens=fit.kv_tokens.likely)


def has_rates(accelerator: Accelerator) -> bool:
    """Whether speed can be computed at all."""
    return bool(accelerator.bandwidth_gbs and accelerator.bf16_tflops)


def _missed(replica: ReplicaModel, objectives: LatencyObjectives, running: int) -> SupplyBound | None:
    if replica.tpot_s(running) > (objectives.tpot_p95_s or math.inf):
        return SupplyBound.TIME_PER_TOKEN
    if replica.ttft_p95_s(running) > (objectives.ttft_p95_s or math.inf):
        return SupplyBound.FIRST_TOKEN
    return None


def _largest(holds: Callable[[int], bool], most: int) -> int:
    """Return the largest count that holds, given that 1 does and that all above a failing one fail."""
    low, high = 1, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low
