"""Termination messages of a vLLM 0.32 that could not start."""

import re
from typing import Final

from fairlead.engines.failures import OF_THE_HUB, FailurePattern
from fairlead.fleet.conditions import ConditionReason

FAILURES: Final = (
    *OF_THE_HUB,
    FailurePattern(
        re.compile(r"(?i)safetensor_?error|error while deserializing|invalid load key|zip archive"),
        ConditionReason.MODEL_UNREADABLE,
        "check the files at spec.model.source: a weights file is truncated or not what its name says",
    ),
    FailurePattern(
        re.compile(r"(?i)available memory on node"),
        ConditionReason.OUT_OF_MEMORY,
        "raise spec.accelerator.memory: weight files that were just read count as used memory",
    ),
    FailurePattern(
        re.compile(r"Failed core proc\(s\): .*: -9\b"),
        ConditionReason.OUT_OF_MEMORY,
        "raise spec.accelerator.memory on CPU: SIGKILL ended its engine process, as the kernel does when memory runs "
        "out",
    ),
    FailurePattern(
        re.compile(
            r"(?i)cuda out of memory|no available memory for the cache|out of memory.*gpu"
            r"|than the available kv cache memory"  # each good start logs the last three words, too
        ),
        ConditionReason.OUT_OF_GPU_MEMORY,
        "lower spec.engine.context.maxTokens or spec.engine.batching.maxSequences, quantize, or take more GPUs",
    ),
    FailurePattern(
        re.compile(
            r"(?i)unrecognized arguments|ambiguous option|error: argument|invalid choice|validation error"
            r"|invalid (tool call|reasoning) parser|requires --tool-call-parser"
        ),
        ConditionReason.BAD_ARGUMENTS,
        "correct spec.engine, above all extraArgs, for this version of the engine",
    ),
)
