"""The roofline, and that measured speeds stay below it."""

from dataclasses import replace

import pytest

from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.quantization import WeightFormat
from fairlead.sizing import ceilings, replica_supply, weights
from fairlead.sizing.sizing_input import SizingInput
from tests.sizing.inputs import sizing_input


def most_tokens_a_second(sizing: SizingInput, running: float) -> float:
    """The most that this many requests decode together."""
    return running / max(ceilings.read_seconds(sizing, running), ceilings.compute_seconds(sizing, running))


def test_one_request_cannot_decode_faster_than_the_weights_are_read() -> None:
    assert most_tokens_a_second(sizing_input(context=1024), 1) == pytest.approx(3350e9 / (16.1e9 + 0.13e9), rel=0.01)


def test_no_step_is_shorter_than_one_reading_of_the_weights() -> None:
    """For any context; where the bandwidth is unknown there is no ceiling."""
    least = ceilings.least_step_seconds(sizing_input(context=1024))
    assert least == pytest.approx(15e9 / 3350e9, rel=0.08)
    assert least == ceilings.least_step_seconds(sizing_input(context=8192))
    unknown = sizing_input(context=1024)
    unknown = replace(unknown, accelerator=replace(unknown.accelerator, bandwidth_gbs=None))
    assert ceilings.least_step_seconds(unknown) is None


def test_the_measured_4090_lies_under_its_ceiling_and_near_the_usual_part_of_it() -> None:
    """vLLM 0.19, Llama 3.1 8B, about 47 requests of 1,200 tokens: 30.8 ms a token, at the median."""
    least = 1000 * 30 / most_tokens_a_second(sizing_input(product="NVIDIA-GeForce-RTX-4090", context=1200), 30)
    assert least < 30.8
    assert least / replica_supply.DECODE_PART == pytest.approx(30.8, rel=0.35)


def test_more_gpus_read_less_each_and_stages_do_not() -> None:
    alone = most_tokens_a_second(sizing_input(), 1)
    two = most_tokens_a_second(replace(sizing_input(), parallelism=Parallelism(tensor=2)), 1)
    staged = most_tokens_a_second(replace(sizing_input(), parallelism=Parallelism(pipeline=2)), 1)
    assert two == pytest.approx(2 * alone, rel=0.02)
    assert staged == pytest.approx(alone, rel=0.1)


def test_few_requests_read_few_experts_and_many_read_all() -> None:
    inputs = sizing_input("Qwen/Qwen3-30B-A3B")
    one, many = (ceilings.bytes_a_step(inputs, running) for running in (1, 256))
    cache = many - ceilings.bytes_a_step(inputs, 255)
    assert one - cache < 0.15 * (many - 256 * cache)


def test_ranks_that_hold_the_experts_together_read_those_that_any_of_them_chooses() -> None:
    """One request a rank: eight of 256 experts each, so that 8 ranks use about 57 of them, and each reads 7."""
    parallelism = Parallelism(data=8)
    inputs = replace(
        sizing_input("deepseek-ai/DeepSeek-R1", "NVIDIA-H200"), parallelism=parallelism, expert_parallel=True
    )
    least = ceilings.least_step_seconds(inputs)
    experts = weights.expert_bytes(inputs)
    rest = weights.bytes_on_fullest_gpu(inputs).likely - weights.angles(inputs) - experts
    assert least == pytest.approx((rest + experts * (1 - (1 - 8 / 256) ** 8)) / 4800e9, rel=0.001)
    alone = replace(inputs, parallelism=Parallelism(tensor=8))
    assert 0.0 < (ceilings.least_step_seconds(alone) or 0.0) < (least or 0.0), "only one copy of attention is read"


def test_a_layer_without_experts_among_those_with_them_reads_no_expert() -> None:
    """Every second layer of Maverick has experts, and the spec may state one layer."""
    maverick = sizing_input("meta-llama/Llama-4-Maverick-17B-128E-Instruct")
    inputs = replace(maverick, shape=replace(maverick.shape, layers=1))
    alone = replace(inputs, shape=replace(inputs.shape, experts=None))
    assert ceilings.bytes_a_step(inputs, 1) == pytest.approx(ceilings.bytes_a_step(alone, 1))


def test_fp8_weights_use_fp8_arithmetic_only_where_it_exists() -> None:
    hopper = replace(sizing_input(), weights=WeightFormat.FP8_PER_TENSOR)
    ampere = replace(sizing_input(product="NVIDIA-A100-SXM4-80GB"), weights=WeightFormat.FP8_PER_TENSOR)
    assert (ceilings.rate(hopper), ceilings.rate(ampere)) == (1979e12, 312e12)


def test_windowed_layers_add_no_flops_for_tokens_outside_their_window() -> None:
    gemma = sizing_input("google/gemma-3-12b-it")
    near, far = (ceilings.flops_a_token(gemma, seen) for seen in (1024, 65536))
    assert far - near == pytest.approx(4 * gemma.shape.full_layers * 16 * 256 * (65536 - 1024))


def test_latent_attention_works_on_its_expanded_heads() -> None:
    deepseek = sizing_input("deepseek-ai/DeepSeek-R1", "NVIDIA-H200")
    more = ceilings.flops_a_token(deepseek, 2000) - ceilings.flops_a_token(deepseek, 1000)
    assert more == pytest.approx(61 * 128 * 2 * (128 + 64 + 128) * 1000)
