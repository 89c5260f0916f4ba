"""What vLLM finds out of its start without a GPU: its words are known by then, here the model's files are opened too.

What only a GPU shows (memory, an engine core that dies) is not found, as with vLLM.
"""

from collections.abc import Callable
from typing import Final

from fairlead.emulator.emulation_knobs import EmulationKnobs
from fairlead.emulator.engine import termination_messages
from fairlead.emulator.faults import EngineFault
from fairlead.emulator.serve_arguments import ServeArguments

CONFIGURATION_FAULTS: Final = frozenset({EngineFault.GATED, EngineFault.NO_MODEL})
"""Faults of a start that show while vLLM makes its configuration."""


def check(served: ServeArguments, pretended: EmulationKnobs, tell: Callable[[str], None]) -> int:
    """The exit code of a start that ends after its configuration."""
    if pretended.order.fault in CONFIGURATION_FAULTS:
        tell(termination_messages.of(pretended.order.fault, served))
        return 1
    tell("INFO the configuration holds; memory and kernels show on a GPU only (simulated)")
    return 0
