"""Weights in main memory take none of a GPU: what `--cpu-offload-gb` moves, and what it cannot move."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.engines.sglang.memory import MEMORY as SGLANG
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.engine_memory import WeightOffload
from fairlead.fleet.fit import Fit, FitVerdict, NoFit
from fairlead.fleet.quantization import WeightFormat
from fairlead.sizing import assessment, weight_offload, weights
from fairlead.sizing.sizing_input import GIB, SizingInput
from tests.sizing.inputs import LLAMA, shape, sizing_input

EIGHT_B = replace(sizing_input(LLAMA, "NVIDIA-L4"), max_sequences=16)
"""Llama 3.1 8B has 15 GiB of weights, 13 of them in its decoder layers."""
FOURTEEN_B = replace(sizing_input("Qwen/Qwen3-14B", "NVIDIA-L4"), max_sequences=16)
"""27.5 GiB of weights, on 24 GB."""


def offloaded(gib: float, sizing: SizingInput = EIGHT_B, *, named: bool = False) -> SizingInput:
    return replace(sizing, offload=WeightOffload(int(gib * GIB), named))


def on_gpu(sizing: SizingInput) -> float:
    return weight_offload.on_gpu(sizing).likely / GIB


def test_a_model_that_is_too_large_for_its_gpu_fits_with_a_part_of_it_in_main_memory() -> None:
    assert isinstance(assessment.assess(FOURTEEN_B), NoFit)
    answer = assessment.assess(offloaded(12, FOURTEEN_B))
    assert isinstance(answer, Fit)
    assert answer.verdict is FitVerdict.FITS
    assert answer.memory.weights.likely / GIB == pytest.approx(15.5, abs=0.1)
    assert answer.memory.offloaded == 12 * GIB
    assert answer.because.endswith("the weights take the most; 12.0 GiB of weights are in main memory")


def test_sglangs_static_share_has_the_same_room_for_its_cache() -> None:
    static = replace(FOURTEEN_B, release=SGLANG)
    assert isinstance(assessment.assess(static), NoFit)
    assert isinstance(assessment.assess(offloaded(12, static)), Fit)


def test_only_decoder_layers_move_however_much_may() -> None:
    """Embedding, head and the table of positions stay."""
    tables = sum(one.tables for one in weights.stages(EIGHT_B)) + weights.angles(EIGHT_B)
    assert on_gpu(offloaded(1000)) == pytest.approx(tables / GIB)
    assert weight_offload.in_main_memory(offloaded(1000)) == sum(one.layers for one in weights.stages(EIGHT_B))


def test_each_gpu_of_a_replica_moves_as_much() -> None:
    four = replace(EIGHT_B, parallelism=Parallelism(tensor=2, pipeline=2))
    assert on_gpu(four) - on_gpu(offloaded(2, four)) == pytest.approx(2, abs=0.01)
    assert weight_offload.in_main_memory(offloaded(2, four)) == 8 * GIB


def test_a_format_made_while_loading_saves_less_than_was_moved() -> None:
    """Two GiB of 16 bits leave main memory as one GiB of FP8, or stay: which of both was not measured."""
    made = replace(EIGHT_B, weights=WeightFormat.FP8_PER_TENSOR)
    stored = replace(made, shape=replace(shape(), stored=replace(shape().stored, format=WeightFormat.FP8_PER_TENSOR)))
    saved = weights.bytes_on_fullest_gpu(made).minus(weight_offload.on_gpu(offloaded(2, made)))
    assert saved.likely / GIB == pytest.approx(1)
    assert on_gpu(stored) - on_gpu(offloaded(2, stored)) == pytest.approx(2)


def test_named_parameters_may_be_fewer_than_may_move() -> None:
    chosen, whole = weight_offload.on_gpu(offloaded(4, named=True)), weights.bytes_on_fullest_gpu(EIGHT_B)
    assert chosen.high == whole.high
    assert chosen.likely == pytest.approx(whole.likely - 4 * GIB)


@given(gib=st.floats(0, 40), tensor=st.sampled_from([1, 2, 4]), pipeline=st.sampled_from([1, 2, 3]))
def test_more_in_main_memory_is_never_more_on_a_gpu(gib: float, tensor: int, pipeline: int) -> None:
    spread = replace(EIGHT_B, parallelism=Parallelism(tensor=tensor, pipeline=pipeline))
    less, more = weight_offload.on_gpu(offloaded(gib, spread)), weight_offload.on_gpu(offloaded(gib + 1, spread))
    whole = weights.bytes_on_fullest_gpu(spread)
    assert 0 < more.low <= more.likely <= more.high
    assert (more.low, more.likely) <= (less.low, less.likely) <= (whole.low, whole.likely)
