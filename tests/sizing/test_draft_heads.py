"""What an EAGLE-3 head takes beside its target: weights, a layer of cache, graphs of its own, and hidden states."""

from dataclasses import replace

import pytest

from fairlead.fleet.desired_state import Parallelism
from fairlead.sizing import activations, draft_heads, kv_pages, memory, overheads, weights
from fairlead.sizing.sizing_input import GIB, DraftSetup
from tests.sizing.inputs import LLAMA, shape, sizing_input

HEAD = DraftSetup(tokens=3, head=True)
HIDDEN, ROWS = 4096, 32_000
LAYER = 3 * HIDDEN**2 + 2 * HIDDEN * (4096 + 2 * 1024) + 4096 * HIDDEN + 3 * HIDDEN * 14_336
"""Fusion of three states, queries, keys and values of twice the width, their projection, and the gated layer."""


def test_a_published_head_is_a_layer_and_an_output_head_of_the_most_frequent_tokens() -> None:
    plain = sizing_input(LLAMA)
    found = weights.draft(replace(plain, drafting=HEAD))
    assert found.likely == 2 * (LAYER + ROWS * HIDDEN)
    assert found.low == 2 * LAYER, "one that shares its target's output head"
    assert found.high == pytest.approx(2 * 1.05 * (LAYER + 128_256 * HIDDEN))
    assert draft_heads.output(replace(shape(LLAMA), vocab=1000)) == 1000 * HIDDEN


def test_a_head_is_split_over_the_gpus_of_its_target() -> None:
    two = replace(sizing_input(LLAMA), parallelism=Parallelism(tensor=2))
    one = weights.draft(replace(sizing_input(LLAMA), drafting=HEAD)).likely
    assert weights.draft(replace(two, drafting=HEAD)).likely == one / 2


def test_a_head_beside_layers_of_experts_alone_has_a_layer_of_the_usual_width() -> None:
    model = replace(shape(LLAMA), intermediate=0)
    assert draft_heads.layer(model) == LAYER - 3 * HIDDEN * 14_336 + 3 * HIDDEN * 4 * HIDDEN


def test_its_layer_joins_the_pool() -> None:
    plain = sizing_input(LLAMA)
    one, with_head = kv_pages.pool(plain), kv_pages.pool(replace(plain, drafting=HEAD))
    assert with_head.page_bytes == pytest.approx(one.page_bytes * 33 / 32)


def test_it_is_captured_apart_and_reads_three_states_of_every_token() -> None:
    plain = sizing_input(LLAMA)
    drafted, looked_up = (replace(plain, drafting=one) for one in (HEAD, DraftSetup(tokens=3)))
    captured = overheads.graphs(drafted).likely - overheads.graphs(looked_up).likely
    assert captured == pytest.approx(0.25 * GIB)
    states = 2 * 3 * plain.batch_tokens * HIDDEN * 2
    assert activations.peak(drafted).likely - activations.peak(plain).likely == pytest.approx(states)
    assert memory.memory(drafted).kv.likely < memory.memory(looked_up).kv.likely
