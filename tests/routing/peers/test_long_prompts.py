"""Prompts whose report takes several datagrams: other routers forget them in an engine's order, and know their load."""

from itertools import permutations

import pytest

from tests.routing.engines import request_of, sent
from tests.routing.peers.groups import World

BLOCKS = range(400)
"""Of one prompt; a datagram has room for 166."""


def test_a_long_prompt_is_forgotten_from_its_end_by_all_routers() -> None:
    """As engines do; with its first block another router would lose sight of all the others."""
    world = World("a", "b")
    where = sent(world.tables["a"], request_of(*BLOCKS))
    world.live(0.1)
    theirs = world.tables["b"].index.blocks(world.endpoint("b", where.pod).slot)
    assert theirs == world.tables["a"].index.blocks(where.slot) == list(reversed(BLOCKS))


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_load_of_a_long_prompt_counts_in_whatever_order_its_datagrams_arrive(order: tuple[int, ...]) -> None:
    world = World("a", "b")
    sent(world.tables["a"], request_of(*BLOCKS))
    world.cut = {"a"}
    before = len(world.recorded)
    world.live(0.05)
    datagrams = [one for name, one in world.recorded[before:] if name == "b"]
    assert [world.deliver("b", datagrams[place]) for place in order] == [None] * len(datagrams)
    assert world.loads("b") == world.own("a")
