"""Advises which accelerator would serve the same demand for less; never decides, since a move is a rollout.

The same arithmetic sizes both fleets, so its errors cancel out. A replica is busy for prompt tokens x time per prompt
token, plus output tokens x (step / b + time per sequence), where b is the largest batch that its KV cache, its engine
and the time-per-token objective allow. The fleet is these busy seconds a second over the share that headroom leaves.
"""

from math import ceil, inf
from typing import Final, NamedTuple

from fairlead.fleet.plurals import count
from fairlead.fleet.policies import ScalingPolicy
from fairlead.scaling.decide.recommendation import ScalingAdvice
from fairlead.scaling.decide.signal_summary import FleetLoad, SignalSummary
from fairlead.scaling.facts import AcceleratorOption, ReplicaSpeed, ScalingFacts

WORTH: Final = 0.9
"""Share of the present cost that another accelerator must stay below, since data sheets are off by up to a tenth."""


class _PricedFleet(NamedTuple):
    replicas: int
    cost: float


def accelerator_advice(summary: SignalSummary, facts: ScalingFacts) -> tuple[ScalingAdvice, ...]:
    """Return the cheapest other accelerator, if it saves more than the arithmetic may be off."""
    load, price = summary.load, facts.price_per_hour
    if load is None or price is None:
        return ()
    present = _fleet(load, load.speed, price, facts.policy)
    others = [
        (fleet, one) for one in facts.options if (fleet := _fleet(load, one.speed, one.price_per_hour, facts.policy))
    ]
    if present is None or not others:
        return ()
    best, option = min(others, key=_merit)
    if best.cost >= present.cost * WORTH:
        return ()
    return (ScalingAdvice(subject="accelerator", because=_words(best, option, present)),)


def _fleet(load: FleetLoad, speed: ReplicaSpeed, price: float, policy: ScalingPolicy) -> _PricedFleet | None:
    """Return how many replicas of this speed the load needs; None if no number of them meets the objective."""
    batch = _batch(load, speed, policy.objectives.tpot_p95_seconds)
    free = 1 - (policy.signals.token_headroom or 0.0)
    if batch < 1 or free <= 0:
        return None
    decode = load.output_tokens * (speed.step_seconds / batch + speed.seconds_per_sequence)
    replicas = max(1, ceil((load.prompt_tokens * speed.seconds_per_prompt_token + decode) / free))
    return _PricedFleet(replicas, replicas * price)


def _batch(load: FleetLoad, speed: ReplicaSpeed, objective: float | None) -> float:
    sequences = inf if speed.max_sequences is None else speed.max_sequences
    held = (
        inf if speed.kv_tokens is None or load.tokens_per_sequence <= 0 else speed.kv_tokens / load.tokens_per_sequence
    )
    if objective is None or speed.seconds_per_sequence <= 0:
        timed = inf if objective is None or speed.step_seconds <= objective else 0.0
    else:
        timed = (objective - speed.step_seconds) / speed.seconds_per_sequence
    return min(sequences, held, timed)


def _merit(pair: tuple[_PricedFleet, AcceleratorOption]) -> tuple[float, str, int]:
    fleet, option = pair
    return fleet.cost, option.product, option.count


def _words(best: _PricedFleet, option: AcceleratorOption, present: _PricedFleet) -> str:
    return (
        f"on {option.count} x {option.product} the same demand needs {count(best.replicas, 'replica')} at "
        f"{best.cost:.2f} an hour instead of {present.replicas} at {present.cost:.2f}"
    )
