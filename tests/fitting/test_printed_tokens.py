"""Tokens in a start's log: blocks over groups up to 0.20.0, whole requests later."""

from typing import Final

import pytest

from fairlead.engines.vllm.memory import VllmRelease
from fairlead.fleet.quantization import KvFormat
from fairlead.sizing.sizing_input import GIB, SizingInput
from fitting import kv_starts
from fitting.kv_starts import MeasuredStart
from tests.sizing.inputs import card, shape

CARD: Final = "NVIDIA-GeForce-RTX-5090"


@pytest.mark.parametrize(
    ("model", "release", "context", "cache", "tokens"),
    [
        ("google/gemma-3-12b-it", "0.19.0", 8192, ("auto", 47.72), 130304),
        ("google/gemma-3-27b-it", "0.19.0", 8192, ("auto", 19.53), 36560),
        ("google/gemma-2-27b-it", "0.19.0", 8192, ("auto", 20.59), 58672),
        ("google/gemma-4-26B-A4B", "0.19.0", 256000, ("fp8", 7.15), 62496),
        ("nvidia/Qwen3.6-35B-A3B-NVFP4", "0.20.0", 65536, ("fp8", 3.07), 79648),
        ("google/gemma-4-26B-A4B", "0.20.2", 256000, ("fp8", 4.58), 286007),
        ("qwen3.6-35b-a3b-nvfp4", "0.24.0", 131072, ("fp8", 5.98), 567978),
    ],
)
def test_the_log_of_a_model_with_layers_of_several_kinds_is_understood(
    model: str, release: str, context: int, cache: tuple[str, float], tokens: int
) -> None:
    """Gemma 4 has blocks of 32 tokens in its wide layers and of 16 in the others: the smallest were multiplied."""
    sizing = SizingInput(
        shape=shape(model),
        accelerator=card(CARD),
        release=VllmRelease.read(release),
        context=context,
        kv=KvFormat(cache[0]),
        max_batched_tokens=16384 if model.startswith("google/gemma-4") else 8192,
    )
    start = MeasuredStart({"vllm_version": release}, sizing)
    assert kv_starts.printed(start, cache[1] * GIB) == pytest.approx(tokens, rel=1.5e-3)


def test_the_memory_of_a_start_is_found_again_from_the_tokens_that_it_printed() -> None:
    sizing = SizingInput(
        shape=shape("google/gemma-3-12b-it"), accelerator=card(), release=VllmRelease(0, 19), context=8192
    )
    start = MeasuredStart({"vllm_version": "0.19.0", "avail_kv_gib": "", "kv_tokens": "130304"}, sizing)
    assert start.kv_bytes / GIB == pytest.approx(47.72, rel=1e-3)
