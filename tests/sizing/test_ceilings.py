"""The roofline, and that measured speeds stay under it."""

from dataclasses import replace

import pytest

from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.fit import Fit, SpeedCeilings
from fairlead.fleet.quantization import WeightFormat
from fairlead.sizing import assessment, ceilings
from fairlead.sizing.sizing_input import SizingInput
from tests.sizing.inputs import sizing_input


def found(question: SizingInput) -> SpeedCeilings:
    """The ceilings of something that fits."""
    answer = assessment.assess(question)
    assert isinstance(answer, Fit)
    assert answer.ceilings is not None
    return answer.ceilings


def test_one_request_cannot_decode_faster_than_the_weights_are_read() -> None:
    one = found(sizing_input(context=1024)).decode_tokens_per_second
    assert one.high == pytest.approx(3350e9 / (16.1e9 + 0.13e9), rel=0.01)
    assert one.low < one.likely < one.high


def test_no_step_is_shorter_than_one_reading_of_the_weights() -> None:
    """Whatever the context; where the bandwidth is unknown nothing is said."""
    least = ceilings.least_step_seconds(sizing_input(context=1024))
    assert least == pytest.approx(15e9 / 3350e9, rel=0.08)
    assert least == ceilings.least_step_seconds(sizing_input(context=8192))
    unknown = sizing_input(context=1024)
    unknown = replace(unknown, accelerator=replace(unknown.accelerator, bandwidth_gbs=None))
    assert ceilings.least_step_seconds(unknown) is None


def test_the_measured_4090_lies_under_its_ceiling_and_near_the_likely_value() -> None:
    """vLLM 0.19, Llama 3.1 8B, about 47 requests of 1,200 tokens: 30.8 ms a token, at the median."""
    inputs = replace(sizing_input(product="NVIDIA-GeForce-RTX-4090", context=1200), sequences=30)
    span = found(inputs).milliseconds_per_token
    assert span.low < 30.8
    assert span.likely == pytest.approx(30.8, rel=0.35)


def test_more_gpus_read_less_each_and_stages_do_not() -> None:
    alone = found(sizing_input()).decode_tokens_per_second.high
    two = found(replace(sizing_input(), parallelism=Parallelism(tensor=2))).decode_tokens_per_second.high
    staged = found(replace(sizing_input(), parallelism=Parallelism(pipeline=2))).decode_tokens_per_second.high
    assert two == pytest.approx(2 * alone, rel=0.02)
    assert staged == pytest.approx(alone, rel=0.1)


def test_few_requests_read_few_experts_and_many_read_all() -> None:
    inputs = sizing_input("Qwen/Qwen3-30B-A3B")
    one, many = (ceilings.bytes_a_step(inputs, running) for running in (1, 256))
    cache = many - ceilings.bytes_a_step(inputs, 255)
    assert one - cache < 0.15 * (many - 256 * cache)


def test_fp8_weights_use_fp8_arithmetic_only_where_it_exists() -> None:
    hopper = replace(sizing_input(), weights=WeightFormat.FP8_PER_TENSOR)
    ampere = replace(sizing_input(product="NVIDIA-A100-SXM4-80GB"), weights=WeightFormat.FP8_PER_TENSOR)
    assert (ceilings.rate(hopper), ceilings.rate(ampere)) == (1979e12, 312e12)


def test_windows_look_back_less() -> None:
    gemma = sizing_input("google/gemma-3-12b-it")
    near, far = (ceilings.flops_a_token(gemma, seen) for seen in (1024, 65536))
    assert far - near == pytest.approx(4 * gemma.shape.full_layers * 16 * 256 * (65536 - 1024))


def test_latent_attention_works_on_its_expanded_heads() -> None:
    deepseek = sizing_input("deepseek-ai/DeepSeek-R1", "NVIDIA-H200")
    more = ceilings.flops_a_token(deepseek, 2000) - ceilings.flops_a_token(deepseek, 1000)
    assert more == pytest.approx(61 * 128 * 2 * (128 + 64 + 128) * 1000)


def test_a_long_prompt_waits_for_arithmetic() -> None:
    first = found(sizing_input(context=65536)).first_token_milliseconds
    assert first.low > 65536 * 2 * 7.5e9 / 989e12 * 1000
    assert first.low < first.likely < first.high
