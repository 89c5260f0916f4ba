"""What an unset field means, by release and by card."""

from dataclasses import replace

import pytest

from fairlead.engines.vllm.memory import VllmRelease
from fairlead.fleet.quantization import WeightFormat
from fairlead.sizing.sizing_input import DraftSetup, without_windows
from tests.sizing.inputs import sizing_input


@pytest.mark.parametrize(
    ("product", "minor", "sequences", "tokens", "share"),
    [
        ("NVIDIA-H100-80GB-HBM3", 19, 1024, 8192, 0.9),
        ("NVIDIA-H100-80GB-HBM3", 32, 1024, 8192, 0.92),
        ("NVIDIA-A100-SXM4-80GB", 32, 256, 2048, 0.92),
        ("NVIDIA-B200", 32, 1024, 16384, 0.92),
        ("NVIDIA-B200", 19, 1024, 8192, 0.9),
        ("NVIDIA-L4", 19, 256, 2048, 0.9),
        ("NVIDIA-L4", 8, 1024, 2048, 0.9),
    ],
)
def test_defaults_by_card_and_release(product: str, minor: int, sequences: int, tokens: int, share: float) -> None:
    inputs = replace(sizing_input(product=product), release=VllmRelease(0, minor))
    assert (inputs.batch_sequences, inputs.batch_tokens, inputs.share) == (sequences, tokens, share)


def test_explicit_settings_win_and_a_batch_has_no_more_sequences_than_tokens() -> None:
    inputs = replace(sizing_input(), max_sequences=64, max_batched_tokens=32, utilization=0.5, weights=WeightFormat.FP8)
    assert (inputs.batch_sequences, inputs.share, inputs.format) == (32, 0.5, WeightFormat.FP8)


def test_arguments_that_change_the_default_limits_leave_explicit_ones_alone() -> None:
    plain = replace(sizing_input(), context=32_768)
    twice, whole = replace(plain, batch_factor=2), replace(plain, whole_prompts=True)
    assert [(one.batch_sequences, one.batch_tokens) for one in (plain, twice, whole)] == [
        (1024, 8192),
        (2048, 16_384),
        (1024, 32_768),
    ]
    assert replace(whole, context=4096).batch_tokens == 8192
    both = replace(plain, batch_factor=2, whole_prompts=True, max_sequences=64, max_batched_tokens=512)
    assert (both.batch_sequences, both.batch_tokens) == (64, 512)


def test_layers_with_a_window_may_be_cached_whole_unless_there_are_no_others() -> None:
    gemma = sizing_input("google/gemma-3-27b-it").shape
    assert without_windows(gemma) == replace(gemma, window=None)
    assert gemma.window is not None
    alone = replace(gemma, window=replace(gemma.window, layers=gemma.layers))
    assert without_windows(alone) is alone


def test_requesting_no_quantization_leaves_a_checkpoint_as_it_is() -> None:
    assert replace(sizing_input("openai/gpt-oss-20b"), weights=WeightFormat.NONE).format is WeightFormat.MXFP4


def test_a_draft_of_unknown_shape_is_launched_like_one_of_usual_depth() -> None:
    small = sizing_input().shape
    assert DraftSetup(tokens=3, model=small, layer_launch_s=0.001).pass_s == pytest.approx(0.001 * small.layers)
    assert DraftSetup(tokens=3, layer_launch_s=0.001).pass_s == pytest.approx(0.016)
    assert DraftSetup(tokens=3, model=small).pass_s == 0
