"""Summary of one decision: one row of the table that `fairlead top` shows."""

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from fairlead.fleet.policies import ScalingReason
from fairlead.scaling.explain.decision_record import DecisionRecord
from fairlead.scaling.facts import EngineFigures, EnginePodPhase
from fairlead.scaling.learn import intervals
from fairlead.scaling.learn.intervals import EngineInterval


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionSummary:
    """The figures of one deployment's row; unknown ones are absent."""

    namespace: str
    name: str
    now: float
    version: str
    reason: ScalingReason
    message: str
    replicas: int
    wanted: int
    asleep: int = 0
    active: bool = True
    policy: str | None = None
    phases: dict[str, int] = field(default_factory=dict)
    """Pods by phase."""
    running: float | None = None
    waiting: float | None = None
    """Requests in the routers' interactive and long lanes, and in engines."""
    held: float | None = None
    """How many of them are held because no replica is ready."""
    kv_usage: float | None = None
    """Mean over ready replicas."""
    ttft_kept: float | None = None
    """Share of first tokens in the last seconds that met the objective."""
    tpot_seconds: float | None = None
    """Mean time per token in the last seconds."""
    price_per_hour: float | None = None
    """Cost of all replicas that have a node."""
    doubts: int = 0
    figures: dict[str, float] = field(default_factory=dict)
    """Demand, supply and the like, under the decision's names."""

    @property
    def demand(self) -> float | None:
        """Arriving requests a second."""
        return self.figures.get("demand.requestsPerSecond")

    @property
    def supply(self) -> float | None:
        """Requests a second that ready replicas serve within the objectives with headroom: the forecast demand, times
        the supplying replicas over the replicas that it needs."""
        replicas, need = self.figures.get("supply.replicas"), self.figures.get("need.replicas")
        growth = self.figures.get("demand.forecastFactor", 1.0)
        return (
            self.demand * growth * replicas / need
            if self.demand is not None and replicas is not None and need
            else None
        )


def summarize(record: DecisionRecord) -> DecisionSummary:
    """Summarize a record."""
    facts, recommendation = record.facts, record.recommendation
    ready = [pod.figures for pod in facts.pods if pod.phase is EnginePodPhase.READY and pod.figures is not None]
    routers = [router.figures for router in facts.routers if router.figures is not None]
    usage = _values(ready, lambda one: one.kv_usage)
    queues = [*_values(ready, lambda one: one.waiting), *(router.waiting for router in routers)]
    phases = Counter(pod.phase.value for pod in facts.pods)
    lately = _lately(record)
    paid = (
        len(facts.pods)
        - phases[EnginePodPhase.PENDING]
        - phases[EnginePodPhase.UNPLACEABLE]
        - phases[EnginePodPhase.DEAD]
    )
    return DecisionSummary(
        namespace=record.namespace,
        name=record.name,
        now=record.now,
        version=record.version,
        reason=recommendation.reason,
        message=recommendation.message,
        replicas=recommendation.replicas,
        wanted=facts.wanted,
        asleep=recommendation.asleep,
        active=facts.policy.active,
        policy=facts.bounds.policy,
        phases=dict(phases),
        running=_sum(_values(ready, lambda one: one.running)),
        waiting=_sum(queues),
        held=_sum([router.held for router in routers]),
        kv_usage=math.fsum(usage) / len(usage) if usage else None,
        ttft_kept=_kept(lately),
        tpot_seconds=_tpot(lately),
        price_per_hour=None if facts.price_per_hour is None else facts.price_per_hour * paid,
        doubts=len(recommendation.questions),
        figures={one.name: one.value for one in recommendation.figures},
    )


def _lately(record: DecisionRecord) -> list[EngineInterval]:
    """Return what ready pods did since the baselines in the record's memory."""
    marks = {mark.name: mark for mark in record.memory.estimates.marks}
    pairs = [
        (marks[pod.name], intervals.baseline(pod, pod.figures))
        for pod in record.facts.pods
        if pod.phase is EnginePodPhase.READY and pod.figures is not None and pod.problem is None and pod.name in marks
    ]
    return [found for mark, current in pairs if (found := intervals.between(mark, current)) is not None]


def _kept(lately: list[EngineInterval]) -> float | None:
    """Return the share of first tokens that met the objective; None without one, as late ones are not counted then."""
    counted = [(one.first, one.first_late) for one in lately if one.first_late is not None]
    first = math.fsum(count for count, _ in counted)
    return 1 - math.fsum(late for _, late in counted) / first if first else None


def _tpot(lately: list[EngineInterval]) -> float | None:
    tokens = math.fsum(one.tokens for one in lately)
    return math.fsum(one.token_seconds for one in lately) / tokens if tokens else None


def _values(engines: Iterable[EngineFigures], figure: Callable[[EngineFigures], float | None]) -> list[float]:
    return [value for one in engines if (value := figure(one)) is not None]


def _sum(values: list[float]) -> float | None:
    """Return the sum; None for no values, which is not the same as zero."""
    return math.fsum(values) if values else None
