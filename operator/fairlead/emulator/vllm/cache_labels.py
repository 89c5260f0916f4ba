"""The labels of `vllm:cache_config_info`: every value as text, and `None` for what is not configured.

vLLM sums the blocks over data-parallel engines, and gives the tokens of one engine.
"""

from collections.abc import Mapping
from math import inf, nextafter
from typing import Any, Final

from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.sizing.sizing_input import GIB, SizingInput

_UNSET: Final = (
    *("cache_hit_alignment_tokens", "hash_block_size", "kv_cache_layout", "mamba_block_size"),
    *("mamba_page_size_padded", "num_cpu_blocks", "prefix_match_unit", "skip_page_size_padded", "sliding_window"),
)


def labels(serve_arguments: ServeArguments, settings: EngineSettings, sizing: SizingInput) -> Mapping[str, str]:
    """Return all labels; values are text, and `None` stands for what vLLM did not set."""
    flags = serve_arguments.memory
    tokens = settings.blocks * settings.block_tokens
    values: dict[str, Any] = {
        "_block_size_resolved": True,
        "block_size": settings.block_tokens,
        "cache_dtype": flags.cache_dtype,
        "effective_attention_block_size": settings.block_tokens,
        "enable_mamba_shared_prefix_checkpoint": False,
        "enable_prefix_caching": settings.prefix_caching,
        "gpu_memory_utilization": sizing.share,
        "is_attention_free": False,
        "kv_cache_dtype_skip_layers": [],
        "kv_cache_max_concurrency": _concurrency(tokens, settings.context_tokens),
        "kv_cache_memory_bytes": flags.cache_bytes,
        "kv_cache_size_tokens": tokens,
        "kv_offloading_backend": "native",
        "kv_offloading_size": flags.host_cache.replica_bytes / flags.parallelism.data / GIB or None,
        "kv_sharing_fast_prefill": False,
        "mamba_cache_dtype": "auto",
        "mamba_cache_mode": "none",
        "mamba_ssm_cache_dtype": "float32",
        "num_gpu_blocks": settings.blocks * flags.parallelism.data,
        "num_gpu_blocks_override": flags.blocks,
        "prefix_cache_retention_interval": 0,
        "prefix_caching_hash_algo": serve_arguments.hash_algorithm,
        "replayssm_buffer_len": 16,
        "swa_bounded_replay": True,
        "use_kda_recoverssm": False,
        "use_replayssm": False,
        "user_specified_block_size": serve_arguments.limits.block_size_set,
    }
    return dict.fromkeys(_UNSET, "None") | {label: str(value) for label, value in values.items()}


def _concurrency(tokens: int, context: int) -> float:
    """Requests of full context that fit; times the context and truncated it gives `tokens` again, as in vLLM."""
    several = tokens / context
    return several if int(several * context) == tokens else nextafter(several, inf)
