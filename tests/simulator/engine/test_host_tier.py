"""Blocks in main memory: a conversation that comes back after its blocks were evicted is loaded, not computed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.host_tier import HostTier
from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.engine.settings import EngineSettings
from tests.simulator.engine import engines

PAGE = 16
ALONE = EngineSettings(blocks=18, block_tokens=PAGE, batch_tokens=4096, max_sequences=4)
"""Room for one prompt of 256 tokens and its answer."""
BELOW = replace(ALONE, host_blocks=100, load_s=0.001)


def turn(serial: int, text: int, arrived: float, prompt: int = 256) -> EngineRequest:
    """One turn of a conversation whose prompt has hashes of its own."""
    names = tuple(1000 * text + page for page in range(prompt // PAGE))
    return EngineRequest(serial=serial, prompt_tokens=prompt, output_tokens=2, arrived=arrived, prefix=names)


def first_token(engine: EngineCore, request: EngineRequest) -> float:
    """Serve one request alone and return the seconds to its first token."""
    assert engine.add(request) is None
    engine.run(request.arrived, request.arrived + 50)
    assert request.first_token is not None
    return request.first_token - request.arrived


def alternating(settings: EngineSettings) -> tuple[EngineCore, list[EngineRequest], list[float]]:
    """Two conversations in turn, of which the GPU holds one."""
    engine = engines.core(settings)
    turns = [turn(place, place % 2 + 1, 100.0 * place) for place in range(4)]
    return engine, turns, [first_token(engine, one) for one in turns]


def test_what_the_gpu_evicted_is_loaded_except_for_the_last_tokens() -> None:
    _, turns, _ = alternating(ALONE)
    assert [one.cached_tokens for one in turns] == [0, 0, 0, 0]
    engine, turns, _ = alternating(BELOW)
    assert [one.cached_tokens for one in turns] == [0, 0, 240, 240]
    assert [one.loaded_tokens for one in turns] == [0, 0, 240, 240]
    counts = engine.counts
    assert (counts.hits, counts.host_queries, counts.host_hits) == (0, 4 * 256, 480)
    assert (counts.loaded_blocks, counts.stored_blocks, counts.loaded_tokens) == (30, 32, 480)


def test_loading_takes_its_time_and_computing_the_rest_takes_less() -> None:
    _, _, computed = alternating(ALONE)
    _, _, loaded = alternating(BELOW)
    _, _, at_once = alternating(replace(BELOW, load_s=0.0))
    assert loaded[:2] == computed[:2]
    assert loaded[2] - at_once[2] == pytest.approx(15 * 0.001)
    assert at_once[2] < computed[2]


def test_what_is_on_the_gpu_is_not_loaded() -> None:
    engine = engines.core(BELOW)
    for place in range(2):
        first_token(engine, turn(place, 1, 100.0 * place))
    assert (engine.counts.hits, engine.counts.host_hits, engine.counts.loaded_blocks) == (240, 0, 0)
    assert engine.counts.host_queries == 256 + 16


def test_a_longer_turn_loads_what_was_evicted_and_finds_the_rest_on_the_gpu() -> None:
    engine = engines.core(replace(BELOW, blocks=41))
    first_token(engine, turn(0, 1, 0.0, prompt=256))
    first_token(engine, turn(1, 2, 100.0, prompt=480))
    again = turn(2, 1, 200.0, prompt=320)
    first_token(engine, again)
    assert 0 < again.loaded_tokens < again.cached_tokens == 256


def test_a_small_tier_forgets_the_conversation_that_waited_longest() -> None:
    small = replace(BELOW, host_blocks=17)
    _, turns, _ = alternating(small)
    assert [one.loaded_tokens for one in turns] == [0, 0, 0, 0], "each of them pushes the other one out"


def test_without_prefix_caching_there_is_no_tier() -> None:
    engine = engines.core(replace(BELOW, prefix_caching=False))
    for place in range(2):
        first_token(engine, replace_prefix(turn(place, 1, 100.0 * place)))
    assert (engine.counts.host_queries, engine.counts.stored_blocks) == (0, 0)


def replace_prefix(request: EngineRequest) -> EngineRequest:
    """The same without hashes, as an engine without prefix caching gets it."""
    request.prefix = ()
    return request


def test_the_first_blocks_of_a_prompt_that_is_used_are_dropped_last() -> None:
    tier = HostTier(4)
    assert tier.store((1, 2)) == 2
    assert tier.store((1, 2, 3)) == 1, "only a new block is copied"
    tier.use((1, 2, 9))
    tier.store((4, 5))
    assert [tier.found((name,)) for name in (1, 2, 3)] == [1, 1, 0]
    tier.store((6,))
    assert [tier.found((name,)) for name in (1, 2)] == [1, 0]


@given(st.lists(st.lists(st.integers(0, 12), max_size=6), max_size=20), st.integers(1, 8))
def test_it_never_holds_more_than_it_has_room_for(steps: list[list[int]], blocks: int) -> None:
    tier = HostTier(blocks)
    for names in steps:
        tier.store(tuple(dict.fromkeys(names)))
        assert len(tier) <= blocks
        assert tier.found(names) <= len(names)
