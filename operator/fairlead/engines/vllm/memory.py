"""GPU memory use of vLLM releases, and the batch limits that they set by themselves."""

import re
from typing import Final, NamedTuple

from fairlead.engines import captured_graphs, weight_offload
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.vllm import default_batch, expert_blocks, host_cache, prompt_items, value_kinds
from fairlead.engines.vllm.adapters import EXPERTS, adapted_modules, slot_ranks
from fairlead.fleet.accelerators import BLACKWELL, Accelerator
from fairlead.fleet.engine_memory import (
    NOTHING_OFFLOADED,
    BatchLimits,
    HostMemory,
    LongerStages,
    MemorySettings,
    ReplicaLayout,
    SpreadRules,
    WeightOffload,
)
from fairlead.fleet.quantization import KvFormat
from fairlead.fleet.shapes import ModelShape

_FP8_ON_BLACKWELL: Final = "glm_moe_dsa"
CACHE: Final = "--kv-cache-memory-bytes"
BLOCKS: Final = "--num-gpu-blocks-override"
_CONTEXT_FLAGS: Final = ("--decode-context-parallel-size", "-dcp")
_LARGE_MIB: Final = 70 * 1024
_HUGE_MIB: Final = 160 * 1024


class VllmRelease(NamedTuple):
    """A vLLM release; the arithmetic differs between releases."""

    major: int
    minor: int
    patch: int = 0

    @classmethod
    def read(cls, text: str) -> "VllmRelease":
        """Parse `0.19.0` or `v0.26.1rc1.dev608+g99a10304d`; return the current release if no version is named, as in
        `latest`."""
        match = re.match(r"v?(\d+)\.(\d+)(?:\.(\d+))?", text)
        return cls(int(match[1]), int(match[2]), int(match[3] or 0)) if match else CURRENT

    @property
    def share(self) -> float:
        """0.9, and 0.92 in releases after April 2026."""
        return 0.92 if self >= (0, 20) else 0.9

    def static_share(self, accelerator: Accelerator, layout: ReplicaLayout) -> None:
        """None: its share includes activations, which vLLM measures first."""

    @property
    def shares_the_rest(self) -> bool:
        """False: its share is of all memory."""
        return False

    @property
    def logit_bytes(self) -> float:
        """Float32 logits, probabilities and noise, and masks. Before 0.17 top-k and top-p sorted: also sorted values,
        64-bit indices and the sort's scratch."""
        return 12.4 if self >= (0, 17) else 36.0

    @property
    def context_gib(self) -> float:
        """Grows with the kernels that are loaded."""
        return 0.25 if self >= (0, 18) else 0.13

    @property
    def switched_gib(self) -> float:
        """Symmetric memory for all-reduce came with 0.15."""
        return 2.07 if self >= (0, 15) else 1.3

    @property
    def sets_graphs_aside(self) -> bool:
        """From 0.20 on."""
        return self >= (0, 20)

    @property
    def spread(self) -> SpreadRules:
        """`FusedMoEParallelConfig.make` divides over all ranks: whole experts, or each expert's width. Layers by
        `get_pp_indices`, if no variable sets them."""
        return SpreadRules(divides_experts=True, longer=LongerStages.BEFORE_LAST)

    @property
    def counts_requests(self) -> bool:
        """True: its cache holds as many as its log calls the maximum concurrency, each with the whole context."""
        return True

    @property
    def prints_requests(self) -> bool:
        """Up to 0.20.0 the log's tokens were blocks over groups, in the smallest blocks, and fewer than the cache
        holds (vllm-project/vllm#40691); later they are concurrency times context."""
        return self >= (0, 20, 1)

    @property
    def caches_states(self) -> bool:
        """Before 0.15 models with linear attention ran without prefix caching (vllm-project/vllm#30877)."""
        return self >= (0, 15)

    @property
    def adapts_experts(self) -> bool:
        """`lora/layers/fused_moe.py: FusedMoEWithLoRA.create_lora_weights`, which came with 0.11.1."""
        return self >= (0, 12)

    @property
    def host(self) -> HostMemory:
        """Main memory of the three processes (API server, scheduler, worker), beside weights and cache.

        A tiny model with 1 GiB of KV cache was measured at 3.1 GB of proportional memory on CPU, and 4 GiB are
        recommended for it (0.32.0, one machine). Other releases, other machines and wider processors were not measured.
        Blocks follow from `CpuPlatform.check_and_update_config`, whole GiB from `VLLM_CPU_KVCACHE_SPACE`, which vLLM
        reads by `int`.
        """
        return HostMemory(
            processes_gib=1.9,
            processes_high_gib=3.0,
            cache_step_bytes=1 << 30,
            block_tokens=128,
            latent_block_tokens=16,
            packs_tables=True,
        )

    def own_cache(self, shape: ModelShape, accelerator: Accelerator) -> KvFormat:
        """What the checkpoint has scales for: `resolve_kv_cache_dtype_string`, `Attention.__init__`. FP8 for GLM-5 on
        the SM100 family: `models/config.py: GlmMoeDsaForCausalLM`."""
        if shape.stored.cache is KvFormat.AUTO and shape.family == _FP8_ON_BLACKWELL:
            return KvFormat.FP8 if accelerator.capability.major == BLACKWELL.major else KvFormat.AUTO
        return shape.stored.cache

    def batch(self, accelerator: Accelerator) -> BatchLimits:
        """Large batches on cards of 70 GiB or more, except the A100. Releases before 0.9 took 1024 sequences on every
        card. On a processor `EngineArgs` has its own defaults."""
        if accelerator.is_cpu:
            return BatchLimits(sequences=128, tokens=2048)
        large = accelerator.memory_mib >= _LARGE_MIB and "A100" not in accelerator.product
        tokens = 8192 if large else 2048
        if accelerator.memory_mib >= _HUGE_MIB and self >= (0, 20):
            tokens = 16384
        return BatchLimits(sequences=1024 if large or self < (0, 9) else 256, tokens=tokens)

    def graph_sizes(self, tokens: int, longest: int | None = None) -> int:
        """By its own choice of sizes, or those that `captured_steps` writes for a spec that sets the longest."""
        return captured_graphs.number(tokens, longest)

    def doubt(self, accelerator: Accelerator) -> float:
        """The error was measured on vLLM's own starts, of releases 0.8 to 0.26, all on cards with memory of their own:
        the one start that was seen on unified memory had 5 GiB more cache."""
        return 2.0 if accelerator.unified_memory else 1.0


