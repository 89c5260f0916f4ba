"""The defaults of vLLM 0.32 for what a spec leaves out; they depend on the GPU's memory and name."""

from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.fleet.accelerators import Accelerator

_LARGE_MIB: Final = 70 * 1024
_HUGE_MIB: Final = 160 * 1024


def sequences(asked: EngineSetup) -> int:
    """Most requests in a batch; for an unknown GPU the larger default, so that a cap made from it is not too low."""
    small = asked.accelerator is not None and not _large(asked.accelerator)
    return asked.engine.max_sequences or (256 if small else 1024) * _factor(asked)


def batched_tokens(asked: EngineSetup) -> int | None:
    """Tokens of one step; None if the field is absent and the GPU unknown."""
    if asked.engine.max_batched_tokens is not None:
        return asked.engine.max_batched_tokens
    if asked.accelerator is None:
        return None
    return _default_batch(asked.accelerator) * _factor(asked)


def _default_batch(accelerator: Accelerator) -> int:
    if accelerator.memory_mib >= _HUGE_MIB:
        return 16384
    return 8192 if _large(accelerator) else 2048


def _factor(asked: EngineSetup) -> int:
    """`--performance-mode throughput` doubles both defaults."""
    return 2 if asked.value("--performance-mode") == "throughput" else 1


def _large(accelerator: Accelerator) -> bool:
    """vLLM treats the A100 as a small GPU here, whatever its memory."""
    return accelerator.memory_mib >= _LARGE_MIB and "A100" not in accelerator.product
