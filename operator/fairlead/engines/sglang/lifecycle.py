"""How SGLang 0.5.23 starts, runs and ends, as probes and seconds."""

from typing import Final

from fairlead.engines import start_budget
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.sglang.cpu import settings
from fairlead.engines.start_budget import LifecycleParameters, StartCost
from fairlead.fleet.engine_launch import EngineProbes, EngineShutdown, HttpProbe

READY: Final = "/ready"
HEALTH: Final = "/health"
PORT_NAME: Final = "http"
USER: Final = 65532
"""Its image starts as root and has no other user; it was not run as this one."""

COMPILED: Final = StartCost(fixed_seconds=180, compile_seconds=600)
"""SGLang gives its own warm-up 600 s, in which kernels are compiled."""
EAGER: Final = StartCost(fixed_seconds=180, compile_seconds=300)

REST_SECONDS: Final = 30
"""It polls for the end of its requests every 5 s and gives its processes 15 s; a run exited 13.8 s after SIGTERM."""


def budget_seconds(lifecycle: LifecycleParameters, setup: EngineSetup) -> int:
    """Return how long a start may take."""
    if setup.on_cpu:
        return start_budget.budget_seconds(lifecycle, settings.ON_CPU)
    return start_budget.budget_seconds(lifecycle, EAGER if setup.engine.eager else COMPILED)


def probes(budget: int) -> EngineProbes:
    """`/ready` says in milliseconds whether it has served its own first request and has not been asked to end.

    `/health` generates a token, which takes at least one second, and gives up after 20: with a shorter timeout it would
    always fail. It detects an engine that hangs, but not a prompt that never fits and blocks all others.
    """
    return EngineProbes(
        startup=start_budget.startup_probe(READY, PORT_NAME, budget),
        readiness=HttpProbe(path=READY, port=PORT_NAME, period_seconds=5, timeout_seconds=5, failures=3),
        liveness=HttpProbe(path=HEALTH, port=PORT_NAME, period_seconds=30, timeout_seconds=25, failures=4),
    )


def shutdown(lifecycle: LifecycleParameters) -> EngineShutdown:
    """After SIGTERM it waits for its requests without limit and accepts new ones: routers must have left before, and
    the kubelet's grace period is the only limit."""
    return start_budget.shutdown(lifecycle, REST_SECONDS)
