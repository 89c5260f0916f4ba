"""TensorRT-LLM's second level of its KV cache: each GPU's process moves blocks to main memory before it evicts them.

`llmapi/llm_args.py: KvCacheConfig.host_cache_size` is in bytes, of each process.
"""

from collections.abc import Mapping
from typing import Any, Final

from fairlead.engines import spec_host_memory
from fairlead.engines.engine_setup import EngineSetup

KEY: Final = "kv_cache_config.host_cache_size"


def keys(setup: EngineSetup) -> Mapping[str, Any]:
    """Return the key with the bytes of one GPU; none if the spec asks for nothing."""
    each = spec_host_memory.part(setup, setup.wanted.parallelism.gpus)
    return {KEY: each} if each else {}
