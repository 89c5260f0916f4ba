"""SGLang 0.5.23's use of GPU memory: it computes by its own rules what its work needs, and measures nothing.

`mem_fraction_static` is the share of weights and cache; the rest is for activations and graphs, by the arithmetic of
`srt/arg_groups/memory_hook.py`. None of its starts was measured, so its cache is three times as uncertain as vLLM's.
"""

from typing import Final

from fairlead.engines import captured_graphs, weight_offload
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.sglang import adapters, extra_arg_checks, host_cache
from fairlead.engines.sglang.cpu.settings import SEQUENCES
from fairlead.fleet.accelerators import Accelerator
from fairlead.fleet.engine_memory import (
    BatchLimits,
    HostMemory,
    LongerStages,
    MemorySettings,
    ReplicaLayout,
    SpreadRules,
)
from fairlead.fleet.quantization import KvFormat
from fairlead.fleet.shapes import ModelShape

GIB: Final = 1024
"""In MiB, the unit of SGLang's arithmetic here."""
_BASE: Final = 512
_A_TOKEN: Final = 1.5
_A_GPU: Final = GIB / 8
_A_DECODE_GRAPH: Final = 2
_A_PREFILL_GRAPH: Final = 8
_LATENT_GRAPHS: Final = 1.5 * GIB
_PADDING: Final = 3
"""For each attention rank and request of the largest graph; half as much again beyond `_PADDED_LITTLE` requests."""
_PADDED_LITTLE: Final = 300
_MIN_TOKENS: Final = 2048
_LARGE: Final = 60 * GIB
_MIN_ON_LARGE: Final = 10 * GIB
_SEQUENCES: Final = 2048
"""The lower bound of its own limit of requests in a batch, if the cache has room for them."""
SPECULATING: Final = 48
"""Maximum requests in a batch with speculation, if no number is set."""

ON_PROCESSOR: Final = HostMemory(
    processes_gib=2.3,
    processes_high_gib=3.0,
    cache_step_bytes=1 << 20,
    block_tokens=1,
    latent_block_tokens=1,
    packs_tables=False,
)
"""HTTP server, scheduler and detokenizer: 2.3 GiB of proportional memory, measured with a tiny model and a cache of 3.5
million tokens; other models and SGLang's own kernels were not measured."""


class SglangMemory:
    """The release in which these tables were read; other releases are treated as this one."""

    share = 0.83
    """For an H100; `static_share` computes it for each card."""
    shares_the_rest = False
    logit_bytes = 12.4
    """As vLLM's; activations are not among the terms of a static share, so nothing depends on it."""
    context_gib = 0.25
    switched_gib = 2.07
    """The driver's, as measured on vLLM's starts with the same driver and library; not measured with SGLang."""
    sets_graphs_aside = False
    spread = SpreadRules(divides_experts=False, longer=LongerStages.LAST, divides_batch=True)
    """`--dp-size` starts complete copies, `--ep-size` divides within tensor parallelism; layers by
    `srt/distributed/utils.py: get_pp_indices`. Of what `--attn-dp-size` makes, `layers/vocab_parallel_embedding.py`
    splits the embedding like attention, and the rest over all GPUs."""
    counts_requests = False
    adapts_experts = False
    host: HostMemory | None = ON_PROCESSOR

    def static_share(self, accelerator: Accelerator, layout: ReplicaLayout) -> float | None:
        """`handle_gpu_memory_settings`, if no fraction is set; on a processor the cache is set in tokens."""
        if accelerator.is_cpu:
            return None
        total = accelerator.memory_mib
        reserved = _BASE + _A_TOKEN * max(layout.tokens, _MIN_TOKENS) + _A_GPU * layout.gpus
        largest = min(decode_graph(total, layout.gpus), layout.sequences or _SEQUENCES)
        if not layout.eager:
            graphs = _LATENT_GRAPHS if layout.latent else _A_PREFILL_GRAPH * prefill_graphs(layout.tokens)
            reserved += graphs + _A_DECODE_GRAPH * largest
        if layout.attention_ranks > 1:
            reserved += (_PADDING if largest <= _PADDED_LITTLE else 1.5 * _PADDING) * largest * layout.attention_ranks
        if total > _LARGE:
            reserved = max(reserved, _MIN_ON_LARGE)
        return max(0.0, round((total - reserved) / total, 3))

    def own_cache(self, shape: ModelShape, accelerator: Accelerator) -> KvFormat:  # noqa: ARG002 - the same on every GPU
        """FP8 if ModelOpt states it: `configure_kv_cache_dtype`."""
        return (
            shape.stored.cache
            if shape.stored.cache_by_modelopt and shape.stored.cache is KvFormat.FP8
            else KvFormat.AUTO
        )

    def batch(self, accelerator: Accelerator) -> BatchLimits:
        """Prompt tokens of one step, by the card's memory; generated tokens have their own steps."""
        total = accelerator.memory_mib
        tokens = 2048 if total < 20 * GIB else 4096 if total < _LARGE else 8192 if total < 160 * GIB else 16384
        return BatchLimits(sequences=SEQUENCES if accelerator.is_cpu else _SEQUENCES, tokens=tokens)

    def graph_sizes(self, tokens: int, longest: int | None = None) -> int:
        """As vLLM's: its graphs live in what a static share leaves, so no cache depends on it."""
        return captured_graphs.number(tokens, longest)

    def doubt(self, accelerator: Accelerator) -> float:  # noqa: ARG002 - not measured
        """None of its starts was measured."""
        return 3.0


MEMORY: Final = SglangMemory()


def decode_graph(total: int, gpus: int) -> int:
    """The largest captured batch, by the card's memory in MiB."""
    few = gpus < 4
    if total < 20 * GIB:
        return 8
    if total < _LARGE:
        return (48 if total < 35 * GIB else 32) if few else 160
    return 256 if few and total < 160 * GIB else 512


def prefill_graphs(most: int) -> int:
    """Count captured prompt sizes: `generate_prefill_cuda_graph_batch_sizes`."""
    sizes = (
        *range(4, 33, 4),
        *range(48, 257, 16),
        *range(288, 513, 32),
        *range(576, 1025, 64),
        *range(1280, 4097, 256),
        *range(4608, most + 1, 512),
    )
    return sum(1 for size in sizes if size <= most)


def settings(setup: EngineSetup) -> MemorySettings:
    """Read extra arguments and adapters; the base model takes a slot without weights."""
    ranks = [adapter.rank for adapter in setup.engine.adapters]
    return MemorySettings(
        expert_parallel=extra_arg_checks.spreads_experts(setup),
        redundant_experts=extra_arg_checks.redundant_experts(setup),
        attention_ranks=extra_arg_checks.attention_degree(setup),
        images=not setup.gives("--language-model-only"),
        adapter_ranks=(max(ranks),) * min(len(ranks), adapters.SLOTS) if ranks else (),
        offload=weight_offload.of(setup),
        host_cache=host_cache.of(setup),
    )
