"""How TensorRT-LLM starts, runs and ends, as probes and seconds. None of it was measured."""

from typing import Final

from fairlead.engines import start_budget
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.start_budget import LifecycleParameters, StartCost
from fairlead.fleet.engine_launch import EngineProbes, EngineShutdown, HttpProbe

HEALTH: Final = "/health"
PORT_NAME: Final = "http"
USER: Final = 65532
"""Its image starts as root and has no other user; it was not run as this one."""

CAPTURED: Final = StartCost(fixed_seconds=300, compile_seconds=900)
"""It allocates its cache twice, tunes kernels and captures graphs; generous, since it was not measured."""
EAGER: Final = StartCost(fixed_seconds=300, compile_seconds=600)

REST_SECONDS: Final = 30
"""For closing the engine after its last reply; as SGLang's, not measured."""


def budget_seconds(lifecycle: LifecycleParameters, setup: EngineSetup) -> int:
    """Return how long a start may take."""
    return start_budget.budget_seconds(lifecycle, EAGER if setup.engine.eager else CAPTURED)


def probes(budget: int) -> EngineProbes:
    """`/health` is 503 from the first second until the model can answer, and again once the executor is dead.

    It does not detect an engine that hangs. `/health_generate` would, but its request waits with the others, so it
    fails on a busy engine, and it needs a chat template; the iteration statistics at `/metrics` are emptied by each
    read, and their status says nothing. Routers notice a hang, since their requests get no token.
    """
    return EngineProbes(
        startup=start_budget.startup_probe(HEALTH, PORT_NAME, budget),
        readiness=HttpProbe(path=HEALTH, port=PORT_NAME, period_seconds=5, timeout_seconds=5, failures=3),
        liveness=HttpProbe(path=HEALTH, port=PORT_NAME, period_seconds=15, timeout_seconds=10, failures=8),
    )


def shutdown(lifecycle: LifecycleParameters) -> EngineShutdown:
    """After SIGTERM it refuses connections at once and waits for its requests without limit: routers must have left
    before, and the kubelet's grace period is the only limit."""
    return start_budget.shutdown(lifecycle, REST_SECONDS)
