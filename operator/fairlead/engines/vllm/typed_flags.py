"""The values that vLLM 0.32.0's free flags take, as its own argument classes declare them.

Not here: flags that take any text, flags that a field owns, and numbers that may be written as `4k`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

INTEGERS: Final = frozenset(
    [
        "block-size",
        "cpu-distributed-timeout-seconds",
        "dbo-decode-token-threshold",
        "dbo-prefill-token-threshold",
        "dcp-kv-cache-interleave-size",
        "decode-context-parallel-size",
        "distributed-timeout-seconds",
        "dp-sync-interval",
        "elastic-ep-max-dp-size",
        "long-prefill-token-threshold",
        "mamba-block-size",
        "mamba-cache-philox-rounds",
        "max-cudagraph-capture-size",
        "max-log-len",
        "max-logprobs",
        "max-lora-cls-labels",
        "max-num-active-seqs",
        "max-parallel-loading-workers",
        "mm-shm-cache-max-object-size-mb",
        "num-gpu-blocks-override",
        "offload-group-size",
        "offload-num-in-group",
        "offload-prefetch-step",
        "prefill-context-parallel-size",
        "prefill-schedule-interval",
        "prefix-cache-retention-interval",
        "prefix-match-unit",
        "renderer-num-workers",
        "replayssm-buffer-len",
        "safetensors-prefetch-num-threads",
        "seed",
        "sse-keep-alive-interval",
        "stream-interval",
        "ubatch-size",
    ]
)

NUMBERS: Final = frozenset(
    [
        "cpu-offload-gb",
        "kv-cache-metrics-sample",
        "kv-offloading-size",
        "mm-encoder-fp8-scale-save-margin",
        "mm-ipc-gpu-memory-gb",
        "mm-processor-cache-gb",
        "video-pruning-rate",
        "watermark",
    ]
)

OBJECTS: Final = frozenset(
    [
        "additional-config",
        "custom-histogram-buckets",
        "default-chat-template-kwargs",
        "default-mm-loras",
        "ec-transfer-config",
        "eplb-config",
        "kv-events-config",
        "kv-transfer-config",
        "limit-mm-per-prompt",
        "media-io-kwargs",
        "mm-processor-kwargs",
        "model-class-overrides",
        "override-generation-config",
        "structured-outputs-config",
    ]
)
"""JSON; its numbers may be written as `80m`."""

CHOICES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "dcp-comm-backend": ("ag_rs", "a2a"),
        "expert-placement-strategy": ("linear", "round_robin"),
        "jit-monitor-mode": ("warn", "error"),
        "kv-offloading-backend": ("native", "lmcache"),
        "logprobs-mode": ("raw_logits", "raw_logprobs", "processed_logits", "processed_logprobs"),
        "mamba-cache-mode": ("align", "none"),
        "mm-encoder-tp-mode": ("weights", "data"),
        "mm-processor-cache-type": ("shm", "lru"),
        "mm-tensor-ipc": ("direct_rpc", "torch_shm"),
        "offload-backend": ("auto", "uva", "prefetch"),
        "per-request-spec-decode-metrics": ("none", "summary", "detailed"),
        "performance-mode": ("balanced", "interactivity", "throughput"),
        "scheduling-policy": ("fcfs", "priority"),
        "video-pruning-method": ("evs", "vidcom2"),
    }
)
