"""How many replicas a demand takes, by queueing arithmetic on one replica's speed: objectives, cache room, throughput.

All is linear in the demand: twice the requests take twice the replicas, before rounding.
"""

from dataclasses import dataclass
from math import ceil, log, sqrt
from typing import Final

from fairlead.fleet.policies import Objectives
from fairlead.scaling.facts import ReplicaSpeed
from fairlead.scaling.request_mix import AverageRequest

LATE_DEVIATIONS: Final = 1.65
"""Beyond which one in twenty lies, of a normal distribution."""
SHORT_ANSWER: Final = 0.5
"""A usual answer over the mean one: lengths have a long tail."""
PROMPT_SCATTER: Final = 1.5
"""Squared variation of the lengths of prompts, as in the recorded traffic (Azure 2023, ServeGen: 0.8 to 3)."""
LEAST_BUSY: Final = 0.01
UNHURRIED: Final = 2.0
"""Without an objective, time per token may be this many times that of an empty replica: beyond it, throughput hardly
grows and users wait."""
HARDLY: Final = 1.25
"""An objective nearer to an empty replica's time than this cannot be bought with replicas."""
LONG_PROMPT: Final = 2.5
"""A long prompt (one in twenty) over the mean one, for lengths that scatter as much as their mean."""
LATE: Final = 0.05
"""Share of requests that may miss an objective."""
SCATTER: Final = (1 + PROMPT_SCATTER) / 2
"""What is left of the prompt in hand when another comes, over the mean prompt: half of 1 and its squared variation."""
BUSIEST: Final = 0.95
"""Share of time that a replica may be busy computing prompts, whatever objectives allow."""
HALVINGS: Final = 30
SLACK: Final = 0.05
"""Of a replica: what headroom stands for, rather than one replica more."""
ROOM_USED: Final = 0.95
"""Of the KV cache: nearer to full, engines preempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetDemand:
    """Of the whole fleet, by the second."""

    requests: float
    computed_tokens: float
    """Prompt tokens that no cache holds."""
    output_tokens: float

    def times(self, factor: float) -> "FleetDemand":
        """The same mixture, more or less of it."""
        return FleetDemand(
            requests=self.requests * factor,
            computed_tokens=self.computed_tokens * factor,
            output_tokens=self.output_tokens * factor,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaNeed:
    """Replicas, in parts of one; by what they are needed."""

    replicas: float
    by: str


def whole(replicas: float) -> int:
    """Of parts of one."""
    return max(ceil(replicas - SLACK), 0)


def running_most(speed: ReplicaSpeed, request: AverageRequest) -> float:
    """Requests that one replica runs at once: its batch or its cache ends it."""
    most = speed.max_sequences or 1.0
    if speed.kv_tokens is None:
        return most
    return max(min(most, speed.kv_tokens * ROOM_USED / max(request.held_tokens, 1.0)), 1.0)


def work(speed: ReplicaSpeed, demand: FleetDemand) -> float:
    """Replica-seconds a second for tokens alone: what grows with demand, whatever the batch."""
    return demand.computed_tokens * speed.seconds_per_prompt_token + demand.output_tokens * speed.seconds_per_sequence


def busy(speed: ReplicaSpeed, request: AverageRequest, demand: FleetDemand) -> float:
    """Replicas whose every second is used, batches as full as they can be."""
    return work(speed, demand) + demand.output_tokens * speed.step_seconds / running_most(speed, request)


def least(speed: ReplicaSpeed, request: AverageRequest, demand: FleetDemand, objectives: Objectives) -> ReplicaNeed:
    """Fewest replicas that keep the objectives, evenly loaded."""
    return max(
        (
            ReplicaNeed(replicas=_paced(speed, request, demand, objectives), by="time per token"),
            ReplicaNeed(replicas=replicas_for_cache(speed, request, demand), by="room in the batch"),
            ReplicaNeed(replicas=_prompt(speed, request, demand, objectives), by="time to first token"),
        ),
        key=_replicas,
    )


def _replicas(need: ReplicaNeed) -> float:
    return need.replicas


def _paced(speed: ReplicaSpeed, request: AverageRequest, demand: FleetDemand, objectives: Objectives) -> float:
    """Replicas with which one in twenty, whom other prompts interrupted most often, still gets tokens in time."""
    load = work(speed, demand)
    most = UNHURRIED * speed.step_seconds
    if objectives.tpot_p95_seconds is not None:
        most = max(objectives.tpot_p95_seconds, HARDLY * speed.step_seconds)
    if load <= 0:
        return 0.0
    low, high = load / BUSIEST, load / LEAST_BUSY
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if _late_token(speed, request, demand, middle) <= most:
            high = middle
        else:
            low = middle
    return high


def _late_token(speed: ReplicaSpeed, request: AverageRequest, demand: FleetDemand, replicas: float) -> float:
    """Time per token is `a / (1 - u)` at a share `u` of time for tokens; prompts of others come by chance, and a short
    answer has few tokens to spread them over."""
    each = speed.step_seconds / (1 - work(speed, demand) / replicas)
    reading = request.computed_tokens * speed.seconds_per_prompt_token
    tokens = max(request.output_tokens * SHORT_ANSWER, 1.0)
    interrupted = demand.requests / replicas * each / tokens * (1 + PROMPT_SCATTER)
    return each + LATE_DEVIATIONS * sqrt(interrupted) * reading


def replicas_for_cache(speed: ReplicaSpeed, request: AverageRequest, demand: FleetDemand) -> float:
    """Replicas below which caches fill up and all collapses, whatever users put up with.

    A batch has room for a deviation more than the mean, as requests come when they like.
    """
    most = running_most(speed, request)
    mean = (sqrt(1 / 4 + most) - 1 / 2) ** 2
    return work(speed, demand) + demand.output_tokens * speed.step_seconds / max(mean, 1 / 4)


def _prompt(speed: ReplicaSpeed, request: AverageRequest, demand: FleetDemand, objectives: Objectives) -> float:
    """Replicas with which a long prompt behind a queue still has its first token in time.

    Routers send each request where least waits, so that all replicas are nearly one queue with many servers: what a
    single one would need is much more.
    """
    load = demand.computed_tokens * speed.seconds_per_prompt_token
    if objectives.ttft_p95_seconds is None or load <= 0:
        return load / BUSIEST
    each = request.computed_tokens * speed.seconds_per_prompt_token + speed.step_seconds
    left = objectives.ttft_p95_seconds - LONG_PROMPT * each
    patience = max(left, objectives.ttft_p95_seconds / 4) / (SCATTER * each)
    low, high = load / BUSIEST, load / LATE
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if _late(load, middle) <= patience:
            high = middle
        else:
            low = middle
    return high


def _late(load: float, replicas: float) -> float:
    """How long the one in twenty waits that waits longest, in mean services: Sakasegawa's share of those who wait, of
    whom each waits as if alone on all servers."""
    busy_share = load / replicas
    wait = busy_share ** (sqrt(2 * (replicas + 1)) - 1)
    return log(max(wait / LATE, 1.0)) / (replicas * (1 - busy_share))
