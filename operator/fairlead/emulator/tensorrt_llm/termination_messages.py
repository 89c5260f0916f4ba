"""Termination messages of a TensorRT-LLM that cannot start or that dies; the operator maps them to reasons."""

from typing import Final

from fairlead.emulator import hub_messages
from fairlead.emulator.faults import EngineFault
from fairlead.emulator.serve_arguments import ServeArguments

DIED: Final = "The executor has died; the server ends itself by SIGINT (simulated)"


def of(fault: EngineFault, serve_arguments: ServeArguments) -> str:
    """Return an injected fault's message."""
    match fault:
        case EngineFault.OUT_OF_MEMORY:
            return "torch.OutOfMemoryError: CUDA out of memory. (simulated)"
        case EngineFault.GATED:
            return hub_messages.gated(serve_arguments)
        case EngineFault.NO_MODEL:
            return hub_messages.missing(serve_arguments)
        case _:
            return "RuntimeError: the executor could not be made (simulated)"
