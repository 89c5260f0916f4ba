"""The cost of tensor parallelism: after each half of a layer, every GPU waits for the others' sums.

The figures are round ones for a well-configured machine of each kind, not measurements: NVLink moves an order of
magnitude more than PCIe, and starts sooner.
"""

from typing import Final, NamedTuple

from fairlead.sizing.sizing_input import SizingInput


class GpuLink(NamedTuple):
    """The link between the GPUs of one machine."""

    bytes_per_second: float
    start_s: float


NVLINK: Final = GpuLink(200e9, 8e-6)
PCIE: Final = GpuLink(20e9, 15e-6)
NVLINK_PRODUCTS: Final = ("SXM", "HBM3", "GH200", "B200", "B300", "GB200", "GB300", "H800", "H20")
"""Parts of product labels whose cards are connected by NVLink in every machine they are sold in."""
SUMS_A_LAYER: Final = 2


def link(product: str) -> GpuLink:
    """Return a product's link; cards that may or may not have a bridge count as having none."""
    bridged = any(mark in product for mark in NVLINK_PRODUCTS) and "NVL" not in product
    return NVLINK if bridged else PCIE


def exchange_s(sizing: SizingInput, tokens: float) -> float:
    """Return how long all layers of a step with this many tokens wait for sums."""
    tensor = sizing.parallelism.tensor
    if tensor == 1:
        return 0.0
    path = link(sizing.accelerator.product)
    moved = tokens * sizing.shape.hidden * sizing.dtype_bytes * 2 * (tensor - 1) / tensor
    return sizing.shape.layers * SUMS_A_LAYER * (path.start_s + moved / path.bytes_per_second)
