"""The balancer that sees everything: each engine's true cache, and what its requests still need."""

from bench.balancers.clairvoyant import ClairvoyantBalancer, TrueCache
from fairlead.routing.prefix import PrefixIndex
from tests.simulator.virtual_fleet.test_router_balancer import ROUTERS, Lab, hits


def test_the_clairvoyant_sees_true_caches() -> None:
    lab = Lab()
    assert hits(lab, ClairvoyantBalancer(ROUTERS, lambda ordinal: lab.cores[ordinal])) > 0.4


def test_a_block_that_is_stored_twice_is_held_until_both_copies_are_removed() -> None:
    index = PrefixIndex(learns=False)
    index.open(0)
    one, other = TrueCache(index, 0), TrueCache(index, 1)
    index.learn((1, 2, 3), 0)
    assert len(index) == 0, "engines write it"
    one.stored((1, 2), None)
    one.stored((2,), 1)
    other.stored((2,), 1)
    one.removed(2)
    assert index.holders((2,)) == [(1, 0b11)]
    one.removed(2)
    assert index.holders((2,)) == [(1, 0b10)]
    one.cleared()
    other.cleared()
    assert len(index) == 0
