"""What an engine takes of a GPU's memory beside weights and KV cache, and how many requests and tokens it batches.

`sizing` computes with these facts; the kind of engine supplies them, for each of its releases.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from fairlead.fleet.accelerators import Accelerator


class BatchLimits(NamedTuple):
    """An engine's own limits of a batch on one kind of GPU, where the spec sets none."""

    sequences: int
    tokens: int


class HostMemory(NamedTuple):
    """What an engine takes of main memory where it computes on a node's processor."""

    processes_gib: float
    """All its processes, without weights and KV cache."""
    processes_high_gib: float
    """The most that they may take."""
    cache_step_bytes: int
    """Its KV cache is set in multiples of this."""
    block_tokens: int
    """Tokens of one block of the cache."""
    latent_block_tokens: int
    """The same of models with latent attention."""
    packs_tables: bool
    """Whether it packs a copy of the vocabulary's tables, which embedding keeps in plain form as well."""


class ReplicaLayout(NamedTuple):
    """What decides how much memory an engine sets aside for its work before it has done any."""

    sequences: int | None
    """Most requests in a batch, where the spec sets it."""
    tokens: int
    """Most tokens of one step."""
    gpus: int
    """GPUs over which one copy of the model is spread."""
    latent: bool
    """Whether its attention is latent."""
    eager: bool
    """Whether no graphs are captured."""


class EngineMemory(Protocol):
    """One release of an engine, as far as memory goes."""

    @property
    def host(self) -> HostMemory | None:
        """What it takes of main memory on a processor; None where it has no build for one."""

    @property
    def share(self) -> float:
        """The part of the memory it sees that it uses."""

    def static_share(self, accelerator: Accelerator, layout: ReplicaLayout) -> float | None:
        """The part of weights and cache alone, where activations and graphs live in the rest, which nobody measures
        before the cache is made; None where `share` holds them too."""

    @property
    def shares_the_rest(self) -> bool:
        """Whether its share is of what weights and work leave, and is the cache, instead of the part of all memory that
        the engine uses."""

    @property
    def logit_bytes(self) -> float:
        """Bytes that sampling takes for each logit, beside the model's own."""

    @property
    def context_gib(self) -> float:
        """What the driver's context takes on a single GPU."""

    @property
    def switched_gib(self) -> float:
        """What buffers for two GPUs behind a switch usually take, context included."""

    @property
    def sets_graphs_aside(self) -> bool:
        """Whether graphs are subtracted before the cache is sized; otherwise they take from the unused share."""

    @property
    def counts_requests(self) -> bool:
        """Whether it prints the tokens of whole requests, where layers of several kinds share the cache."""

    def batch(self, accelerator: Accelerator) -> BatchLimits:
        """Its own limits of a batch."""

    def doubt(self, accelerator: Accelerator) -> float:
        """How many times the error that was measured on vLLM's starts: 1 for vLLM, more where nobody measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemorySettings:
    """What an engine's arguments say of its memory, beside the typed fields."""

    expert_parallel: bool = False
    """Experts are spread over the GPUs, and not each expert's matrices."""
    images: bool = True
    """Whether the image tower is loaded."""
    adapter_ranks: tuple[int, ...] = ()
    """The rank of each slot for LoRA adapters."""
