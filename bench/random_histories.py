"""Random histories of one deployment: pods come, go, fall silent, restart, contradict themselves. Values only."""

import random
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Final, TypeVar

from fairlead.fleet.policies import (
    ColdStart,
    Objectives,
    ReplicaBounds,
    ScalingPace,
    ScalingPolicy,
    ScheduleWindow,
    SignalTargets,
    WarmPool,
)
from fairlead.scaling.decide import recommender
from fairlead.scaling.decide.scaling_state import ScalingState
from fairlead.scaling.explain.decision_record import DecisionRecord
from fairlead.scaling.facts import (
    AcceleratorOption,
    EngineFigures,
    EnginePod,
    EnginePodPhase,
    LatencyTotals,
    ReplicaSpeed,
    RouterFigures,
    RouterPod,
    SampleProblem,
    ScalingFacts,
)

BEGINS: Final = 1_790_000_000.0
ROUNDS: Final = 12
"""The most rounds of one history."""
COUNTERS: Final = ("prompt_tokens", "cached_tokens", "output_tokens", "finished", "preemptions", "steps")
GUESSES: Final = ("drafts", "draft_tokens", "accepted_tokens")


T = TypeVar("T")


def records(rng: random.Random) -> Iterator[DecisionRecord]:
    """One history, decided round by round; the wanted number mostly follows the recommendation."""
    now, memory = BEGINS + rng.uniform(0, 7 * 86400), ScalingState()
    facts = _deployment(rng, now)
    for _ in range(rng.randint(2, ROUNDS)):
        recommendation, after = recommender.recommend(facts, memory, now)
        yield DecisionRecord(
            namespace="team",
            name="chat",
            now=now,
            facts=facts,
            memory=memory,
            recommendation=recommendation,
            version="random",
        )
        seconds = rng.choice((0.0, 0.25, 1.0, 1.0, 2.0, 5.0, 61.5, 900.0, rng.uniform(0, 100)))
        now, memory = now + seconds, after
        facts = _moved(
            rng, replace(facts, wanted=recommendation.replicas) if rng.random() < 0.8 else facts, now, seconds
        )


def _deployment(rng: random.Random, now: float) -> ScalingFacts:
    least = rng.choice((0, 0, 1, 2))
    return ScalingFacts(
        revision="r1",
        bounds=ReplicaBounds(least=least, most=least + rng.randint(1, 12), policy=rng.choice((None, "interactive"))),
        policy=_policy(rng),
        wanted=rng.randint(0, 6),
        pods=tuple(_pod(rng, f"pod-{number}", now) for number in range(rng.randint(0, 6))),
        routers=tuple(_router(rng, f"router-{number}", now) for number in range(rng.randint(0, 3))),
        room=_maybe(rng, rng.randint(0, 8)),
        room_because=rng.choice(("", "NVIDIA-L4: 3 of 4 in use")),
        price_per_hour=_maybe(rng, rng.uniform(0.1, 40)),
        assumed=_maybe(rng, _speed(rng)),
        speculates=rng.random() < 0.5,
        sleeps=rng.random() < 0.5,
        options=tuple(
            AcceleratorOption(
                product=f"GPU-{n}", count=rng.randint(1, 8), speed=_speed(rng), price_per_hour=rng.uniform(0.1, 90)
            )
            for n in range(rng.randint(0, 2))
        ),
    )


def _policy(rng: random.Random) -> ScalingPolicy:
    window = ScheduleWindow(
        name="day",
        cron="0 8 * * *",
        time_zone="Europe/Berlin",
        duration_seconds=36000.0,
        min_replicas=rng.randint(1, 4),
    )
    return ScalingPolicy(
        objectives=Objectives(ttft_p95_seconds=_maybe(rng, 1.0), tpot_p95_seconds=_maybe(rng, 0.05)),
        signals=SignalTargets(
            queue_per_replica=_maybe(rng, rng.randint(1, 8)),
            kv_target=_maybe(rng, rng.uniform(0.3, 0.95)),
            token_headroom=_maybe(rng, rng.uniform(0.0, 0.5)),
        ),
        pace=ScalingPace(
            up_max_step=rng.randint(1, 8), up_max_factor=rng.uniform(1.0, 4.0), down_max_step=rng.randint(1, 3)
        ),
        cold_start=ColdStart(assume_seconds=rng.uniform(2, 400), learn=rng.random() < 0.8),
        zero_after_seconds=_maybe(rng, rng.uniform(5, 1800)),
        schedules=(window,) if rng.random() < 0.3 else (),
        max_cost_per_hour=_maybe(rng, Decimal(rng.randint(1, 4000)) / 100),
        stale_after_seconds=rng.uniform(2, 60),
        warm_pool=WarmPool(ready=rng.choice((0, 0, 1)), asleep=rng.choice((0, 0, 2))),
        switches_speculation=rng.random() < 0.3,
        active=rng.random() < 0.8,
    )


