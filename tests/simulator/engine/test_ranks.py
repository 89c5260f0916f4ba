"""Ranks behind one address: which takes the next request."""

from fairlead.simulator.engine.ranks import EngineRanks
from fairlead.simulator.engine.settings import EngineSettings
from tests.simulator.engine.engines import core, request


def ranks(*pages: int, slots: int = 256) -> EngineRanks:
    """Ranks with caches of this many pages."""
    return EngineRanks([core(EngineSettings(blocks=blocks, max_sequences=slots)) for blocks in pages])


def load(several: EngineRanks) -> list[int]:
    """Requests on each."""
    return [one.running + one.waiting for one in several.cores]


def test_a_burst_spreads_evenly_over_ranks_although_no_new_load_was_reported() -> None:
    several = ranks(100, 100, 100)
    for serial in range(7):
        assert several.add(request(serial, 10, 5), now=0.01) is None
    assert load(several) == [3, 2, 2]


def test_a_request_that_names_a_rank_goes_to_that_rank() -> None:
    several = ranks(100, 100)
    for serial in range(3):
        several.add(request(serial, 10, 5), now=0.0, rank=1)
    assert load(several) == [0, 3]


def test_those_that_wait_weigh_more_where_the_cache_is_full() -> None:
    several = ranks(101, 21, slots=1)
    assert several.choose(0.0) == 0
    for serial in range(2):
        several.add(request(serial, 250, 5), now=0.0, rank=0)
        several.add(request(serial + 9, 250, 5), now=0.0, rank=1)
    several.add(request(20, 250, 5), now=0.0, rank=0)
    for one in several.cores:
        one.begin(0.0)
    assert [one.usage for one in several.cores] == [0.16, 0.8]
    assert several.choose(0.05) == 1, "what was told before still counts"
    assert several.choose(0.1) == 0
