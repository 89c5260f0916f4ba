"""A KV cache of a stated size is what requests have to fit into, however much memory would be left for it."""

from dataclasses import replace

import pytest

from fairlead.engines.vllm.memory import CURRENT, VllmRelease
from fairlead.fleet.fit import Fit, FitReason, FitVerdict, NoFit
from fairlead.sizing import assessment
from fairlead.sizing.sizing_input import GIB
from tests.sizing.inputs import sizing_input

OLDER = VllmRelease(0, 19)


@pytest.mark.parametrize("release", [CURRENT, OLDER])
def test_a_request_that_a_stated_cache_cannot_hold_does_not_fit(release: VllmRelease) -> None:
    """8,192 tokens of Llama 3.1 take 1 GiB: with half of it vLLM ends at its start, and it was said to fit surely."""
    half = replace(sizing_input(), release=release, cache_bytes=GIB // 2)
    found = assessment.assess(half)
    assert isinstance(found, NoFit)
    assert found.reason is FitReason.CONTEXT_EXCEEDS_CACHE
    assert found.because == "the KV cache, 0.5 GiB by extraArgs, holds at most 0.50 requests of 8192 tokens"


@pytest.mark.parametrize("release", [CURRENT, OLDER])
def test_a_stated_cache_is_taken_for_what_it_holds_whatever_the_share(release: VllmRelease) -> None:
    two = replace(sizing_input(), release=release, cache_bytes=2 * GIB, utilization=0.3)
    found = assessment.assess(two)
    assert isinstance(found, Fit)
    assert (found.verdict, found.kv_tokens.low, found.kv_tokens.high) == (FitVerdict.FITS, 16384, 16384)
    assert "2.0 of 79.2 GiB are the KV cache by extraArgs; the weights take the most" in found.because


def test_blocks_that_are_fewer_than_the_memory_holds_are_all_the_cache() -> None:
    """A block has 16 tokens, and the engine keeps the first one for itself."""
    few = replace(sizing_input(), cache_blocks=400)
    found = assessment.assess(few)
    assert isinstance(found, NoFit)
    assert found.reason is FitReason.CONTEXT_EXCEEDS_CACHE
    assert found.because == "the KV cache, 0.8 GiB by extraArgs, holds at most 0.78 requests of 8192 tokens"
    found = assessment.assess(replace(few, cache_blocks=1024))
    assert isinstance(found, Fit)
    assert (found.kv_tokens.low, found.kv_tokens.high) == (16384, 16384)
    found = assessment.assess(replace(few, cache_blocks=1024, cache_bytes=GIB + GIB // 2))
    assert isinstance(found, Fit)
    assert (found.kv_tokens.low, found.kv_tokens.high) == (12288, 12288), "the smaller of both"


def test_a_stated_cache_beyond_the_memory_is_not_there() -> None:
    plain = replace(sizing_input(), utilization=1.0)
    found, most = (assessment.assess(one) for one in (replace(plain, cache_bytes=200 * GIB), plain))
    assert isinstance(found, Fit)
    assert isinstance(most, Fit)
    assert found.kv_tokens == most.kv_tokens
