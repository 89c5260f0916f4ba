"""What would change a decision: repeats it with other facts.

Each answer is found by search, never by inverting the signals' arithmetic, so it holds whatever they compute.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from fairlead.fleet.policies import ScalingPolicy, WarmPool
from fairlead.scaling.decide import recommender
from fairlead.scaling.decide.recommendation import Recommendation, ScalingBound
from fairlead.scaling.explain import projection
from fairlead.scaling.explain.decision_record import DecisionRecord
from fairlead.scaling.explain.projection import ProjectedTraffic
from fairlead.scaling.facts import ScalingFacts

MAX_WAITING: Final = 1 << 14
"""Most extra waiting requests that are tried; `MAX_TIMES` is the largest multiple of traffic."""
MAX_TIMES: Final = 64.0
_EXACT: Final = 1 / 64
"""Relative precision of a factor: finer than traffic is ever known."""
_MAX_STEPS: Final = 120
"""Most steps into the future for one search: some seconds of one core for the largest fleet."""
_HALVINGS: Final = 4


class WhatIfCause(StrEnum):
    """What would be different."""

    MORE_WAITING = "MoreWaiting"
    MORE_TRAFFIC = "MoreTraffic"
    AS_IT_IS = "AsItIs"
    """Only time passes."""
    LESS_TRAFFIC = "LessTraffic"
    NO_REQUESTS = "NobodyAsks"
    WITHOUT_BOUND = "WithoutBound"


@dataclass(frozen=True, slots=True, kw_only=True)
class TurningPoint:
    """One change that leads to another answer."""

    cause: WhatIfCause
    replicas: int
    """The answer then."""
    because: str
    """The message then."""
    after_seconds: float = 0.0
    """How long the change must last."""
    factor: float | None = None
    """Traffic as a multiple of the present one."""
    waiting: int | None = None
    """How many more requests must wait than do now."""
    bound: ScalingBound | None = None
    """The bound that would have to be lifted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfBaseline:
    """The decision from which all searches start."""

    record: DecisionRecord
    traffic: ProjectedTraffic | None
    """None if the decision has no demand: then only the queue can be varied."""

    @property
    def answer(self) -> int:
        """The present answer."""
        return self.record.recommendation.replicas

    @property
    def step_seconds(self) -> float:
        """Seconds between two simulated decisions: figures must not become stale in between."""
        return self.record.facts.policy.stale_after_seconds / 3

    @property
    def lasting_steps(self) -> int:
        """Simulated decisions over which a change lasts: half a cold start, as a shorter change ends before a replica
        is ready."""
        return math.ceil(self.record.facts.policy.cold_start.assume_seconds / 2 / self.step_seconds)

    def ahead(self, steps: int, factor: float, extra: int = 0) -> Iterator[tuple[float, Recommendation]]:
        """Yield later answers, at a multiple of the present traffic."""
        start, memory, wanted = self.record, self.record.memory, self.answer
        traffic = (self.traffic or ProjectedTraffic(requests=0.0, prompt_tokens=0.0, output_tokens=0.0)).times(factor)
        start_facts = projection.with_waiting(start.facts, extra) if extra else start.facts
        for number in range(steps + 1):
            seconds = number * self.step_seconds
            facts = projection.later(start_facts, traffic, seconds, factor if number else 1.0)
            facts = replace(facts, wanted=wanted if number else start.facts.wanted)
            recommendation, memory = recommender.recommend(facts, memory, start.now + seconds)
            wanted = recommendation.replicas
            if number:
                yield seconds, recommendation


def turning_points(record: DecisionRecord) -> tuple[TurningPoint, ...]:
    """Return what would change this decision, most urgent first; empty if none of the tried changes does."""
    baseline = WhatIfBaseline(record=record, traffic=_traffic(record))
    found = (_more_waiting(baseline), _more_traffic(baseline), *_calmer(baseline), *_without_bounds(record))
    return tuple(turn for turn in found if turn is not None)


def _traffic(record: DecisionRecord) -> ProjectedTraffic | None:
    """Return the demand of the decision; None if it has none, for instance while figures are missing."""
    recommendation = record.recommendation
    figures = {one.name: one.value for one in recommendation.figures}
    figures |= {one.name: one.value for candidate in recommendation.candidates for one in candidate.figures}
    try:
        computed = figures["request.computedShare"]
        return ProjectedTraffic(
            requests=figures["demand.requestsPerSecond"],
            prompt_tokens=figures["demand.promptTokensPerSecond"] / computed,
            output_tokens=figures["demand.outputTokensPerSecond"],
            cached_share=1 - computed,
        )
    except (KeyError, ZeroDivisionError):
        return None


def _grown(baseline: WhatIfBaseline, factor: float, extra: int = 0) -> tuple[float, Recommendation] | None:
    """Return the first larger answer, and how long the change must last for it."""
    answers = baseline.ahead(baseline.lasting_steps, factor, extra)
    return next((later for later in answers if later[1].replicas > baseline.answer), None)


def _more_waiting(baseline: WhatIfBaseline) -> TurningPoint | None:
    """Return the fewest extra requests that make the answer grow, by doubling and bisection, as it is monotonic."""
    high = 1
    while (found := _grown(baseline, 1.0, high)) is None:
        high *= 2
        if high > MAX_WAITING:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        between = _grown(baseline, 1.0, middle)
        low, high, found = (low, middle, between) if between else (middle, high, found)
    seconds, recommendation = found
    return TurningPoint(
        cause=WhatIfCause.MORE_WAITING,
        replicas=recommendation.replicas,
        because=recommendation.message,
        waiting=high,
        after_seconds=seconds,
    )


