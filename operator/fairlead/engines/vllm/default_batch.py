"""Arguments by which vLLM 0.32 chooses other limits of a batch, where the spec leaves them out.

`engine/arg_utils.py: EngineArgs._set_default_max_num_seqs_and_batched_tokens_args`.
"""

from typing import Final

from fairlead.engines.engine_setup import EngineSetup

WHOLE_PROMPTS: Final = "--no-enable-chunked-prefill"


def factor(setup: EngineSetup) -> int:
    """By how much the setup's arguments raise both limits."""
    return factor_of(setup.value("--performance-mode"))


def factor_of(mode: str | None) -> int:
    """`--performance-mode throughput` doubles both limits."""
    return 2 if mode == "throughput" else 1


def holds_whole_prompts(setup: EngineSetup) -> bool:
    """Without chunked prefill a step is raised to the longest prompt."""
    return setup.gives(WHOLE_PROMPTS)
