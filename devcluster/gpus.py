"""Simulated GPUs of nodes, labelled as GPU feature discovery labels real ones."""

from dataclasses import dataclass
from typing import Final

RESOURCE: Final = "nvidia.com/gpu"

MEMORY_MIB: Final = {
    "NVIDIA-A10G": 23028,
    "NVIDIA-A100-SXM4-40GB": 40960,
    "NVIDIA-A100-SXM4-80GB": 81920,
    "NVIDIA-B200": 183359,
    "NVIDIA-H100-80GB-HBM3": 81559,
    "NVIDIA-H200": 143771,
    "NVIDIA-L4": 23034,
    "NVIDIA-L40S": 46068,
    "Tesla-T4": 15360,
}
"""Memory that the driver reports for the most common products; for others it must be given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpus:
    """A node's GPUs: all of one product, as on real nodes."""

    product: str
    count: int
    memory_mib: int

    def labels(self) -> dict[str, str]:
        """The labels that GPU feature discovery writes."""
        return {
            "nvidia.com/gpu.present": "true",
            "nvidia.com/gpu.product": self.product,
            "nvidia.com/gpu.memory": str(self.memory_mib),
            "nvidia.com/gpu.count": str(self.count),
        }


def read(text: str) -> Gpus:
    """Parse `PRODUCT:COUNT` or `PRODUCT:COUNT:MEMORY_MIB`; the `ValueError` says what is wrong and what is valid."""
    product, _, rest = text.partition(":")
    count, _, memory = rest.partition(":")
    if not product or not count.isdigit() or int(count) < 1:
        raise ValueError(f"{text!r}: GPUs are written PRODUCT:COUNT, for instance NVIDIA-L4:4")
    if memory and not memory.isdigit():
        raise ValueError(f"{text!r}: memory {memory!r} is not a number of MiB, for instance NVIDIA-L4:4:23034")
    if not memory and product not in MEMORY_MIB:
        context = ", ".join(sorted(MEMORY_MIB))
        raise ValueError(
            f"{text!r}: the memory of {product} is not known here; write {product}:{count}:MIB, or use {context}"
        )
    return Gpus(product=product, count=int(count), memory_mib=int(memory or MEMORY_MIB[product]))