def _more_traffic(baseline: WhatIfBaseline) -> TurningPoint | None:
    """Return the smallest multiple of the traffic at which the answer grows."""
    if baseline.traffic is None or not baseline.traffic.requests:
        return None
    low, high = 1.0, 2.0
    while (found := _grown(baseline, high)) is None:
        low, high = high, high * 2
        if high > MAX_TIMES:
            return None
    while high / low > 1 + _EXACT:
        middle = (low * high) ** 0.5
        between = _grown(baseline, middle)
        low, high, found = (low, middle, between) if between else (middle, high, found)
    seconds, recommendation = found
    return TurningPoint(
        cause=WhatIfCause.MORE_TRAFFIC,
        replicas=recommendation.replicas,
        because=recommendation.message,
        factor=high,
        after_seconds=seconds,
    )


def _calmer(baseline: WhatIfBaseline) -> Iterator[TurningPoint | None]:
    """Yield when it shrinks: at the present traffic, else below which traffic; and what happens without any
    requests."""
    if not baseline.answer or any(one.problem for one in baseline.record.facts.pods):
        return  # nothing shrinks while figures are missing, and what they will be is unknown
    same = _shrunk(baseline, WhatIfCause.AS_IT_IS, 1.0)
    silence = tuple(_emptied(baseline))
    if same is None and silence and baseline.traffic is not None and baseline.traffic.requests:
        yield _less_traffic(baseline)
    yield same
    yield from (one for one in silence if same is None or one.replicas < same.replicas)


def _emptied(baseline: WhatIfBaseline) -> Iterator[TurningPoint]:
    """Yield the first step down without requests, and the last one if it removes the last replica."""
    before = baseline.answer
    for seconds, recommendation in baseline.ahead(_steps(baseline), 0.0):
        if recommendation.replicas < before and (before == baseline.answer or not recommendation.replicas):
            yield TurningPoint(
                cause=WhatIfCause.NO_REQUESTS,
                replicas=recommendation.replicas,
                because=recommendation.message,
                after_seconds=seconds,
                factor=0.0,
            )
        before = min(before, recommendation.replicas)


def _less_traffic(baseline: WhatIfBaseline) -> TurningPoint | None:
    """Return the most traffic at which it shrinks, to within a sixteenth of the present traffic."""
    low, high, found = 0.0, 1.0, None
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        between = _shrunk(baseline, WhatIfCause.LESS_TRAFFIC, middle)
        low, high, found = (middle, high, between) if between else (low, middle, found)
    return found


def _shrunk(baseline: WhatIfBaseline, cause: WhatIfCause, factor: float) -> TurningPoint | None:
    for seconds, recommendation in baseline.ahead(_steps(baseline), factor):
        if recommendation.replicas < baseline.answer:
            return TurningPoint(
                cause=cause,
                replicas=recommendation.replicas,
                because=recommendation.message,
                after_seconds=seconds,
                factor=factor,
            )
    return None


def _steps(baseline: WhatIfBaseline) -> int:
    """Return the simulated decisions for twice as long as a policy waits before it shrinks."""
    policy = baseline.record.facts.policy
    waits = policy.pace.down_after_seconds + (policy.zero_after_seconds or 0.0) + policy.cold_start.assume_seconds
    return min(_MAX_STEPS, 1 + int(2 * waits / baseline.step_seconds))


def _without_bounds(record: DecisionRecord) -> Iterator[TurningPoint]:
    """Yield, for each bound that changed the answer, the answer with only that bound lifted."""
    for limit in record.recommendation.limits:
        lift = _LIFTED.get(limit.bound)
        if lift is None:
            continue
        recommendation, _ = recommender.recommend(lift(record.facts), record.memory, record.now)
        if recommendation.replicas != record.recommendation.replicas:
            yield TurningPoint(
                cause=WhatIfCause.WITHOUT_BOUND,
                replicas=recommendation.replicas,
                because=recommendation.message,
                bound=limit.bound,
            )


def _policy(facts: ScalingFacts, changed: Callable[[ScalingPolicy], ScalingPolicy]) -> ScalingFacts:
    return replace(facts, policy=changed(facts.policy))


_LIFTED: Final[dict[ScalingBound, Callable[[ScalingFacts], ScalingFacts]]] = {
    ScalingBound.SPARES: lambda facts: _policy(facts, lambda policy: replace(policy, warm_pool=WarmPool())),
    ScalingBound.SCHEDULE: lambda facts: _policy(facts, lambda policy: replace(policy, schedules=())),
    ScalingBound.MIN_REPLICAS: lambda facts: replace(facts, bounds=replace(facts.bounds, least=0)),
    ScalingBound.MAX_REPLICAS: lambda facts: replace(facts, bounds=replace(facts.bounds, most=MAX_WAITING)),
    ScalingBound.BUDGET: lambda facts: _policy(facts, lambda policy: replace(policy, max_cost_per_hour=None)),
    ScalingBound.STEP_UP: lambda facts: _policy(
        facts,
        lambda policy: replace(policy, pace=replace(policy.pace, up_max_step=MAX_WAITING, up_max_factor=MAX_TIMES)),
    ),
    ScalingBound.STEP_DOWN: lambda facts: _policy(
        facts, lambda policy: replace(policy, pace=replace(policy.pace, down_max_step=MAX_WAITING))
    ),
    ScalingBound.NO_ROOM: lambda facts: replace(facts, room=MAX_WAITING),
}
"""Bounds that a person can change; missing figures and a recent need are not among them."""
