"""Termination messages of a TensorRT-LLM that could not start."""

import re
from typing import Final

from fairlead.engines.failures import OF_THE_HUB, FailurePattern
from fairlead.fleet.conditions import ConditionReason

FAILURES: Final = (
    *OF_THE_HUB,
    FailurePattern(
        re.compile(r"torch\.(cuda\.)?OutOfMemoryError|CUDA out of memory|(?i:insufficient GPU memory)"),
        ConditionReason.OUT_OF_GPU_MEMORY,
        "lower batching.maxBatchedTokens or spec.engine.memoryUtilization, take a quantized checkpoint, or more GPUs",
    ),
    FailurePattern(
        re.compile(r"Usage: trtllm-serve|No such option|validation errors? for \w*LlmArgs|No GPU devices found"),
        ConditionReason.BAD_ARGUMENTS,
        "correct spec.engine, above all extraArgs, for this version of the engine",
    ),
)
"""Read in its source and in other users' reports; none was observed here."""
