"""Termination messages of a vLLM that cannot start or that dies; the operator maps them to reasons."""

from typing import Final

from fairlead.emulator import hub_messages
from fairlead.emulator.faults import EngineFault
from fairlead.emulator.serve_arguments import ServeArguments

ENGINE_DIED: Final = "Engine core process EngineCore died unexpectedly. (simulated)"


def of(fault: EngineFault, serve_arguments: ServeArguments) -> str:
    """Return an injected fault's message."""
    match fault:
        case EngineFault.OUT_OF_MEMORY:
            return (
                "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. "
                "GPU 0 has a total capacity of 22.03 GiB of which 1.12 GiB is free."
            )
        case EngineFault.GATED:
            return hub_messages.gated(serve_arguments)
        case EngineFault.NO_MODEL:
            return hub_messages.missing(serve_arguments)
        case _:
            return "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}"
