"""What an engine takes of a GPU's memory besides weights and KV cache, and how many requests and tokens it batches.

`sizing` computes with these facts; each kind of engine supplies them for each of its releases.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, NamedTuple, Protocol

from fairlead.fleet.accelerators import Accelerator
from fairlead.fleet.quantization import KvFormat
from fairlead.fleet.shapes import ModelShape

PROMPT_IMAGES: Final = 999
"""Most images in one prompt if no argument limits them: vLLM's `config/multimodal.py`."""


class BatchLimits(NamedTuple):
    """An engine's default limits of a batch on one kind of GPU, for specs that set none."""

    sequences: int
    tokens: int


class HostMemory(NamedTuple):
    """What an engine takes of main memory when it computes on a node's processor."""

    processes_gib: float
    """Memory of all its processes, without weights and KV cache."""
    processes_high_gib: float
    """The most that they may take."""
    cache_step_bytes: int
    """Its KV cache is a multiple of this."""
    block_tokens: int
    """Tokens of one block of the cache."""
    latent_block_tokens: int
    """The same for models with latent attention."""
    packs_tables: bool
    """Whether it packs a copy of the vocabulary's tables, although embedding also keeps them unpacked."""


class ReplicaLayout(NamedTuple):
    """What decides how much memory an engine reserves for its work before it has done any."""

    sequences: int | None
    """Most requests in a batch, if the spec sets it."""
    tokens: int
    """Most tokens of one step."""
    gpus: int
    """GPUs over which one copy of the model is spread."""
    latent: bool
    """Whether its attention is latent."""
    eager: bool
    """Whether no graphs are captured."""
    attention_ranks: int = 1
    """Ranks among these GPUs with requests of their own."""


class LongerStages(Enum):
    """Which stages of a pipeline get one layer more if the layers cannot be divided evenly."""

    FIRST = auto()
    BEFORE_LAST = auto()
    """The last one, which has the head, does not."""
    LAST = auto()


class SpreadRules(NamedTuple):
    """How an engine spreads a model over the GPUs of a replica."""

    divides_experts: bool
    """Whether data-parallel ranks hold the experts together; otherwise each rank is a whole copy of the model."""
    longer: LongerStages
    divides_dense: bool = True
    """Whether ranks inside tensor parallelism divide dense layers and the head; otherwise each holds them whole."""
    divides_batch: bool = False
    """Whether the limit of sequences is divided among them, instead of each one's own."""


class WeightOffload(NamedTuple):
    """Weights of decoder layers that the arguments leave in main memory, from where every step reads them."""

    gpu_bytes: int = 0
    """Of each GPU: parameter after parameter moves until they are at least as many."""
    named: bool = False
    """Whether only parameters of certain names may move."""


NOTHING_OFFLOADED: Final = WeightOffload()


class HostCache(NamedTuple):
    """Blocks of the KV cache that a replica keeps in main memory, so that a prompt evicted from its GPUs is loaded
    instead of computed again."""

    replica_bytes: int = 0
    shared: bool = False
    """Whether they are a file in `/dev/shm`, which must be as large."""
    copies: bool = True
    """Whether each block of the GPUs is there too, so that a smaller size than theirs adds little."""


NO_HOST_CACHE: Final = HostCache()


class EngineMemory(Protocol):
    """The memory behaviour of one release of an engine."""

    @property
    def host(self) -> HostMemory | None:
        """What it takes of main memory on a processor; None if it has no build for one."""

    @property
    def share(self) -> float:
        """The share of the memory visible to it that it uses."""

    def static_share(self, accelerator: Accelerator, layout: ReplicaLayout) -> float | None:
        """The share for weights and cache alone, if activations and graphs live in the rest, which is not measured
        before the cache is created; None if `share` includes them."""

    @property
    def shares_the_rest(self) -> bool:
        """Whether its share is the cache's of what weights and work leave, instead of the engine's of all memory."""

    @property
    def logit_bytes(self) -> float:
        """Bytes that sampling takes for each logit, beyond the model's own."""

    @property
    def context_gib(self) -> float:
        """What the driver's context takes on a single GPU."""

    @property
    def switched_gib(self) -> float:
        """What buffers for two GPUs behind a switch usually take, context included."""

    @property
    def sets_graphs_aside(self) -> bool:
        """Whether graphs are subtracted before the cache is sized; otherwise they use the unused share."""

    @property
    def spread(self) -> SpreadRules:
        """How it spreads the model over the GPUs of a replica."""

    @property
    def counts_requests(self) -> bool:
        """Whether its tokens are those of whole requests if layers of several kinds share the cache."""

    @property
    def adapts_experts(self) -> bool:
        """Whether each slot for a LoRA adapter has room for every expert, before any adapter is loaded."""

    def own_cache(self, shape: ModelShape, accelerator: Accelerator) -> KvFormat:
        """Return the format of the KV cache if the spec sets none: `auto` is the model's own type."""

    def batch(self, accelerator: Accelerator) -> BatchLimits:
        """Return its default limits of a batch."""

    def graph_sizes(self, tokens: int, longest: int | None = None) -> int:
        """Return how many sizes of step it captures as CUDA graphs for a largest batch of so many tokens; up to the
        longest, if a field sets it."""

    def doubt(self, accelerator: Accelerator) -> float:
        """Return the factor on the error measured on vLLM's starts: 1 for vLLM, more where nothing was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemorySettings:
    """Memory settings in an engine's arguments, beyond the typed fields."""

    batch_factor: int = 1
    """How many times the limits of a batch that the spec leaves out are the release's defaults."""
    whole_prompts: bool = False
    """Whether a step holds the longest prompt, if the spec leaves its tokens out."""
    expert_parallel: bool = False
    """Whether experts are spread over the GPUs, instead of each expert's matrices."""
    expert_block: int = 1
    """Slices of experts are padded to a multiple of this width."""
    redundant_experts: int = 0
    """Experts of each layer that exist twice, so that the load of its GPUs can be balanced."""
    moves_experts: bool = False
    """Whether each GPU has room for the experts of another layer, through which they are moved."""
    attention_ranks: int = 1
    """Ranks inside tensor parallelism that serve requests of their own: each has all of attention, and a cache."""
    rank_each_gpu: bool = False
    """Whether each GPU of tensor parallelism is such a rank, so that their number follows from it."""
    context_ranks: int = 1
    """GPUs of a rank that hold different tokens of each request's cache."""
    windows: bool = True
    """Whether layers with a window keep no more tokens than that."""
    images: bool = True
    """Whether the image tower is loaded."""
    prompt_images: int = PROMPT_IMAGES
    """Most images or videos in one prompt."""
    adapter_ranks: tuple[int, ...] = ()
    """Rank of each slot for LoRA adapters."""
    adapter_modules: frozenset[str] | None = None
    """Names of the modules that the arguments let adapters change; None: all."""
    adapter_experts: bool = True
    """Whether the arguments leave the experts among what adapters may change."""
    caches_states: bool = True
    """Whether a recurrent layer keeps the last cached state of a request beside the running one."""
    cache_bytes: int | None = None
    """The size of each GPU's KV cache, if the arguments state it; None: it is what a share of the memory leaves."""
    cache_blocks: int | None = None
    """The blocks of it, if the arguments state their number; None: as many as fit into it."""
    offload: WeightOffload = NOTHING_OFFLOADED
    """Weights that each GPU leaves in main memory."""
    host_cache: HostCache = NO_HOST_CACHE
