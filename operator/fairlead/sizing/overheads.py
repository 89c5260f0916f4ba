"""Memory that is neither weights nor activations nor cache: the driver's, libraries', and CUDA graphs'."""

from typing import Final

from fairlead.fleet.accelerators import MIB, Accelerator
from fairlead.fleet.fit import Estimate
from fairlead.sizing.sizing_input import GIB, SizingInput

_GRAPH_BASE: Final = 0.25 * GIB
_GRAPH_NODE: Final = 0.36 * MIB
"""One layer at one batch size, captured twice (whole, and in pieces around attention)."""
EXCHANGE_GIB: Final = 0.25
"""Buffers between GPUs over PCIe, beyond the driver's context."""
ANOTHER_GIB: Final = 0.03
"""Buffers for each GPU beyond two behind a switch."""
PIPELINE_GIB: Final = 0.07
"""What the stages of a pipeline were measured to take outside the tensors."""


def visible(accelerator: Accelerator) -> Estimate:
    """Return bytes that the engine sees: the driver keeps near half a GiB, on the largest cards 0.4 percent."""
    if accelerator.visible_mib is not None:
        return Estimate.exact(accelerator.visible_mib * MIB)
    total = accelerator.memory_bytes
    return Estimate.exact(total - max(0.455 * GIB, 0.004 * total))


def framework(sizing: SizingInput) -> Estimate:
    """Return the driver's context, which grows with loaded kernels, plus buffers between GPUs."""
    parallelism, taken = sizing.parallelism, sizing.release.context_gib
    if parallelism.tensor > 1 and switched(sizing.accelerator):
        taken = sizing.release.switched_gib + ANOTHER_GIB * (parallelism.tensor - 2)
    elif parallelism.tensor > 1:
        taken += EXCHANGE_GIB
    elif parallelism.pipeline > 1:
        taken = PIPELINE_GIB
    return Estimate.exact(taken * GIB)


def switched(accelerator: Accelerator) -> bool:
    """Whether all-reduce uses symmetric memory, near 1.8 GiB: Hopper, data-centre Blackwell with an NVLink switch."""
    return accelerator.capability.major in {9, 10} and "PCIe" not in accelerator.product


def graphs(sizing: SizingInput) -> Estimate:
    """Return what graph capture takes; a head is captured apart from its target."""
    if sizing.eager:
        return Estimate.exact(0)
    layers = sizing.shape.layers / sizing.parallelism.pipeline
    tokens = sizing.batch_sequences * (1 + sizing.drafting.tokens)
    sizes = sizing.release.graph_sizes(tokens, sizing.graph_tokens)
    bases = _GRAPH_BASE * (2 if sizing.drafting.head else 1)
    return Estimate.exact(bases + layers * sizes * _GRAPH_NODE)
