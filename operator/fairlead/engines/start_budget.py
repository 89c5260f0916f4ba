"""How long an engine may take to start, and how it is probed and ended: the arithmetic that all engines share.

Speeds and times are arguments, since the same model starts in a minute from a local disk and in an hour over a slow
link. Nothing measures that link: who knows that it is slower than assumed gives the rollout a longer deadline.
"""

from dataclasses import dataclass
from math import ceil

from fairlead.fleet.engine_launch import EngineShutdown, HttpProbe


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleParameters:
    """What is known about starting and ending before an engine has run."""

    weight_bytes: int | None = None
    """All weights that are read before the engine is ready, including a draft."""
    bytes_per_second: float = 100e6
    """The slowest link between where the weights are and the GPU, on a first start."""
    deadline_seconds: int = 0
    """The rollout's progress deadline: no start is ended before it, however little its weights should take."""
    pre_stop_seconds: int = 10
    """How long the slowest router may keep sending after a pod left its table."""
    drain_seconds: int = 300
    """How long running requests may continue; a longer one is cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartCost:
    """What one engine needs for a start besides reading weights."""

    fixed_seconds: int
    """Imports, configuration, processes, warm-up."""
    compile_seconds: int
    """Compilation and graph capture with cold caches."""
    unknown_load_seconds: int = 1800
    """Allowed for weights of unknown size."""


def budget_seconds(lifecycle: LifecycleParameters, cost: StartCost) -> int:
    """Return how long a start may take before the kubelet ends it; at least as long as the rollout waits for it.

    Twice the plain reading time: shards are read, checked and moved in turn, and neighbours share the link. A start
    that is ended too early begins again from nothing, and one that hangs serves no request: too long costs less.
    """
    load = cost.unknown_load_seconds
    if lifecycle.weight_bytes is not None:
        load = ceil(2 * lifecycle.weight_bytes / lifecycle.bytes_per_second)
    return max(lifecycle.deadline_seconds, cost.fixed_seconds + cost.compile_seconds + load)


def startup_probe(path: str, port: str, budget: int) -> HttpProbe:
    """Probe every two seconds, since each second by which readiness is noticed late leaves a GPU unused."""
    period = 2
    return HttpProbe(path=path, port=port, period_seconds=period, timeout_seconds=2, failures=ceil(budget / period))


def shutdown(lifecycle: LifecycleParameters, rest_seconds: int) -> EngineShutdown:
    """Wait until routers stop sending, drain, and leave the process time to exit."""
    return EngineShutdown(
        pre_stop_seconds=lifecycle.pre_stop_seconds, drain_seconds=lifecycle.drain_seconds, rest_seconds=rest_seconds
    )
