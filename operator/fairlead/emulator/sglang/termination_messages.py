"""Termination messages of an SGLang 0.5.23 that cannot start or that dies; the operator maps them to reasons."""

from typing import Final

from fairlead.emulator import hub_messages
from fairlead.emulator.faults import EngineFault
from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.emulator.sglang.start import DIED

CRASHED: Final = "Subprocess scheduler_0 (pid=0) crashed with exit code -9. Triggering SIGQUIT for cleanup. (simulated)"


def of(fault: EngineFault, serve_arguments: ServeArguments) -> str:
    """Return an injected fault's message."""
    match fault:
        case EngineFault.OUT_OF_MEMORY:
            return (
                "RuntimeError: Loaded weights leave no GPU memory for the KV cache under --mem-fraction-static=0.83. "
                "Raise --mem-fraction-static above 0.912."
            )
        case EngineFault.GATED:
            return hub_messages.gated(serve_arguments)
        case EngineFault.NO_MODEL:
            return hub_messages.missing(serve_arguments)
        case _:
            return f"{DIED} See root cause above."