CURRENT: Final = VllmRelease(0, 32)
"""The release from which the memory model was read; an image without a version is taken for it."""


def settings(setup: EngineSetup) -> MemorySettings:
    """Read memory settings from extra arguments; experts whose adapters share their outer matrices take a fraction.

    Without its manager, `kv_cache_utils.py: unify_hybrid_kv_cache_specs` makes layers with a window keep all tokens.

    `MambaSpec.max_memory_usage_bytes` has a cached state only with prefix caching, whatever `--mamba-cache-mode` says:
    `models/config.py: MambaModelConfig`.
    """
    modules = adapted_modules(setup.engine)
    experts = modules is None or EXPERTS in modules
    return MemorySettings(
        batch_factor=default_batch.factor(setup),
        whole_prompts=default_batch.holds_whole_prompts(setup),
        expert_parallel=expert_blocks.whole(setup),
        expert_block=expert_blocks.padded_to(setup),
        redundant_experts=expert_blocks.redundant(setup),
        moves_experts=expert_blocks.moved(setup),
        context_ranks=max(1, context_degree(setup)),
        windows=not setup.gives("--disable-hybrid-kv-cache-manager"),
        images=not setup.gives("--language-model-only"),
        prompt_images=prompt_items.most(setup),
        adapter_ranks=slot_ranks(setup.engine),
        adapter_modules=None if modules is None else frozenset(modules),
        adapter_experts=experts and not setup.gives("--enable-moe-shared-loras"),
        caches_states=setup.engine.prefix_caching and VllmRelease.read(setup.engine.version).caches_states,
        cache_bytes=cache_bytes(setup),
        cache_blocks=_cache_blocks(setup),
        offload=_offload(setup),
        host_cache=host_cache.of(setup),
    )


def context_degree(setup: EngineSetup) -> int:
    """Return over how many GPUs the tokens of a request's cache are spread; other words are left to vLLM's parser."""
    written = next((found for flag in _CONTEXT_FLAGS if (found := setup.value(flag)) is not None), "1")
    return int(written) if written.isascii() and written.isdigit() else 1


def cache_bytes(setup: EngineSetup) -> int | None:
    """Return the size of each GPU's KV cache that the arguments state; what is no amount is left to other checks."""
    try:
        found = value_kinds.amount(setup.value(CACHE) or "")
    except ValueError:
        return None
    return found if found > 0 and not setup.on_cpu else None


def _cache_blocks(setup: EngineSetup) -> int | None:
    """Return the blocks of each GPU's KV cache that the arguments state: `kv_cache_utils.py: may_override_num_blocks`
    takes their number in place of what the memory holds."""
    written = setup.value(BLOCKS) or ""
    found = int(written) if written.isascii() and written.isdigit() else 0
    return found if found > 0 and not setup.on_cpu else None


def _offload(setup: EngineSetup) -> WeightOffload:
    """Mirror `offloader/base.py: create_offloader`: whole layers that are prefetched take the place of the flag."""
    backend, group = setup.value("--offload-backend") or "auto", setup.value("--offload-group-size") or "0"
    if backend == "prefetch" or (backend == "auto" and group.strip("0")):
        return NOTHING_OFFLOADED
    return weight_offload.of(setup, named=setup.gives("--cpu-offload-params"))
