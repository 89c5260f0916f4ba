"""The input of sizing: one model on one kind of GPU with one engine's settings, and the release's defaults."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from fairlead.fleet.accelerators import Accelerator
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.draft_cost import USUAL_LAYERS, DraftLookup
from fairlead.fleet.engine_memory import NOTHING_OFFLOADED, PROMPT_IMAGES, EngineMemory, ReplicaLayout, WeightOffload
from fairlead.fleet.quantization import Dtype, KvFormat, WeightFormat
from fairlead.fleet.shapes import ModelShape

GIB: Final = 1 << 30


GPU_BLOCK: Final = 16
"""Tokens of a block on every GPU."""
ONE_GPU: Final = Parallelism()


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftSetup:
    """Speculative decoding: draft tokens; a draft model has its own shape, MTP heads are the target's."""

    tokens: int = 0
    model: ModelShape | None = None
    mtp: bool = False
    head: bool = False
    """An EAGLE-3 head, whose size follows from the target's; it has no `model`."""
    lookup: DraftLookup | None = None
    """Drafts are looked up in the request's own tokens (n-gram): no weights, no cache, and this time of a step."""
    layer_launch_s: float = 0.0
    """The least time of each draft-model layer for each token, if it runs without CUDA graphs."""

    @property
    def pass_s(self) -> float:
        """The least time of a draft model for each token."""
        return self.layer_launch_s * (self.model.layers if self.model else USUAL_LAYERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class SizingInput:
    """One configuration; every field of None takes the release's default for this GPU."""

    shape: ModelShape
    accelerator: Accelerator
    release: EngineMemory
    """The engine's own defaults and overheads."""
    context: int
    """The longest request in tokens: the engine's `max-model-len`."""
    sequences: int = 1
    """Requests of that length that must run at once."""
    parallelism: Parallelism = ONE_GPU
    expert_parallel: bool = False
    expert_block: int = 1
    """Slices of experts are padded to a multiple of this width."""
    redundant_experts: int = 0
    """Experts of each layer beyond the checkpoint's, copies of those with most load."""
    moves_experts: bool = False
    """Whether each GPU keeps room for one layer's experts, through which they are moved (`--enable-eplb`)."""
    attention_ranks: int = 1
    """Ranks inside tensor parallelism, each with all of attention, a batch and a KV cache of its own."""
    rank_each_gpu: bool = False
    """Whether there are as many as GPUs of tensor parallelism, whatever that is."""
    context_ranks: int = 1
    """GPUs of a rank that share the tokens of each request's cache (`--decode-context-parallel-size`)."""
    weights: WeightFormat | None = None
    """None: as in the checkpoint."""
    kv: KvFormat = KvFormat.AUTO
    dtype: Dtype = Dtype.AUTO
    max_sequences: int | None = None
    max_batched_tokens: int | None = None
    batch_factor: int = 1
    """How many times the release's defaults these limits are where they are None (`--performance-mode throughput`)."""
    whole_prompts: bool = False
    """Whether a step of the default length holds the longest prompt (`--no-enable-chunked-prefill`)."""
    utilization: float | None = None
    eager: bool = False
    graph_tokens: int | None = None
    """Tokens of the longest step that runs from a CUDA graph; None: as the engine chooses."""
    images: bool = True
    """False: the image tower is not loaded (`--language-model-only`)."""
    prompt_images: int = PROMPT_IMAGES
    """Most images or videos in one prompt (`--limit-mm-per-prompt`)."""
    drafting: DraftSetup = DraftSetup()
    adapters: tuple[int, ...] = ()
    """Ranks of the LoRA adapters that the engine has slots for."""
    adapter_modules: frozenset[str] | None = None
    """Modules that adapters may change (`--lora-target-modules`); None: all."""
    adapter_experts: bool = True
    """False: no adapter may change an expert (`--lora-target-modules`)."""
    caches_states: bool = True
    """False: without prefix caching, a recurrent layer has no state of a request but the running one."""
    cache_bytes: int | None = None
    """The KV cache of each GPU (`--kv-cache-memory-bytes`), whatever the share of memory; None: as much as is left."""
    cache_blocks: int | None = None
    """Most blocks of the KV cache of each GPU (`--num-gpu-blocks-override`); None: as many as fit into it."""
    offload: WeightOffload = NOTHING_OFFLOADED
    """Weights that each GPU leaves in main memory (`--cpu-offload-gb`)."""
    host_cache_bytes: int = 0
    """Main memory of the whole replica for blocks of its KV cache."""

    def over(self, parallelism: Parallelism) -> "SizingInput":
        """Return the same settings over other GPUs."""
        ranks = parallelism.tensor if self.rank_each_gpu else self.attention_ranks
        return replace(self, parallelism=parallelism, attention_ranks=ranks)

    @property
    def batch_sequences(self) -> int:
        """Most requests in one batch of one rank."""
        most = self.max_sequences
        if most is not None and self.release.spread.divides_batch:
            most = max(1, most // self.attention_ranks)
        usual = self.release.batch(self.accelerator).sequences * self.batch_factor
        return min(most or usual, self.batch_tokens)

    @property
    def batch_tokens(self) -> int:
        """Most tokens in one step."""
        if self.max_batched_tokens is not None:
            return self.max_batched_tokens
        usual = self.release.batch(self.accelerator).tokens * self.batch_factor
        return max(usual, self.context) if self.whole_prompts else usual

    @property
    def block_tokens(self) -> int:
        """Tokens of one block of the KV cache."""
        host = self.release.host if self.accelerator.is_cpu else None
        if host is None:
            return GPU_BLOCK
        return host.latent_block_tokens if self.shape.latent else host.block_tokens

    @property
    def attention_ways(self) -> int:
        """How many GPUs hold one copy of attention: those of one rank."""
        return max(1, self.parallelism.tensor // self.attention_ranks)

    @property
    def dense_ways(self) -> int:
        """How many GPUs hold one copy of dense layers and the head."""
        return self.parallelism.tensor if self.release.spread.divides_dense else self.attention_ways

    @property
    def expert_ways(self) -> int:
        """How many GPUs hold one set of experts."""
        return self.parallelism.tensor * (self.parallelism.data if self.release.spread.divides_experts else 1)

    @property
    def expert_copies(self) -> float:
        """How many times the experts of a layer are held, with those that exist twice."""
        return 1 + self.redundant_experts / self.shape.experts.count if self.shape.experts else 1.0

    @property
    def expert_slice(self) -> float:
        """The width of an expert, or of a GPU's slice of one, before it is padded; 0 without experts."""
        width = self.shape.experts.intermediate if self.shape.experts else 0
        return width if self.expert_parallel else width / self.expert_ways

    @property
    def padded_slice(self) -> int:
        """The same as the engine pads it, but for MXFP4, which `weights` knows."""
        return math.ceil(self.expert_slice / self.expert_block) * self.expert_block

    @property
    def expert_ranks(self) -> int:
        """Ranks whose tokens share one set of experts."""
        return self.expert_ways // self.attention_ways

    @property
    def ranks(self) -> int:
        """Ranks of a replica, each with a batch and a KV cache of its own."""
        return self.parallelism.data * self.attention_ranks

    @property
    def doubt(self) -> float:
        """Factor of uncertainty: 1 if the error was measured."""
        return self.release.doubt(self.accelerator)

    @property
    def static_share(self) -> float | None:
        """The share of memory for weights and cache alone, if the engine leaves the rest to unmeasured work."""
        layout = ReplicaLayout(
            sequences=self.max_sequences,
            tokens=self.batch_tokens,
            gpus=self.parallelism.tensor * self.parallelism.pipeline,
            latent=self.shape.latent is not None,
            eager=self.eager,
            attention_ranks=self.attention_ranks,
        )
        return self.release.static_share(self.accelerator, layout)

    @property
    def share(self) -> float:
        """The share of visible memory that the engine uses."""
        return 1.0 if self.release.shares_the_rest or self.cache_bytes is not None else self._chosen_share

    @property
    def sets_graphs_aside(self) -> bool:
        """Whether graphs are captured in what the engine may use, instead of in the rest of the GPU."""
        return self.release.sets_graphs_aside or self.cache_bytes is not None

    @property
    def cache_share(self) -> float:
        """The share of what weights and work leave that becomes the cache."""
        return self._chosen_share if self.release.shares_the_rest else 1.0

    @property
    def _chosen_share(self) -> float:
        """The share from the spec, otherwise the engine's own."""
        return self.utilization or self.static_share or self.release.share

    @property
    def dtype_bytes(self) -> int:
        """Bytes of one activation."""
        return 4 if self.dtype is Dtype.FLOAT32 else 2

    @property
    def cache_format(self) -> KvFormat:
        """The format of the KV cache; `auto` means the one that the engine takes for this checkpoint."""
        return self.release.own_cache(self.shape, self.accelerator) if self.kv is KvFormat.AUTO else self.kv

    @property
    def format(self) -> WeightFormat:
        """The format of weights in memory; `none` means the one that the checkpoint is stored in."""
        chosen = self.weights or WeightFormat.NONE
        return self.shape.stored.format if chosen is WeightFormat.NONE else chosen


def without_windows(shape: ModelShape) -> ModelShape:
    """Return the model as an engine caches it whose layers with a window keep all tokens; a model that has no others
    needs nothing for that."""
    return replace(shape, window=None) if shape.full_layers else shape


EngineObjection = Callable[[SizingInput], str | None]
"""Why the engine would refuse a configuration, whatever the memory; None if it would not."""


def no_objection(sizing: SizingInput) -> None:
    """Used where no engine is known: nothing is objected to."""
