"""Verdicts: fits only by the low estimate, does not fit only by the high one, and each reason in its own test."""

from dataclasses import replace

import pytest

from fairlead.engines.sglang.memory import MEMORY as SGLANG
from fairlead.engines.vllm.memory import VllmRelease
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.fit import Fit, FitReason, FitVerdict, NoFit
from fairlead.sizing import assessment, fit_alternatives
from fairlead.sizing.sizing_input import GIB, SizingInput
from tests.sizing.inputs import card, sizing_input


def verdict(sizing: SizingInput) -> tuple[FitVerdict, FitReason]:
    """Verdict and reason of an answer."""
    answer = assessment.assess(sizing)
    return answer.verdict, answer.reason


def test_a_small_model_on_a_large_card_fits_with_every_number() -> None:
    answer = assessment.assess(sizing_input())
    assert isinstance(answer, Fit)
    assert (answer.verdict, answer.reason) == (FitVerdict.FITS, FitReason.ROOM_ENOUGH)
    assert answer.because.startswith("certainly holds 1 request of 8192 tokens: 5")
    assert answer.sequences.likely == pytest.approx(answer.kv_tokens.likely / 8192, rel=0.001)


def test_weights_beyond_the_memory_are_refused_with_the_figures() -> None:
    answer = assessment.assess(sizing_input("meta-llama/Llama-3.3-70B-Instruct"))
    assert isinstance(answer, NoFit)
    assert (answer.verdict, answer.reason) == (FitVerdict.NO, FitReason.WEIGHTS_EXCEED_MEMORY)
    assert answer.because == "135.3 GiB are needed before any KV cache, and the engine may use 72.9 GiB"


def test_a_context_beyond_the_cache_is_refused() -> None:
    inputs = sizing_input("Qwen/Qwen2.5-72B-Instruct", context=65536)
    spread = replace(inputs, parallelism=Parallelism(tensor=2), utilization=0.95, release=VllmRelease(0, 19))
    assert verdict(spread) == (FitVerdict.NO, FitReason.CONTEXT_EXCEEDS_CACHE)


def test_more_sequences_than_the_cache_holds_are_refused() -> None:
    assert verdict(replace(sizing_input(context=131072), sequences=16)) == (
        FitVerdict.NO,
        FitReason.SEQUENCES_EXCEED_CACHE,
    )


def test_the_cache_never_has_to_hold_sequences_beyond_the_batch() -> None:
    many = replace(sizing_input(context=131072), sequences=16, max_sequences=1)
    assert verdict(many) == (FitVerdict.FITS, FitReason.ROOM_ENOUGH)


def test_what_lies_between_low_and_high_is_tight() -> None:
    inputs = sizing_input("Qwen/Qwen2.5-72B-Instruct", context=16384)
    spread = replace(inputs, parallelism=Parallelism(tensor=2), utilization=0.95, release=VllmRelease(0, 19))
    answer = assessment.assess(spread)
    assert (answer.verdict, answer.reason) == (FitVerdict.TIGHT, FitReason.WITHIN_DOUBT)
    assert answer.because.startswith("likely holds")


def test_what_the_likely_estimate_does_not_hold_is_a_tight_fit_at_best() -> None:
    answer = assessment.assess(replace(sizing_input(context=16384), sequences=28))
    assert (answer.verdict, answer.because[:7]) == (FitVerdict.TIGHT, "perhaps")


def test_an_older_release_needs_room_for_graphs_outside_its_share() -> None:
    full = replace(sizing_input(), utilization=0.995, release=VllmRelease(0, 19))
    assert verdict(full) == (FitVerdict.TIGHT, FitReason.WITHIN_DOUBT)


def test_a_context_beyond_the_model_is_refused_before_any_counting() -> None:
    answer = assessment.assess(sizing_input(context=200_000))
    assert answer == NoFit(
        reason=FitReason.CONTEXT_EXCEEDS_MODEL,
        because="the context has 200000 tokens, and the model was made for 131072",
        memory=None,
    )


def test_heads_that_do_not_divide_are_refused_before_any_counting() -> None:
    answer = assessment.assess(replace(sizing_input("Qwen/Qwen2.5-7B-Instruct"), parallelism=Parallelism(tensor=8)))
    assert answer == NoFit(
        reason=FitReason.HEADS_NOT_DIVISIBLE,
        because="28 attention heads cannot be shared evenly by 8 GPUs: use a divisor of 28",
        memory=None,
    )


