"""CUDA graphs of longer steps: which sizes are captured, and where such a field makes no sense."""

from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.engines import captured_graphs
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason as Why
from fairlead.engines.vllm.engine import VllmEngine
from tests.engines.setups import ENGINE, H100, LATENT, MTP, NGRAM, RELEASED, setup_of

FIELD = "spec.engine.batching.cudaGraphTokens"
LONGER = replace(ENGINE, cuda_graph_tokens=1024)


def test_the_sizes_are_vllms_to_256_tokens_and_few_above() -> None:
    found = captured_graphs.sizes(1024)
    assert found[:5] == (1, 2, 4, 8, 16)
    assert found[34:] == (256, 320, 384, 448, 512, 640, 768, 896, 1024)
    assert captured_graphs.sizes(4) == (1, 2, 4)
    assert captured_graphs.sizes(700)[-3:] == (512, 640, 700)


@given(st.integers(1, 8192), st.data())
def test_a_step_that_has_a_graph_is_never_padded_by_more_than_a_quarter_and_seven_tokens(
    most: int, data: st.DataObject
) -> None:
    found = captured_graphs.sizes(most)
    assert found[-1] == most
    step = data.draw(st.integers(1, most))
    padded = next(one for one in found if one >= step)
    assert padded - step <= max(7, step / 4)


@pytest.mark.parametrize(
    ("setup", "reason", "remedy"),
    [
        (
            setup_of(replace(LONGER, eager=True)),
            Why.ARGUMENT_CONFLICTS,
            "remove it, or spec.engine.eager",
        ),
        (
            setup_of(replace(LONGER, max_batched_tokens=512), on=H100),
            Why.OUT_OF_RANGE,
            "write 512 or less, or raise spec.engine.batching.maxBatchedTokens",
        ),
        (setup_of(replace(ENGINE, cuda_graph_tokens=0)), Why.OUT_OF_RANGE, "leave it out"),
    ],
)
def test_graphs_that_no_step_would_use_are_refused(setup: EngineSetup, reason: Why, remedy: str) -> None:
    found = [one for one in VllmEngine().refusals(setup) if one.field == FIELD]
    assert [one.reason for one in found] == [reason]
    assert remedy in found[0].remedy


def test_cuda_graphs_shorter_than_a_full_batch_are_allowed_with_a_warning() -> None:
    short = replace(ENGINE, cuda_graph_tokens=64, max_sequences=128)
    found = [one for one in VllmEngine().warnings(setup_of(short)) if one.field == FIELD]
    assert [(one.reason, one.remedy) for one in found] == [(Why.SLOWER, "write 128 or more, or leave it out")]
    speculating = replace(short, cuda_graph_tokens=128, speculation=NGRAM)
    (warning,) = [one for one in VllmEngine().warnings(setup_of(speculating)) if one.field == FIELD]
    assert warning.remedy == "write 512 or more, or leave it out"
    own = setup_of(replace(short, cuda_graph_tokens=256, speculation=MTP), shape=LATENT)
    (warning,) = [one for one in VllmEngine().warnings(own) if one.field == FIELD]
    assert warning.remedy == "write 384 or more, or leave it out", "two layers draft two tokens, written or not"
    enough = replace(short, cuda_graph_tokens=1024)
    assert not [one for one in VllmEngine().warnings(setup_of(enough)) if one.field == FIELD]


OFF: Final = (
    ("-O0",),
    ("-O=0",),
    ("-O", "0"),
    ("--optimization-level=0",),
    ("-O3", "--optimization_level", "0"),
    ("-cc.cudagraph_mode=none",),
    ('--compilation-config={"cudagraph_mode": 0}',),
)
ON: Final = (("-O", "1"), ("-O0", "-cc.cudagraph_mode", "FULL"), ("-O0", "--optimization-level=2"), ("--seed", "-O0x"))


@pytest.mark.parametrize("words", OFF)
def test_graphs_that_the_arguments_switch_off_are_warned_of_since_vllm_drops_the_sizes(words: tuple[str, ...]) -> None:
    setup = setup_of(replace(LONGER, extra_args=words), on=H100)
    assert [(one.reason, one.because) for one in VllmEngine().warnings(setup) if one.field == FIELD] == [
        (Why.SLOWER, "spec.engine.extraArgs switch CUDA graphs off, so that none is captured")
    ]
    assert VllmEngine().refusals(setup) == ()


@pytest.mark.parametrize("words", ON)
def test_graphs_that_stay_on_are_not_talked_about(words: tuple[str, ...]) -> None:
    setup = setup_of(replace(LONGER, extra_args=words), on=H100)
    assert [one for one in VllmEngine().warnings(setup) if one.field == FIELD] == []


def test_the_longest_graph_of_an_argument_is_not_compared_where_none_is_captured() -> None:
    words = ('-cc={"max_cudagraph_capture_size": 2, "cudagraph_mode": "NONE"}',)
    assert VllmEngine().refusals(setup_of(replace(LONGER, image=RELEASED.image, extra_args=words), on=H100)) == ()


def test_a_field_owns_its_flags_only_where_it_is_written() -> None:
    own = ("--cudagraph-capture-sizes", "1", "8")
    assert not VllmEngine().refusals(setup_of(replace(ENGINE, extra_args=own)))
    (twice,) = VllmEngine().refusals(setup_of(replace(LONGER, extra_args=own)))
    assert (twice.reason, FIELD in f"{twice.because} {twice.remedy}") == (Why.ARGUMENT_OWNED, True)
