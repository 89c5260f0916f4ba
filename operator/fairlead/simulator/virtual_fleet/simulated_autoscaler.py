"""A simulated fleet scaled by Fairlead's own recommender: samples of the fleet as facts, and its recommendation.

The recommender sees what it sees of a cluster: counters of pods and of one router, some time old, never the contents of
a queue or the remaining length of a request. It decides nothing itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, runtime_checkable

from fairlead.fleet.policies import ReplicaBounds, ScalingPolicy
from fairlead.scaling.decide import recommender
from fairlead.scaling.decide.recommendation import Recommendation
from fairlead.scaling.decide.scaling_state import ScalingState
from fairlead.scaling.facts import (
    EngineFigures,
    EnginePod,
    EnginePodPhase,
    LatencyTotals,
    ReplicaSpeed,
    RouterFigures,
    RouterPod,
    ScalingFacts,
)
from fairlead.simulator.engine.batch import StepBatch, StepTimes
from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.counts import EngineCounts
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.virtual_fleet.engine_timeline import SimulatedEngine
from fairlead.simulator.virtual_fleet.observers import FleetSnapshot
from fairlead.simulator.virtual_fleet.replica import ReplicaMeter, ReplicaStage, SimulatedReplica

PHASES: Final = {
    ReplicaStage.STARTING: EnginePodPhase.STARTING,
    ReplicaStage.READY: EnginePodPhase.READY,
    ReplicaStage.DRAINING: EnginePodPhase.DRAINING,
}
REVISION: Final = "simulated"

ScalingDecider = Callable[[ScalingFacts, ScalingState, float], tuple[Recommendation, ScalingState]]
DecisionListener = Callable[[ScalingFacts, ScalingState, Recommendation, float], None]


@runtime_checkable
class CountingEngine(Protocol):
    """An engine with counters and settings; `EngineCore` is recognised first, since this check is slow."""

    @property
    def counts(self) -> EngineCounts:
        """Counters since its start."""

    @property
    def settings(self) -> EngineSettings:
        """Its settings, which give the size of its KV cache."""


class _ReplicaLoad(NamedTuple):
    """The load of all engines of a replica."""

    running: float
    waiting: float
    usage: float


COUNTING: Final = (EngineCore, CountingEngine)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledDeployment:
    """The deployment's configuration for the autoscaler."""

    bounds: ReplicaBounds
    policy: ScalingPolicy
    delay_s: float = 1.0
    """Seconds between a scrape and the decision based on it."""
    speed: ReplicaSpeed | None = None
    began: float = 0.0
    """The simulation's second 0, in seconds since the epoch, by which schedules open."""
    price_per_hour: float | None = None
    """Price of one replica; None: unknown, so no budget applies."""


class SimulatedAutoscaler:
    """One fleet's autoscaler, which keeps its state between decisions, like the real loop."""

    def __init__(
        self,
        scaled: ScaledDeployment,
        listener: DecisionListener | None = None,
        decide: ScalingDecider = recommender.recommend,
    ) -> None:
        self._scaled = scaled
        self._listener = listener
        self._decide = decide
        self._memory = ScalingState()
        self._wanted: int | None = None

    def wanted(self, snapshot: FleetSnapshot) -> int:
        """Return the next number of replicas."""
        current = snapshot.ready + snapshot.starting
        facts = facts_of(snapshot, self._scaled, current if self._wanted is None else self._wanted)
        now = self._scaled.began + snapshot.at + self._scaled.delay_s
        before = self._memory
        answer, self._memory = self._decide(facts, before, now)
        if self._listener is not None:
            self._listener(facts, before, answer, now)
        self._wanted = answer.replicas
        return answer.replicas


def facts_of(snapshot: FleetSnapshot, scaled: ScaledDeployment, wanted: int) -> ScalingFacts:
    """Return facts of one deployment at this time."""
    began = scaled.began
    pods = tuple(_pod(one, snapshot.at, began) for one in snapshot.replicas)
    return ScalingFacts(
        revision=REVISION,
        bounds=scaled.bounds,
        policy=scaled.policy,
        wanted=wanted,
        pods=pods,
        routers=(RouterPod(name="router", figures=_router(snapshot, began)),),
        price_per_hour=scaled.price_per_hour,
        assumed=scaled.speed,
    )