def test_kv_heads_that_neither_divide_nor_repeat_equally_are_refused_before_any_counting() -> None:
    phi = sizing_input("microsoft/phi-4")
    answers = {
        tensor: assessment.assess(replace(phi, parallelism=Parallelism(tensor=tensor))) for tensor in (1, 2, 4, 20)
    }
    assert answers[4] == NoFit(
        reason=FitReason.HEADS_NOT_DIVISIBLE,
        because="10 KV heads cannot be shared evenly by 4 GPUs, nor repeated equally often",
        memory=None,
    )
    assert [tensor for tensor, answer in answers.items() if isinstance(answer, Fit)] == [1, 2, 20]


def test_heads_of_linear_attention_are_divided_too() -> None:
    twelve = replace(sizing_input("Qwen/Qwen3.5-27B"), parallelism=Parallelism(tensor=12))
    assert assessment.assess(twelve) == NoFit(
        reason=FitReason.HEADS_NOT_DIVISIBLE,
        because="heads of linear attention cannot be shared evenly by 12 GPUs",
        memory=None,
    )


def test_gpus_that_have_all_of_attention_divide_no_heads() -> None:
    maverick = sizing_input("meta-llama/Llama-4-Maverick-17B-128E-Instruct", "NVIDIA-H200")
    sixteen = replace(maverick, parallelism=Parallelism(tensor=16))
    assert verdict(sixteen) == (FitVerdict.NO, FitReason.HEADS_NOT_DIVISIBLE)
    assert isinstance(assessment.assess(replace(sixteen, attention_ranks=16)), Fit)


def test_a_recurrent_model_without_a_state_a_sequence_is_refused_unless_eager_or_smaller() -> None:
    inputs = sizing_input("Inferact/Qwen3.8-27B-NVFP4", "NVIDIA-GeForce-RTX-5090", 16384)
    eager, smaller = replace(inputs, eager=True), replace(inputs, max_sequences=8)
    assert verdict(inputs) == (FitVerdict.NO, FitReason.STATES_FEWER_THAN_SEQUENCES)
    assert {verdict(eager)[0], verdict(smaller)[0]} <= {FitVerdict.FITS, FitVerdict.TIGHT}


def test_an_engine_that_lowers_its_batch_by_itself_needs_no_state_a_sequence() -> None:
    inputs = sizing_input("Inferact/Qwen3.8-27B-NVFP4", "NVIDIA-H100-80GB-HBM3", 16384)

    assert verdict(replace(inputs, release=SGLANG, max_batched_tokens=16384, max_sequences=16384))[0] is FitVerdict.FITS


def test_a_static_share_below_the_weights_never_fits_since_no_doubt_is_about_weights() -> None:
    static = replace(sizing_input(), release=SGLANG)

    assert verdict(replace(static, utilization=0.18)) == (FitVerdict.NO, FitReason.WEIGHTS_EXCEED_MEMORY)
    assert verdict(replace(static, utilization=0.4)) == (FitVerdict.FITS, FitReason.ROOM_ENOUGH)


def test_a_cache_that_only_luck_leaves_is_said_to_be_the_best_case() -> None:
    answer = assessment.assess(replace(sizing_input(), release=SGLANG, utilization=0.2))

    assert (answer.verdict, answer.reason) == (FitVerdict.TIGHT, FitReason.WITHIN_DOUBT)
    assert ": 0.6 of 15.8 GiB are left" in answer.because
    low = assessment.assess(replace(sizing_input(), release=SGLANG, utilization=0.191))
    assert low.because.startswith("perhaps holds 1 request of 8192 tokens: at best ")


def test_an_unknown_architecture_is_unknown_not_no() -> None:
    answer = fit_alternatives.unknown("the architecture 'x' is not known to this version")
    assert (answer.verdict, answer.memory) == (FitVerdict.UNKNOWN, None)


def test_a_card_whose_rates_were_not_collected_is_sized_all_the_same() -> None:
    answer = assessment.assess(sizing_input(product="NVIDIA-GB10"))
    assert isinstance(answer, Fit)
    assert answer.memory.kv.likely > 60 * GIB
    assert card("NVIDIA-GB10").bandwidth_gbs == 273
