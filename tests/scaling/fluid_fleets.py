"""A fleet that follows the arithmetic of a step exactly, without chance, for tests of signals."""

from dataclasses import dataclass, field, replace
from typing import Final

from fairlead.fleet.policies import ColdStart, Objectives, ReplicaBounds, ScalingPolicy, ScalingSignal, SignalTargets
from fairlead.scaling.decide import recommender
from fairlead.scaling.decide.recommendation import Recommendation, SignalNeed
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

START: Final = 1_800_000_000.0
COLD: Final = 128.0
TRUE: Final = ReplicaSpeed(
    step_seconds=0.02,
    seconds_per_sequence=0.0005,
    seconds_per_prompt_token=0.0001,
    kv_tokens=400_000.0,
    max_sequences=256.0,
)
POLICY: Final = ScalingPolicy(
    objectives=Objectives(ttft_p95_seconds=2.0, tpot_p95_seconds=0.1), cold_start=ColdStart(assume_seconds=COLD)
)
BOUNDS: Final = ReplicaBounds(least=1, most=100)
PROMPT: Final = 1000.0
OUTPUT: Final = 200.0
QUEUE_ONLY: Final = SignalTargets(kv_target=None, token_headroom=None)
KV_ONLY: Final = SignalTargets(queue_per_replica=None, token_headroom=None)
TOKENS_ONLY: Final = SignalTargets(queue_per_replica=None, kv_target=None)


@dataclass
class Engine:
    """One replica's counters."""

    name: str
    since: float
    ready_at: float
    prompt: float = 0.0
    output: float = 0.0
    finished: float = 0.0
    token_seconds: float = 0.0
    late: float = 0.0
    running: float = 0.0


@dataclass
class Fluid:
    """Requests come at a rate, replicas share them evenly, and the fleet follows every recommendation."""

    policy: ScalingPolicy = POLICY
    speed: ReplicaSpeed | None = TRUE
    cold: float = COLD
    now: float = START
    arrived: float = 0.0
    waiting: float = 0.0
    batch: float = 0.0
    """Requests that came in the batch lane."""
    late_share: float = 0.0
    bounds: ReplicaBounds = BOUNDS
    engines: list[Engine] = field(default_factory=list)
    memory: ScalingState = field(default_factory=ScalingState)
    made: int = 0

    def grown(self, count: int, *, at_once: bool = False) -> "Fluid":
        """Grow by this many."""
        for _ in range(count):
            self.made += 1
            ready = self.now if at_once else self.now + self.cold
            self.engines.append(Engine(name=f"pod-{self.made:03}", since=self.now, ready_at=ready))
        return self

    def lived(self, seconds: float, rate: float, every: float = 16.0) -> Recommendation:
        """Run this long at this rate, with a decision at this interval; returns the last one."""
        answer = self.decided()
        for _ in range(int(seconds / every)):
            self.passed(every, rate)
            answer = self.decided()
            self.follow(answer)
        return answer

    def passed(self, seconds: float, rate: float) -> None:
        """Let time pass."""
        self.now += seconds
        self.arrived += rate * seconds
        serving = [one for one in self.engines if one.ready_at <= self.now]
        for one in serving:
            share = rate / len(serving)
            busy = share * (PROMPT * TRUE.seconds_per_prompt_token + OUTPUT * TRUE.seconds_per_sequence)
            each = TRUE.step_seconds / (1 - min(busy, 0.95))
            one.running = share * OUTPUT * each
            one.prompt += share * PROMPT * seconds
            one.output += share * OUTPUT * seconds
            one.finished += share * seconds
            one.token_seconds += share * OUTPUT * seconds * each
            one.late += share * seconds * self.late_share

    def after(self, seconds: float, rate: float) -> Recommendation:
        """The decision after this much time; the fleet does not follow it."""
        self.passed(seconds, rate)
        return self.decided()

    def follow(self, answer: Recommendation) -> None:
        """Resize the fleet to the recommendation."""
        self.grown(max(answer.replicas - len(self.engines), 0))
        del self.engines[answer.replicas :]

    def facts(self) -> ScalingFacts:
        """The facts that a scrape would show."""
        router = RouterFigures(
            at=self.now,
            arrivals=self.arrived,
            prompt_tokens=self.arrived * PROMPT,
            batch_arrivals=self.batch,
            waiting=self.waiting,
            batch_waiting=self.batch,
        )
        return ScalingFacts(
            revision="new",
            bounds=self.bounds,
            policy=self.policy,
            wanted=len(self.engines),
            pods=tuple(self._pod(one) for one in self.engines),
            routers=(RouterPod(name="router-1", figures=router),),
            assumed=self.speed,
        )

    def decided(self, facts: ScalingFacts | None = None) -> Recommendation:
        """Make one decision and remember it."""
        answer, self.memory = recommender.recommend(facts or self.facts(), self.memory, self.now)
        return answer

    def _pod(self, one: Engine) -> EnginePod:
        ready = one.ready_at <= self.now
        figures = EngineFigures(
            at=self.now,
            running=one.running,
            waiting=0.0,
            kv_usage=one.running * (PROMPT + OUTPUT / 2) / 400_000.0,
            kv_tokens=400_000.0,
            prompt_tokens=one.prompt,
            cached_tokens=0.0,
            output_tokens=one.output,
            finished=one.finished,
            first_token=LatencyTotals(count=one.finished, total=0.0, kept=one.finished - one.late),
            per_token=LatencyTotals(count=one.output, total=one.token_seconds),
            request_pace=LatencyTotals(count=one.finished, total=0.0, kept=one.finished - one.late),
        )
        return EnginePod(
            name=one.name,
            revision="new",
            phase=EnginePodPhase.READY if ready else EnginePodPhase.STARTING,
            since=one.since,
            ready_at=one.ready_at if ready else None,
            figures=figures if ready else None,
        )


def need_by(answer: Recommendation, signal: ScalingSignal) -> SignalNeed:
    """The need by one signal."""
    return next(one for one in answer.candidates if one.signal is signal)


def only(signals: SignalTargets) -> ScalingPolicy:
    """The usual policy with these signals."""
    return replace(POLICY, signals=signals)
