"""KV blocks in main memory take nothing of a GPU, and the fit says how many tokens they keep."""

from dataclasses import replace
from typing import Any

import pytest

from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.engine_memory import WeightOffload
from fairlead.fleet.fit import Fit
from fairlead.sizing import assessment
from fairlead.sizing.sizing_input import GIB, SizingInput
from tests.sizing.inputs import LLAMA, sizing_input

PLAIN = replace(sizing_input(LLAMA, "NVIDIA-L4"), max_sequences=1)


def assessed(sizing: SizingInput) -> Fit:
    answer = assessment.assess(sizing)
    assert isinstance(answer, Fit)
    return answer


def test_the_tokens_that_main_memory_keeps_are_named() -> None:
    plain, kept = assessed(PLAIN), assessed(replace(PLAIN, host_cache_bytes=64 * GIB))
    assert kept.because == f"{plain.because}; 64.0 GiB of main memory keep blocks of 524,288 tokens"
    assert (kept.kv_tokens, kept.memory.kv) == (plain.kv_tokens, plain.memory.kv)
    assert (kept.memory.host_cache, plain.memory.host_cache) == (64 * GIB, 0)


def test_several_gpus_share_it() -> None:
    spread = replace(PLAIN, parallelism=Parallelism(tensor=2), host_cache_bytes=64 * GIB)
    assert assessed(spread).because.endswith("keep blocks of 524,288 tokens")


@pytest.mark.parametrize(
    "ranks", [{"parallelism": Parallelism(data=2)}, {"attention_ranks": 2}], ids=["data", "attention"]
)
def test_ranks_with_caches_of_their_own_keep_different_tokens(ranks: dict[str, Any]) -> None:
    """Both together keep as many as one GPU would in the same memory."""
    spread = {"parallelism": Parallelism(tensor=2)} | ranks
    kept = assessed(replace(PLAIN, host_cache_bytes=64 * GIB, **spread))
    assert kept.because.endswith("; 64.0 GiB of main memory keep blocks of 524,288 tokens")


def test_weights_there_are_named_beside_it() -> None:
    both = replace(PLAIN, host_cache_bytes=64 * GIB, offload=WeightOffload(4 * GIB))
    assert assessed(both).because.endswith(
        "; 4.0 GiB of weights are in main memory; 64.0 GiB of main memory keep blocks of 524,288 tokens"
    )
