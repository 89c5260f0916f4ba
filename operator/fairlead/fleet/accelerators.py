"""A GPU product as its data sheet and driver describe it, or a node's processor in its place."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from fairlead.fleet import plurals

MIB = 1024 * 1024
CPU: Final = "CPU"
"""Product of replicas that compute on the node's processor; no GPU has this label."""


class ComputeCapability(NamedTuple):
    """NVIDIA's compute capability; compares and prints like a version."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


TURING: Final = ComputeCapability(7, 5)
AMPERE: Final = ComputeCapability(8, 0)
ADA: Final = ComputeCapability(8, 9)
HOPPER: Final = ComputeCapability(9, 0)
BLACKWELL: Final = ComputeCapability(10, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """What sizing needs to know of a GPU; a rate that was not collected is None, never zero."""

    product: str
    """The product label, as GPU feature discovery writes it."""
    memory_mib: int
    """As the driver reports it; an engine sees one to two percent less."""
    bandwidth_gbs: float | None
    bf16_tflops: float | None
    """Dense, without sparsity."""
    fp8_tflops: float | None
    """None where the product has no FP8 arithmetic: FP8 weights are then computed in 16 bits."""
    capability: ComputeCapability
    price_an_hour: float | None = None
    """US dollars for one GPU."""
    visible_mib: float | None = None
    """Total memory as an engine printed it, where it was measured."""
    unified_memory: bool = False
    """Whether its memory is the node's main memory, of which other programs take their part too."""

    @property
    def memory_bytes(self) -> int:
        """Nominal bytes."""
        return self.memory_mib * MIB

    @property
    def is_cpu(self) -> bool:
        """Whether it is a share of a node's processor and main memory instead of a GPU."""
        return self.product == CPU

    @property
    def is_part(self) -> bool:
        """Whether it is a slice of a GPU, or shared: several of them do not compute one model together, since a process
        sees one slice, and slices exchange nothing."""
        return is_part(self.product)


def is_part(product: str) -> bool:
    """Whether a product is a slice of a GPU, or a GPU that several pods share."""
    return "-MIG-" in product or product.endswith("-SHARED")


def cpu(memory_bytes: int) -> Accelerator:
    """Return a node's processor as an accelerator: the memory that a pod may use. Its rates differ from node to node,
    so no catalogue has them."""
    return Accelerator(
        product=CPU,
        memory_mib=memory_bytes // MIB,
        bandwidth_gbs=None,
        bf16_tflops=None,
        fp8_tflops=None,
        capability=ComputeCapability(0, 0),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuResources:
    """Cores and main memory that one replica takes."""

    cores: int
    memory_bytes: int

    @property
    def words(self) -> str:
        """Formatted: `4 cores and 8 GiB`."""
        return f"{plurals.count(self.cores, 'core')} and {gib(self.memory_bytes)}"


def gib(size: float) -> str:
    """Bytes as `8 GiB` or `7.5 GiB`."""
    return f"{plurals.formatted(round(size / (1 << 30), 1))} GiB"


def replica_price(price_an_hour: float, gpus: int) -> float:
    """Return what these GPUs cost an hour, in decimals: a budget of just as much has to pay for them, and 1.1 x 3 in
    binary is more than 3.3."""
    return float(Decimal(repr(price_an_hour)) * gpus)
