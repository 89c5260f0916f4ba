"""How vLLM 0.32 is set up on a processor: threads, KV cache, and how long it may take to start.

A pod with a limit of four cores still sees all cores of its node: the limit is a share of their time. vLLM's own choice
(`VLLM_CPU_OMP_THREADS_BIND=auto`, `OMPProcessManager._get_autobind_cpu_ids`) binds one thread to each core that it
sees, the same ones in every pod of the node, and each pod would be throttled. So nothing is bound, and there are as
many threads as the pod has cores, less the one that vLLM also reserves for its scheduler, which never sleeps.
"""

import math
from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.start_budget import StartCost
from fairlead.fleet.engine_launch import EnvVar

_GIB: Final = 1 << 30
CACHE_SPACE: Final = "VLLM_CPU_KVCACHE_SPACE"
"""GiB of its KV cache."""
MIN_BYTES: Final = 4 * _GIB
"""The minimum recommended for a tiny model with 1 GiB of KV cache."""
_BESIDE_WORKER: Final = 2.4 * _GIB
"""The API server, the scheduler and what they map: the most that all processes take, less the worker's own 0.6 GiB."""

ON_CPU: Final = StartCost(fixed_seconds=300, compile_seconds=0)
"""Three processes import PyTorch one after the other. Readiness took 21 to 49 s on two shared cores, and up to 78 s
with a second API server; one core, or a slower one, was not measured. So six times the longest of a single server."""


def threads(cores: int) -> int:
    """Return compute threads; `OMPProcessManager` also reserves a core per rank for the scheduler."""
    return max(1, cores - 1)


def environment(setup: EngineSetup) -> tuple[EnvVar, ...]:
    """Return the variables that only the CPU build reads."""
    cpu = setup.revision.cpu
    if cpu is None:
        return ()
    cache = () if setup.kv_bytes is None else (EnvVar(name=CACHE_SPACE, value=str(setup.kv_bytes // _GIB)),)
    return (
        *cache,
        EnvVar(name="VLLM_CPU_OMP_THREADS_BIND", value="nobind"),
        EnvVar(name="OMP_NUM_THREADS", value=str(threads(cpu.cores))),
        # `--enforce-eager` is about the model alone: `compiled_random_sample`, `batched_count_greater_than` and others
        # are compiled on their first call, which ends the engine where there is no C++ compiler.
        EnvVar(name="TORCH_COMPILE_DISABLE", value="1"),
    )


def share(setup: EngineSetup) -> str | None:
    """`--gpu-memory-utilization` for a model of unknown shape, whose KV cache cannot be computed.

    vLLM takes this share of the pod's memory for its worker: weights first, the rest for the cache. Its checks count
    the page cache of the weight files as used, so of what the other processes leave, only half is certainly free.
    """
    if setup.revision.cpu is None or setup.kv_bytes is not None:
        return None
    memory = setup.revision.cpu.memory_bytes
    return f"{max(1, math.floor(50 * (1 - _BESIDE_WORKER / memory))) / 100:g}"
