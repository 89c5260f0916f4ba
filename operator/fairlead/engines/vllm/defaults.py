"""The defaults of vLLM 0.32 for what a spec leaves out; they depend on the GPU's memory and name."""

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.vllm.memory import CURRENT


def sequences(asked: EngineSetup) -> int:
    """Most requests in a batch; for an unknown GPU the larger default, so that a cap made from it is not too low."""
    default = 1024 if asked.accelerator is None else CURRENT.batch(asked.accelerator).sequences
    return asked.engine.max_sequences or default * _factor(asked)


def batched_tokens(asked: EngineSetup) -> int | None:
    """Tokens of one step; None if the field is absent and the GPU unknown."""
    if asked.engine.max_batched_tokens is not None:
        return asked.engine.max_batched_tokens
    if asked.accelerator is None:
        return None
    return CURRENT.batch(asked.accelerator).tokens * _factor(asked)


def _factor(asked: EngineSetup) -> int:
    """`--performance-mode throughput` doubles both defaults."""
    return 2 if asked.value("--performance-mode") == "throughput" else 1