def _pod(rng: random.Random, name: str, now: float) -> EnginePod:
    phase = rng.choice([*EnginePodPhase, *[EnginePodPhase.READY] * 8])
    since = now - rng.uniform(0, 4000)
    return EnginePod(
        name=name,
        revision=rng.choice(("r1", "r1", "r1", "r0")),
        phase=phase,
        since=since,
        ready_at=since + rng.uniform(0, now - since) if phase is EnginePodPhase.READY else None,
        figures=_engine(rng, now) if rng.random() < 0.8 else None,
        problem=rng.choice([*SampleProblem, *[None] * 12]),
    )


def _engine(rng: random.Random, now: float) -> EngineFigures:
    tokens = {name: _maybe(rng, float(rng.randint(0, 10**7))) for name in COUNTERS}
    guesses = {name: float(rng.randint(0, 10**6)) if rng.random() < 0.5 else None for name in GUESSES}
    return EngineFigures(
        at=now - rng.choice((0.0, 1.0, rng.uniform(0, 90))),
        running=_maybe(rng, float(rng.randint(0, 300))),
        waiting=_maybe(rng, float(rng.choice((0, 0, 1, 40)))),
        kv_usage=_maybe(rng, rng.random()),
        kv_tokens=_maybe(rng, float(rng.randint(10**4, 10**6))),
        first_token=_maybe(rng, _latency(rng)),
        per_token=_maybe(rng, _latency(rng)),
        request_pace=_maybe(rng, _latency(rng)),
        **tokens,
        **guesses,
    )


def _latency(rng: random.Random) -> LatencyTotals:
    count = float(rng.randint(0, 10**5))
    return LatencyTotals(
        count=count, total=count * rng.uniform(0.001, 3), kept=_maybe(rng, float(int(count * rng.random())))
    )


def _router(rng: random.Random, name: str, now: float) -> RouterPod:
    request = float(rng.randint(0, 10**6))
    figures = RouterFigures(
        at=now - rng.uniform(0, 3),
        arrivals=request,
        prompt_tokens=request * rng.uniform(1, 4000),
        waiting=float(rng.choice((0, 0, 0, 1, 25))),
        batch_waiting=float(rng.choice((0, 100))),
        held=float(rng.choice((0, 0, 3))),
        oldest_seconds=rng.choice((0.0, rng.uniform(0, 30))),
    )
    return RouterPod(name=name, figures=_maybe(rng, figures), problem=rng.choice([*SampleProblem, *[None] * 12]))


def _speed(rng: random.Random) -> ReplicaSpeed:
    return ReplicaSpeed(
        step_seconds=rng.uniform(0.002, 0.05),
        seconds_per_sequence=rng.uniform(1e-6, 1e-3),
        seconds_per_prompt_token=rng.uniform(1e-6, 1e-3),
        kv_tokens=_maybe(rng, float(rng.randint(10**4, 10**6))),
        max_sequences=_maybe(rng, float(rng.randint(1, 512))),
    )


def _maybe(rng: random.Random, value: T) -> T | None:
    return value if rng.random() < 0.85 else None


def _moved(rng: random.Random, facts: ScalingFacts, now: float, seconds: float) -> ScalingFacts:
    """Advance the facts: most pods continue, some are replaced."""
    pods = [_on(rng, pod, now, seconds) for pod in facts.pods if rng.random() < 0.95]
    if rng.random() < 0.2:
        pods.append(_pod(rng, f"pod-{rng.randint(0, 99)}-{now:.0f}", now))
    routers = tuple(_with_requests(rng, router, now, seconds) for router in facts.routers)
    return replace(facts, pods=tuple(pods), routers=routers, room=_maybe(rng, rng.randint(0, 8)))


def _on(rng: random.Random, pod: EnginePod, now: float, seconds: float) -> EnginePod:
    if pod.figures is None or rng.random() < 0.1:
        return replace(_pod(rng, pod.name, now), since=pod.since)
    moved: dict[str, float | None] = {
        name: None if before is None else before + rng.uniform(0, 3000) * seconds
        for name in COUNTERS
        for before in [getattr(pod.figures, name)]
    }
    if rng.random() < 0.05:
        return replace(pod, figures=_engine(rng, now), problem=SampleProblem.RESET)
    running = _maybe(rng, float(rng.randint(0, 300)))
    return replace(
        pod,
        figures=replace(pod.figures, at=now, running=running, kv_usage=_maybe(rng, rng.random()), **moved),  # type: ignore[arg-type]  # all of them counters
        problem=rng.choice([*SampleProblem, *[None] * 30]),
    )


def _with_requests(rng: random.Random, router: RouterPod, now: float, seconds: float) -> RouterPod:
    if router.figures is None:
        return _router(rng, router.name, now)
    more = rng.uniform(0, 50) * seconds
    before = router.figures
    figures = replace(
        before,
        at=now,
        arrivals=before.arrivals + more,
        prompt_tokens=before.prompt_tokens + more * rng.uniform(1, 4000),
    )
    return replace(router, figures=figures, problem=rng.choice([*SampleProblem, *[None] * 30]))
