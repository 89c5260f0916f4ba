"""vLLM 0.32's defaults for what a spec leaves out; they depend on the GPU's memory and name."""

from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.vllm import default_batch
from fairlead.engines.vllm.memory import CURRENT

ACTIVE: Final = "--max-num-active-seqs"


def sequences(setup: EngineSetup) -> int:
    """Maximum requests in a batch; for an unknown GPU the larger default, so that a cap derived from it is not too
    low. vLLM lowers its default to the tokens of a step."""
    if setup.engine.max_sequences:
        return setup.engine.max_sequences
    usual = 1024 if setup.accelerator is None else CURRENT.batch(setup.accelerator).sequences
    default = usual * default_batch.factor(setup)
    return min(default, batched_tokens(setup) or default)


def running(setup: EngineSetup) -> int:
    """Maximum requests that run at once: `--max-num-active-seqs` may leave a part of a batch empty."""
    most, written = sequences(setup), setup.value(ACTIVE) or ""
    return min(most, int(written)) if written.isascii() and written.isdigit() else most


def batched_tokens(setup: EngineSetup) -> int | None:
    """Maximum tokens in one step; None if the field is absent and the GPU unknown."""
    if setup.engine.max_batched_tokens is not None:
        return setup.engine.max_batched_tokens
    if setup.accelerator is None:
        return None
    usual = CURRENT.batch(setup.accelerator).tokens * default_batch.factor(setup)
    return max(usual, setup.context_tokens or 0) if default_batch.holds_whole_prompts(setup) else usual