def assumed_speed(times: StepTimes, settings: EngineSettings) -> ReplicaSpeed:
    """Return an engine's speed from step times: of one decoding request, many, and a step full of prompt tokens."""
    most = settings.max_sequences
    one, many = (times.decode_line(count, count).base_s for count in (1, most))
    tokens = settings.batch_tokens
    reading = times.seconds(StepBatch(prefills=1, prefill_tokens=tokens, prefill_pairs=tokens * tokens // 2))
    return ReplicaSpeed(
        step_seconds=one,
        seconds_per_sequence=max(many - one, 0.0) / max(most - 1, 1),
        seconds_per_prompt_token=reading / tokens,
        kv_tokens=float(settings.blocks * settings.block_tokens),
        max_sequences=float(most),
    )


def _router(snapshot: FleetSnapshot, began: float) -> RouterFigures:
    batch = snapshot.batch
    return RouterFigures(
        at=began + snapshot.at,
        arrivals=float(snapshot.arrived - batch.arrived),
        prompt_tokens=float(snapshot.prompt_tokens - batch.prompt_tokens),
        batch_arrivals=float(batch.arrived),
        waiting=float(snapshot.held - batch.waiting),
        batch_waiting=float(batch.waiting),
        held=float(snapshot.held),
        oldest_seconds=snapshot.oldest_s,
    )


def _pod(replica: SimulatedReplica, now: float, began: float) -> EnginePod:
    serving = replica.stage in {ReplicaStage.READY, ReplicaStage.DRAINING}
    return EnginePod(
        name=replica.name,
        revision=REVISION,
        phase=PHASES[replica.stage],
        since=began + replica.wanted_at,
        ready_at=None if replica.ready_at is None else began + replica.ready_at,
        figures=_figures(replica, now, began) if serving else None,
    )


def _figures(replica: SimulatedReplica, now: float, began: float) -> EngineFigures:
    engines = [timeline.engine for timeline in replica.courses]
    counted = [one for one in engines if isinstance(one, COUNTING)]
    meter = replica.meter
    if meter is None or len(counted) < len(engines):
        load = _load(engines)
        return EngineFigures(at=began + now, running=load.running, waiting=load.waiting, kv_usage=load.usage)
    counts = counted[0].counts if len(counted) == 1 else _summed([one.counts for one in counted])
    load = _load(engines)
    made = float(counts.generation_tokens)
    return EngineFigures(
        at=began + now,
        running=load.running,
        waiting=load.waiting,
        kv_usage=load.usage,
        kv_tokens=float(sum([one.settings.blocks * one.settings.block_tokens for one in counted])),
        prompt_tokens=float(counts.prompt_tokens),
        cached_tokens=float(counts.cached_tokens),
        output_tokens=made,
        finished=float(meter.finished),
        preemptions=float(counts.preemptions),
        steps=float(counts.steps),
        first_token=LatencyTotals(count=float(meter.firsts), total=meter.waited, kept=float(meter.kept)),
        per_token=_between_tokens(meter, made, now),
        request_pace=LatencyTotals(count=float(meter.finished), total=meter.paces, kept=float(meter.kept_pace)),
    )


def _load(engines: Sequence[SimulatedEngine]) -> _ReplicaLoad:
    if len(engines) == 1:
        only = engines[0]
        return _ReplicaLoad(float(only.running), float(only.waiting), only.usage)
    return _ReplicaLoad(
        running=float(sum(one.running for one in engines)),
        waiting=float(sum(one.waiting for one in engines)),
        usage=sum(one.usage for one in engines) / len(engines),
    )


def _summed(counts: Sequence[EngineCounts]) -> EngineCounts:
    """Add up the counters that a scrape shows."""
    return EngineCounts(
        steps=sum(one.steps for one in counts),
        prompt_tokens=sum(one.prompt_tokens for one in counts),
        cached_tokens=sum(one.cached_tokens for one in counts),
        generation_tokens=sum(one.generation_tokens for one in counts),
        preemptions=sum(one.preemptions for one in counts),
    )


def _between_tokens(meter: ReplicaMeter, made: float, now: float) -> LatencyTotals:
    """Return inter-token latency totals, without a share within the objective, which would need every single token."""
    return LatencyTotals(count=max(made - meter.firsts, 0.0), total=meter.between_tokens(now))
