"""Decisions to explain, replay and show: small ones, made by the real code."""

from typing import Any, Final

import fairlead
from fairlead.fleet.policies import ReplicaBounds, ScalingPolicy
from fairlead.scaling.decide import recommender
from fairlead.scaling.decide.scaling_state import ScalingState
from fairlead.scaling.explain.decision_record import DecisionRecord
from fairlead.scaling.facts import EngineFigures, EnginePod, EnginePodPhase, RouterFigures, RouterPod, ScalingFacts

AT: Final = 1_790_000_000.0


def engine(**figures: float) -> EngineFigures:
    """An idle engine."""
    quiet: dict[str, Any] = {
        "running": 2.0,
        "waiting": 0.0,
        "kv_usage": 0.2,
        "kv_tokens": 100_000.0,
        "prompt_tokens": 5000.0,
        "cached_tokens": 1000.0,
        "output_tokens": 5000.0,
        "finished": 50.0,
        "steps": 5000.0,
    }
    return EngineFigures(**{"at": AT - 1.0} | quiet | figures)


def pod(name: str = "chat-1", **document: Any) -> EnginePod:  # noqa: ANN401  # fields of a pod
    """A ready pod, old enough that its start no longer matters."""
    usual: dict[str, Any] = {
        "revision": "r1",
        "phase": EnginePodPhase.READY,
        "since": AT - 4000.0,
        "ready_at": AT - 3900.0,
        "figures": engine(),
    }
    return EnginePod(name=name, **usual | document)


def router(**figures: float) -> RouterPod:
    """A router with an empty queue."""
    return RouterPod(
        name="router-1",
        figures=RouterFigures(**{"at": AT - 1.0, "arrivals": 1000.0, "prompt_tokens": 100_000.0} | figures),
    )


def facts(**document: Any) -> ScalingFacts:  # noqa: ANN401  # fields of the facts
    """One replica, with bounds one and eight."""
    usual: dict[str, Any] = {
        "revision": "r1",
        "bounds": ReplicaBounds(least=1, most=8, policy="interactive"),
        "policy": ScalingPolicy(),
        "wanted": 1,
        "pods": (pod(),),
        "routers": (router(),),
    }
    return ScalingFacts(**usual | document)


def decided(
    seen: ScalingFacts | None = None,
    memory: ScalingState = ScalingState(),  # noqa: B008  # frozen
    *,
    at: float = AT,
    **document: Any,  # noqa: ANN401  # fields of a record
) -> DecisionRecord:
    """The decision that the real code makes, by default with empty state."""
    seen = facts() if seen is None else seen
    recommendation, _ = recommender.recommend(seen, memory, at)
    usual: dict[str, Any] = {
        "namespace": "team",
        "name": "chat",
        "now": at,
        "facts": seen,
        "memory": memory,
        "recommendation": recommendation,
        "version": fairlead.__version__,
    }
    return DecisionRecord(**usual | document)
