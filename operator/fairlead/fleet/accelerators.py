"""One GPU product as its data sheet and its driver describe it."""

from dataclasses import dataclass
from typing import NamedTuple

MIB = 1024 * 1024


class ComputeCapability(NamedTuple):
    """NVIDIA's compute capability; compares like a version."""

    major: int
    minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """What sizing has to know of a GPU; a rate that was not collected is absent, never zero."""

    product: str
    """The product label, as GPU feature discovery writes it."""
    memory_mib: int
    """As the driver reports it; an engine sees one to two percent less."""
    bandwidth_gbs: float | None
    bf16_tflops: float | None
    """Dense, without sparsity."""
    fp8_tflops: float | None
    """Absent where the product has no FP8 arithmetic: FP8 weights are then computed in 16 bits."""
    capability: ComputeCapability
    price_an_hour: float | None = None
    """US dollars for one GPU."""
    visible_mib: float | None = None
    """The total memory that an engine printed, where it was measured."""

    @property
    def memory_bytes(self) -> int:
        """Nominal bytes."""
        return self.memory_mib * MIB
