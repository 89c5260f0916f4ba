"""The replicas that a demand needs, by queueing arithmetic on one replica's speed: objectives, cache room, throughput.

Everything is linear in the demand: twice the requests need twice the replicas, before rounding.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, log, sqrt
from typing import Final

from fairlead.fleet.policies import Objectives
from fairlead.scaling.facts import ReplicaSpeed
from fairlead.scaling.learn.request_mix import AverageRequest

LATE_DEVIATIONS: Final = 1.65
"""Standard deviations above the mean of a normal distribution that one sample in twenty exceeds."""
SHORT_ANSWER: Final = 0.5
"""Length of a typical reply over the mean, which long replies raise."""
PROMPT_SCATTER: Final = 1.5
"""Squared coefficient of variation of prompt lengths, as in recorded traffic (Azure 2023, ServeGen: 0.8 to 3)."""
MIN_BUSY: Final = 0.01
UNHURRIED: Final = 2.0
"""Largest time per token without an objective, in multiples of an empty replica's: beyond it, throughput hardly grows
and users wait."""
HARDLY: Final = 1.25
"""A limit closer than this to an empty replica's time per token is raised to it, since no number of replicas meets
it."""
LONG_PROMPT: Final = 2.5
"""A long prompt (one in twenty) over the mean, for lengths that deviate by as much as their mean."""
LATE: Final = 0.05
"""Share of requests that may miss an objective."""
SCATTER: Final = (1 + PROMPT_SCATTER) / 2
"""What remains of the prompt being computed when another arrives, over the mean prompt: half of 1 plus its squared
variation."""
BUSIEST: Final = 0.95
"""Largest share of time that a replica may compute prompts, whatever the objectives."""
HALVINGS: Final = 30
SLACK: Final = 0.05
"""Fraction of a replica that rounding ignores: headroom covers it."""
ROOM_USED: Final = 0.95
"""Share of the KV cache to plan with: when it is fuller, engines preempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetDemand:
    """Demand a second on the whole fleet."""

    requests: float
    computed_tokens: float
    """Prompt tokens that no cache holds."""
    output_tokens: float

    def times(self, factor: float) -> "FleetDemand":
        """Return the same mix of requests at a multiple of the rate."""
        return FleetDemand(
            requests=self.requests * factor,
            computed_tokens=self.computed_tokens * factor,
            output_tokens=self.output_tokens * factor,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaNeed:
    """A need in fractions of a replica, and what causes it."""

    replicas: float
    by: str


def whole(replicas: float) -> int:
    """Round up to whole replicas, ignoring `SLACK`."""
    return max(ceil(replicas - SLACK), 0)


def running_most(speed: ReplicaSpeed, request: AverageRequest) -> float:
    """Return how many requests one replica runs at once, limited by its batch or its cache."""
    most = speed.max_sequences or 1.0
    if speed.kv_tokens is None:
        return most
    return max(min(most, speed.kv_tokens * ROOM_USED / max(request.held_tokens, 1.0)), 1.0)


def work(speed: ReplicaSpeed, demand: FleetDemand) -> float:
    """Return replica-seconds a second for tokens alone: the part that grows with demand, whatever the batch."""
    return demand.computed_tokens * speed.seconds_per_prompt_token + demand.output_tokens * speed.seconds_per_sequence


def busy(speed: ReplicaSpeed, request: AverageRequest, demand: FleetDemand) -> float:
    """Return the replicas needed without idle time, with batches as full as they can be."""
    return work(speed, demand) + demand.output_tokens * speed.step_seconds / running_most(speed, request)


def least(speed: ReplicaSpeed, request: AverageRequest, demand: FleetDemand, objectives: Objectives) -> ReplicaNeed:
    """Return the fewest replicas that meet the objectives under even load."""
    return max(
        (
            ReplicaNeed(replicas=_paced(speed, request, demand, objectives), by="time per token"),
            ReplicaNeed(replicas=replicas_for_cache(speed, request, demand), by="room in the batch"),
            ReplicaNeed(replicas=_prompt(speed, request, demand, objectives), by="time to first token"),
        ),
        key=_replicas,
    )


def is_too_fast(objectives: Objectives, speed: ReplicaSpeed) -> bool:
    """Whether the time per token is shorter than any number of replicas gives."""
    return objectives.tpot_p95_seconds is not None and objectives.tpot_p95_seconds < HARDLY * speed.step_seconds


def _replicas(need: ReplicaNeed) -> float:
    return need.replicas


def _paced(speed: ReplicaSpeed, request: AverageRequest, demand: FleetDemand, objectives: Objectives) -> float:
    """Return the replicas at which the one request in twenty that prompts interrupt most meets its time per token."""
    load = work(speed, demand)
    most = UNHURRIED * speed.step_seconds
    if objectives.tpot_p95_seconds is not None:
        most = max(objectives.tpot_p95_seconds, HARDLY * speed.step_seconds)
    if load <= 0:
        return 0.0
    low, high = load / BUSIEST, load / MIN_BUSY
    late = _late_token(speed, request, demand, load)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if late(middle) <= most:
            high = middle
        else:
            low = middle
    return high


def _late_token(
    speed: ReplicaSpeed, request: AverageRequest, demand: FleetDemand, load: float
) -> Callable[[float], float]:
    """Return the time per token of the slowest one in twenty, by replicas: `a / (1 - u)` at a share `u` of time for
    tokens, plus what others' prompts add; these arrive at random, and a short reply has few tokens to spread them."""
    step, requests = speed.step_seconds, demand.requests
    reading = request.computed_tokens * speed.seconds_per_prompt_token
    tokens = max(request.output_tokens * SHORT_ANSWER, 1.0)

    def late(replicas: float) -> float:
        each = step / (1 - load / replicas)
        interrupted = requests / replicas * each / tokens * (1 + PROMPT_SCATTER)
        return each + LATE_DEVIATIONS * sqrt(interrupted) * reading

    return late


def replicas_for_cache(speed: ReplicaSpeed, request: AverageRequest, demand: FleetDemand) -> float:
    """Return the replicas below which caches fill up and the fleet collapses, whatever the objectives.

    A batch has room for one deviation above the mean, since requests arrive at random.
    """
    most = running_most(speed, request)
    mean = (sqrt(1 / 4 + most) - 1 / 2) ** 2
    return work(speed, demand) + demand.output_tokens * speed.step_seconds / max(mean, 1 / 4)


def _prompt(speed: ReplicaSpeed, request: AverageRequest, demand: FleetDemand, objectives: Objectives) -> float:
    """Return the replicas at which a long prompt that has to queue still meets the time to first token.

    Routers send each request where the least work waits, so the fleet is nearly one queue with many servers; one queue
    per replica would need many more.
    """
    load = demand.computed_tokens * speed.seconds_per_prompt_token
    if objectives.ttft_p95_seconds is None or load <= 0:
        return load / BUSIEST
    each = request.computed_tokens * speed.seconds_per_prompt_token + speed.step_seconds
    left = objectives.ttft_p95_seconds - LONG_PROMPT * each
    max_steps = max(left, objectives.ttft_p95_seconds / 4) / (SCATTER * each)
    low, high = load / BUSIEST, load / LATE
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if _late(load, middle) <= max_steps:
            high = middle
        else:
            low = middle
    return high


def _late(load: float, replicas: float) -> float:
    """Return the wait of the slowest one in twenty, in mean service times: Sakasegawa's probability of a wait, each
    wait being exponential with the free rate of all servers."""
    busy_share = load / replicas
    wait = busy_share ** (sqrt(2 * (replicas + 1)) - 1)
    return log(max(wait / LATE, 1.0)) / (replicas * (1 - busy_share))
