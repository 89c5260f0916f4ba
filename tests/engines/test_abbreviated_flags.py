"""A flag that vLLM's parser completes is checked, and counted in the memory, as one that is written in full."""

from dataclasses import replace
from typing import Final

import pytest

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.vllm import abbreviations
from fairlead.engines.vllm.engine import VllmEngine
from fairlead.fleet.desired_state import Parallelism
from tests.engines.setups import ENGINE, LATENT, LLAMA, setup_of

VLLM: Final = VllmEngine()
SPREAD: Final = ("--enable-expert-parallel", "--enable-expert", "--enable_expert_p")


def given(*words: str) -> tuple[str, ...]:
    """Return these words as the checks see them."""
    return abbreviations.completed(setup_of(replace(ENGINE, extra_args=words))).engine.extra_args


@pytest.mark.parametrize(
    ("word", "whole"),
    [
        ("--max-num-act=8", "--max-num-active-seqs=8"),
        ("--compilation-conf.mode=0", "--compilation-config.mode=0"),
        ("--no-enable-chunked", "--no-enable-chunked-prefill"),
        ("--kv_cache_memory=4G", "--kv-cache-memory-bytes=4G"),
        ("--enable-e", "--enable-e"),
        ("--no-such-flag", "--no-such-flag"),
        ("-ep", "-ep"),
        ("-1", "-1"),
        ("--", "--"),
        ("value", "value"),
    ],
)
def test_a_flag_is_completed_if_it_is_short_for_one_flag_only(word: str, whole: str) -> None:
    assert given(word) == (whole,)


def test_a_setup_without_abbreviations_stays_itself() -> None:
    setup = setup_of(replace(ENGINE, extra_args=("--seed", "1")))
    assert abbreviations.completed(setup) is setup


@pytest.mark.parametrize("flag", SPREAD)
def test_experts_are_spread_by_an_abbreviated_flag_too(flag: str) -> None:
    """Balancing experts was refused although they were spread, and each expert's matrices were counted as divided."""

    def mixture(*words: str) -> EngineSetup:
        return setup_of(replace(ENGINE, extra_args=words), shape=LATENT, parallelism=Parallelism(tensor=2))

    assert VLLM.memory_settings(mixture(flag)).expert_parallel
    assert VLLM.refusals(mixture(flag, "--enable-eplb")) == ()


@pytest.mark.parametrize("flag", SPREAD)
def test_a_dense_model_has_no_experts_to_spread_however_the_flag_is_written(flag: str) -> None:
    (refusal,) = VLLM.refusals(setup_of(replace(ENGINE, extra_args=(flag,)), shape=LLAMA))
    assert refusal.because == "Llama-3.1-8B has no experts"
