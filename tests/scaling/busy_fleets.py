"""Busy fleets, and the decision about them after a while, for tests of explanations."""

from dataclasses import replace
from functools import cache
from typing import Any, Final

from fairlead.fleet.policies import Objectives, ScalingPolicy
from fairlead.scaling.decide import recommender
from fairlead.scaling.decide.scaling_state import ScalingState
from fairlead.scaling.explain import projection
from fairlead.scaling.explain.decision_record import DecisionRecord
from fairlead.scaling.explain.projection import ProjectedTraffic
from fairlead.scaling.facts import EnginePod, LatencyTotals, ReplicaSpeed, ScalingFacts
from tests.cli.decisions import AT, decided, engine, facts, pod

CHAT: Final = ScalingPolicy(objectives=Objectives(ttft_p95_seconds=1.0, tpot_p95_seconds=0.06))
TEN_A_SECOND: Final = ProjectedTraffic(requests=10.0, prompt_tokens=5000.0, output_tokens=2000.0, cached_share=0.2)
SILENCE: Final = TEN_A_SECOND.times(0.0)
SPEED: Final = ReplicaSpeed(
    step_seconds=0.02,
    seconds_per_sequence=0.001,
    seconds_per_prompt_token=0.0001,
    kv_tokens=300_000.0,
    max_sequences=256.0,
)


def busy(number: int, running: float = 20.0, late: float = 10.0, **document: Any) -> EnginePod:  # noqa: ANN401  # fields of a pod
    """One of several that serve at 40 ms a token; of 5000 first tokens, `late` were late."""
    figures = engine(
        running=running, kv_tokens=300_000.0, prompt_tokens=1e6, cached_tokens=2e5, output_tokens=1e6, finished=5000.0
    )
    first, each = LatencyTotals(count=5000.0, total=1000.0, kept=5000.0 - late), LatencyTotals(count=1e6, total=4e4)
    return pod(f"chat-{number}", figures=replace(figures, first_token=first, per_token=each), **document)


def fleet(count: int = 4, running: float = 20.0, **document: Any) -> ScalingFacts:  # noqa: ANN401  # fields of the facts
    """Some busy replicas, between one and eight."""
    usual: dict[str, Any] = {
        "pods": tuple(busy(number, running) for number in range(count)),
        "wanted": count,
        "policy": CHAT,
        "assumed": SPEED,
    }
    return facts(**usual | document)


def after(start: ScalingFacts, traffic: ProjectedTraffic, seconds: int) -> DecisionRecord:
    """The last of many decisions while nothing changes."""
    memory, wanted, last = ScalingState(), start.wanted, AT + seconds
    for moment in range(0, seconds, 5):
        seen = replace(projection.later(start, traffic, float(moment)), wanted=wanted)
        recommendation, memory = recommender.recommend(seen, memory, AT + moment)
        wanted = recommendation.replicas
    return decided(replace(projection.later(start, traffic, float(seconds)), wanted=wanted), memory, at=last)


@cache
def steady() -> DecisionRecord:
    """Four replicas, and as much traffic as they can serve: one in 26 is late."""
    return after(fleet(pods=tuple(busy(number, late=190.0) for number in range(4))), TEN_A_SECOND, 400)
