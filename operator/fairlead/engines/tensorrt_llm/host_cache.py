"""TensorRT-LLM's second level of its KV cache: each GPU's process moves blocks to main memory before it evicts them.

`llmapi/llm_args.py: KvCacheConfig.host_cache_size` is in bytes, of each process.
"""

from collections.abc import Mapping
from typing import Any, Final

from fairlead.engines import spec_host_memory
from fairlead.engines.engine_setup import EngineSetup
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.engine_memory import NO_HOST_CACHE, HostCache

KEY: Final = "kv_cache_config.host_cache_size"
_MAX_BYTES: Final = 1 << 50
"""More main memory than a node has."""


def keys(setup: EngineSetup) -> Mapping[str, Any]:
    """Return the key with the bytes of one GPU; none if the spec asks for nothing."""
    each = spec_host_memory.part(setup, setup.revision.parallelism.gpus)
    return {KEY: each} if each else {}


def of_bytes(each: int, parallelism: Parallelism) -> HostCache:
    """Return what a replica keeps by the key, which is of each GPU."""
    size = min(each, _MAX_BYTES) * max(1, parallelism.gpus)
    return HostCache(replica_bytes=size, copies=False) if size else NO_HOST_CACHE
