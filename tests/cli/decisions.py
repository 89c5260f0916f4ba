"""Decisions to explain, replay and show: small ones, decided by the real thing."""

from typing import Any, Final

import fairlead
from fairlead.fleet.policies import Policy, ReplicaBounds
from fairlead.scaling import recommending
from fairlead.scaling.facts import EngineFigures, Facts, Phase, Pod, Router, RouterFigures
from fairlead.scaling.memory import Memory
from fairlead.scaling.record import Record

AT: Final = 1_790_000_000.0


def engine(**said: float) -> EngineFigures:
    """A quiet engine."""
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
    return EngineFigures(**{"at": AT - 1.0} | quiet | said)


def pod(name: str = "chat-1", **said: Any) -> Pod:  # noqa: ANN401  # fields of a pod
    """A ready one, old enough to have nothing to do with its start."""
    usual: dict[str, Any] = {
        "revision": "r1",
        "phase": Phase.READY,
        "since": AT - 4000.0,
        "ready_at": AT - 3900.0,
        "figures": engine(),
    }
    return Pod(name=name, **usual | said)


def router(**said: float) -> Router:
    """One that nobody waits at."""
    return Router(
        name="router-1", figures=RouterFigures(**{"at": AT - 1.0, "asked": 1000.0, "prompt_tokens": 100_000.0} | said)
    )


def facts(**said: Any) -> Facts:  # noqa: ANN401  # fields of the facts
    """One replica, between one and eight."""
    usual: dict[str, Any] = {
        "revision": "r1",
        "bounds": ReplicaBounds(least=1, most=8, policy="interactive"),
        "policy": Policy(),
        "wanted": 1,
        "pods": (pod(),),
        "routers": (router(),),
    }
    return Facts(**usual | said)


def decided(
    seen: Facts | None = None,
    memory: Memory = Memory(),  # noqa: B008  # frozen
    *,
    at: float = AT,
    **said: Any,  # noqa: ANN401  # fields of a record
) -> Record:
    """What the real deciding makes of it, by default with nothing remembered."""
    seen = facts() if seen is None else seen
    recommendation, _ = recommending.recommend(seen, memory, at)
    usual: dict[str, Any] = {
        "namespace": "team",
        "name": "chat",
        "now": at,
        "facts": seen,
        "memory": memory,
        "recommendation": recommendation,
        "version": fairlead.__version__,
    }
    return Record(**usual | said)
