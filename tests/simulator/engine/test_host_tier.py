"""Blocks in main memory: a conversation that comes back after its blocks were evicted is loaded, not computed."""

import tracemalloc
from collections.abc import Iterable, Sequence
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


def test_a_small_tier_forgets_the_end_of_the_conversation_that_waited_longest() -> None:
    small = replace(BELOW, host_blocks=20)
    _, turns, _ = alternating(small)
    assert [one.loaded_tokens for one in turns] == [0, 0, 64, 64], "each of them leaves the other one four blocks"


def test_without_prefix_caching_there_is_no_tier() -> None:
    engine = engines.core(replace(BELOW, prefix_caching=False))
    for place in range(2):
        first_token(engine, replace_prefix(turn(place, 1, 100.0 * place)))
    assert (engine.counts.host_queries, engine.counts.stored_blocks) == (0, 0)


def replace_prefix(request: EngineRequest) -> EngineRequest:
    """The same without hashes, as an engine without prefix caching gets it."""
    request.prefix = ()
    return request


def held(tier: HostTier, names: Iterable[int]) -> list[int]:
    """Those of these blocks that are there."""
    return [name for name in names if tier.found((name,))]


def test_a_conversation_loses_its_end_first() -> None:
    tier = HostTier(4)
    assert tier.store(1, (1, 2, 3, 4)) == 4
    tier.store(2, (5,))
    assert (tier.found((1, 2, 3, 4)), tier.found((5,))) == (3, 1)
    assert tier.store(3, ()) == 0, "there is nothing to make room for"


def test_of_a_prompt_that_is_larger_than_the_tier_the_first_blocks_stay() -> None:
    tier = HostTier(4)
    tier.store(1, (1, 2, 3, 4, 5, 6))
    assert tier.found((1, 2, 3, 4, 5, 6)) == 4


def test_a_request_that_goes_on_storing_keeps_its_first_blocks() -> None:
    tier = HostTier(4)
    tier.store(1, (1, 2))
    tier.store(2, (7, 8))
    assert tier.store(1, (3,)) == 1
    assert held(tier, range(9)) == [1, 2, 3, 7]


def test_blocks_that_a_running_request_shares_outlast_the_conversation_that_stored_them() -> None:
    tier = HostTier(5)
    tier.store(1, (1, 2, 3))
    tier.use(2, (1, 2, 9))
    assert tier.store(2, (2, 4, 5)) == 2, "only new blocks are copied"
    tier.store(3, (6,))
    assert held(tier, range(10)) == [1, 2, 4, 5, 6]
    tier.store(3, (7, 8))
    assert held(tier, range(10)) == [1, 2, 6, 7, 8]


def test_a_request_that_starts_again_keeps_what_it_stored_behind_what_it_uses() -> None:
    tier = HostTier(4)
    tier.use(1, ())
    tier.store(1, (1, 2, 3))
    tier.use(1, (1,))
    tier.store(2, (4, 5))
    assert held(tier, range(6)) == [1, 2, 4, 5]


class PlainTier:
    """The same by its definition: who stores moves all its blocks to the end of one list, the first of them last."""

    def __init__(self, blocks: int) -> None:
        self.blocks = blocks
        self.oldest_first: list[int] = []
        self.of_request: dict[int, list[int]] = {}

    def use(self, serial: int, names: Sequence[int]) -> None:
        """The request has these blocks, and then those from before."""
        before = self.of_request.get(serial, [])
        self.of_request[serial] = [*(name for name in names if name in self.oldest_first), *before]
        self._touch(serial)

    def store(self, serial: int, names: Sequence[int]) -> int:
        """Append what is new, and drop from the front."""
        if not names:
            return 0
        new = [name for name in names if name not in self.oldest_first]
        self.oldest_first += new
        self.of_request.setdefault(serial, []).extend(names)
        self._touch(serial)
        while len(self.oldest_first) > self.blocks:
            gone = self.oldest_first.pop(0)
            self.of_request = {one: [name for name in own if name != gone] for one, own in self.of_request.items()}
        return len(new)

    def _touch(self, serial: int) -> None:
        for name in reversed(self.of_request[serial]):
            self.oldest_first.remove(name)
            self.oldest_first.append(name)


CALLS = st.tuples(
    st.sampled_from(["use", "store", "store", "end"]),
    st.integers(0, 3),
    st.lists(st.integers(0, 12), max_size=6, unique=True),
)


@given(st.lists(CALLS, max_size=60), st.integers(1, 8))
def test_it_always_holds_what_the_definition_does(calls: list[tuple[str, int, list[int]]], blocks: int) -> None:
    """As long as no text comes back whose block was dropped: such a block gets another hash here."""
    tier, plain = HostTier(blocks), PlainTier(blocks)
    serials, hashes, stored = [0, 1, 2, 3], list(range(13)), set[int]()
    for call, which, places in calls:
        serial, names = serials[which], [hashes[place] for place in places]
        if call == "use":
            tier.use(serial, names)
            plain.use(serial, names)
        elif call == "store":
            assert tier.store(serial, names) == plain.store(serial, names)
        else:
            tier.end(serial)
            serials[which] += 4
        assert held(tier, hashes) == [name for name in hashes if name in plain.oldest_first]
        assert len(tier) == len(plain.oldest_first) <= blocks
        stored.update(names if call == "store" else ())
        hashes = [name + 13 if name in stored and not tier.found((name,)) else name for name in hashes]


@given(st.lists(CALLS, max_size=60), st.integers(1, 8))
def test_it_never_holds_more_than_it_has_room_for(calls: list[tuple[str, int, list[int]]], blocks: int) -> None:
    tier = HostTier(blocks)
    for call, serial, names in calls:
        if call == "use":
            tier.use(serial, names)
        elif call == "store":
            assert tier.store(serial, names) <= len(names)
        else:
            tier.end(serial)
        assert len(tier) == len(held(tier, range(13))) <= blocks


def test_requests_that_share_a_long_prompt_take_no_more_room_with_each_of_them() -> None:
    """A thousand requests with the same prompt of a thousand blocks, and nothing that pushes any of them out."""
    prompt = range(1000)
    tracemalloc.start()
    tier = HostTier(3000)
    for serial in range(1000):
        tier.use(serial, prompt)
        tier.store(serial, prompt if serial == 0 else () if serial % 2 else (1000 + serial,))
        tier.end(serial)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(tier) == 1499, "the prompt, and a block of every other request"
    assert taken < 1_000_000, "a million places in lists would take eight times as much"
    tier.store(1000, range(5000, 7000))
    assert tier.found(prompt) == 1000
    assert len(tier) == 3000
