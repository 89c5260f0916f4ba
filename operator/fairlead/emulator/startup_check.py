"""The part of an engine's start that needs no GPU: parsing the command line, then opening the model's files.

Failures that only a GPU shows (memory, an engine core that dies) are not found, as with the real engine.
"""

from collections.abc import Callable
from typing import Final

from fairlead.emulator import dialects
from fairlead.emulator.emulation_knobs import EmulationKnobs
from fairlead.emulator.faults import EngineFault
from fairlead.emulator.serve_arguments import ServeArguments

CONFIGURATION_FAULTS: Final = frozenset({EngineFault.GATED, EngineFault.NO_MODEL})
"""Startup faults that show while the engine builds its configuration."""


def check(serve_arguments: ServeArguments, knobs: EmulationKnobs, log: Callable[[str], None]) -> int:
    """Check the configuration; return the exit code."""
    if knobs.order.fault in CONFIGURATION_FAULTS:
        log(dialects.of(serve_arguments).ending.message(knobs.order.fault, serve_arguments))
        return 1
    log("INFO the configuration holds; memory and kernels show on a GPU only (simulated)")
    return 0
