"""How SGLang 0.5.23 is set up on a processor: threads, KV cache, and how long it may take to start.

Without its AMX kernels it binds no threads and computes with PyTorch, with as many threads as it is given.
"""

from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.start_budget import StartCost
from fairlead.fleet.engine_launch import EnvVar

_GIB: Final = 1 << 30
MIN_BYTES: Final = 4 * _GIB
SEQUENCES: Final = 128
"""Requests in a batch if the spec sets no number. SGLang would take 2048 and more, with a table of as many contexts in
main memory, and a processor is slow long before that."""
SHARE: Final = "0.95"
"""Share of the memory that is free before weights are read, for weights and cache. The cache is set in tokens, and this
share must only not limit it further; SGLang's own share would leave four GiB and more to graphs that a processor does
not have."""

ON_CPU: Final = StartCost(fixed_seconds=300, compile_seconds=0)
"""As vLLM's. A tiny model was ready 104 s after a start with cold files on two busy cores, and once within 20 s."""


def threads(cores: int) -> int:
    """Return compute threads; a core stays free for the scheduler's loop and the HTTP server."""
    return max(1, cores - 1)


def arguments(setup: EngineSetup) -> tuple[str, ...]:
    """Return the device, the batch, and the cache in tokens; for a model of unknown shape SGLang sizes the cache
    itself."""
    if setup.revision.cpu is None:
        return ()
    sequences = () if setup.engine.max_sequences is not None else ("--max-running-requests", str(SEQUENCES))
    cache = (
        () if setup.kv_tokens is None else ("--max-total-tokens", str(setup.kv_tokens), "--mem-fraction-static", SHARE)
    )
    # SGLang's usual adapter backend is in Triton, which has no processor support: a run ended at its first request.
    adapters = ("--lora-backend", "torch_native") if setup.engine.adapters else ()
    return ("--device", "cpu", *sequences, *cache, *adapters)


def environment(setup: EngineSetup) -> tuple[EnvVar, ...]:
    """Without the first variable SGLang looks for a GPU; without the others it would need a compiler, which images may
    lack."""
    cpu = setup.revision.cpu
    if cpu is None:
        return ()
    return (
        EnvVar(name="SGLANG_USE_CPU_ENGINE", value="1"),
        EnvVar(name="OMP_NUM_THREADS", value=str(threads(cpu.cores))),
        EnvVar(name="TORCH_COMPILE_DISABLE", value="1"),
    )
