"""Termination messages of an SGLang 0.5.23 that could not start."""

import re
from typing import Final

from fairlead.engines.failures import OF_THE_HUB, FailurePattern
from fairlead.fleet.conditions import ConditionReason

FAILURES: Final = (
    *OF_THE_HUB,
    FailurePattern(
        re.compile(r"scheduler died during initialization \(exit code: (-9|137)\)"),
        ConditionReason.OUT_OF_MEMORY,
        "the kernel killed one of its processes: give its node or container more main memory, or take a smaller model",
    ),
    FailurePattern(
        re.compile(r"(?i)leave no GPU memory for the KV cache|increase --mem-fraction-static"),
        ConditionReason.OUT_OF_GPU_MEMORY,
        "quantize, take more GPUs or lower batching.maxBatchedTokens; or raise spec.engine.memoryUtilization",
    ),
    FailurePattern(
        re.compile(r"torch\.OutOfMemoryError|(?i:capture cuda graph failed)"),
        ConditionReason.OUT_OF_GPU_MEMORY,
        "leave spec.engine.memoryUtilization out or lower it, lower batching, quantize, or take more GPUs",
    ),
    FailurePattern(
        re.compile(
            r"sglang serve: error: |SGLang only supports sm75|Quantization method specified in the model config"
        ),
        ConditionReason.BAD_ARGUMENTS,
        "correct spec.engine, above all extraArgs, for this version of the engine",
    ),
)
