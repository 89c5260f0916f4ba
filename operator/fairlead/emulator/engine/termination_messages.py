"""The termination messages of a vLLM that cannot start or that dies; the operator maps them to reasons."""

from typing import Final

from fairlead.emulator.faults import EngineFault
from fairlead.emulator.serve_arguments import ServeArguments

ENGINE_DIED: Final = "Engine core process EngineCore died unexpectedly. (simulated)"


def of(fault: EngineFault, served: ServeArguments) -> str:
    """The message of an ordered fault."""
    match fault:
        case EngineFault.OUT_OF_MEMORY:
            return (
                "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. "
                "GPU 0 has a total capacity of 22.03 GiB of which 1.12 GiB is free."
            )
        case EngineFault.GATED:
            page = f"https://huggingface.co/{served.model}"
            return (
                f"OSError: You are trying to access a gated repo.\nMake sure to have access to it at {page}.\n"
                f"401 Client Error. Cannot access gated repo for url {page}/resolve/main/config.json.\n"
                f"Access to model {served.model} is restricted. You must have access to it and be authenticated "
                "to access it. Please log in."
            )
        case EngineFault.NO_MODEL:
            return (
                f"OSError: {served.model} is not a local folder and is not a valid model identifier listed on "
                "'https://huggingface.co/models'"
            )
        case _:
            return "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}"
