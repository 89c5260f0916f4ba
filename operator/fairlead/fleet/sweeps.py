"""What a sweep varies and records of an engine, in words that engines and the simulator share."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MAX_CAPTURED: Final = 1024
"""Tokens of the longest step that the variant with more CUDA graphs captures; by default engines capture up to 256 or
512."""


class EngineVariant(StrEnum):
    """The ways in which the engine is started, in the order of measurement."""

    AS_GIVEN = "asGiven"
    """The user's own command."""
    NGRAM = "ngram"
    """With n-gram speculation, looked up by the host."""
    NGRAM_GPU = "ngramGpu"
    """With n-gram speculation, looked up by the GPU."""
    DRAFT = "draftModel"
    """With speculation by a draft model."""
    EAGLE3 = "eagle3"
    """With speculation by an EAGLE-3 head."""
    FP8 = "fp8"
    """With weights quantized to FP8 at the start."""
    KV_FP8 = "kvFp8"
    """With an FP8 KV cache."""
    GRAPHS = "graphs"
    """With CUDA graphs also for steps with longer prompts."""
    BFLOAT16 = "bfloat16"
    SLEEP = "sleep"
    """With sleep mode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KvCapacity:
    """The KV cache as the engine reports it."""

    tokens: int
    blocks: int
    block_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedWork:
    """What was not measured, and why."""

    what: str
    why: str
