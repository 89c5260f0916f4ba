"""How vLLM 0.32 starts, runs and ends, as probes and seconds."""

from typing import Final

from fairlead.engines import start_budget
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.start_budget import LifecycleParameters, StartCost
from fairlead.engines.vllm.cpu import settings
from fairlead.fleet.engine_launch import EngineProbes, EngineShutdown, HttpProbe

HEALTH: Final = "/health"
PORT_NAME: Final = "http"
USER: Final = 2000
"""vLLM's image starts as root and has a user with this number."""

COMPILED: Final = StartCost(fixed_seconds=120, compile_seconds=300)
EAGER: Final = StartCost(fixed_seconds=120, compile_seconds=0)

REST_SECONDS: Final = 20
"""The process exits two to seven seconds after its last stream; below ten the grace period is too short."""


def budget_seconds(lifecycle: LifecycleParameters, setup: EngineSetup) -> int:
    """Return how long a start may take."""
    if setup.on_cpu:
        return start_budget.budget_seconds(lifecycle, settings.ON_CPU)
    return start_budget.budget_seconds(lifecycle, EAGER if setup.engine.eager else COMPILED)


def probes(budget: int) -> EngineProbes:
    """`/health` refuses connections until ready, is 200 while draining, and 503 only with a dead engine.

    Liveness therefore detects an HTTP server that hangs and nothing else, and only after eight failures: a prompt of a
    million tokens keeps that server busy for seconds, and a restart costs every running reply and a cold start. An
    engine that hangs while its server is healthy is detected by its metrics, not here.
    """
    return EngineProbes(
        startup=start_budget.startup_probe(HEALTH, PORT_NAME, budget),
        readiness=HttpProbe(path=HEALTH, port=PORT_NAME, period_seconds=5, timeout_seconds=5, failures=3),
        liveness=HttpProbe(path=HEALTH, port=PORT_NAME, period_seconds=15, timeout_seconds=10, failures=8),
    )


def shutdown(lifecycle: LifecycleParameters) -> EngineShutdown:
    """The wait before SIGTERM matters most: a draining vLLM stays healthy and answers new requests with 500."""
    return start_budget.shutdown(lifecycle, REST_SECONDS)
