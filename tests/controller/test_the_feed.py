"""The operator's view may be old, late, duplicated or incomplete; live objects are never harmed by that."""

import random
from collections.abc import Sequence
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from fairlead.cluster import kinds
from fairlead.controller import informers
from tests.cluster.fake_objects import Happened
from tests.controller import points
from tests.controller.pretend import Pretend, deployment
from tests.controller.pretend_environment import WATCHED


def rolled() -> Pretend:
    """A deployment after one change of its model."""
    return _rolled().twin()


@cache
def _rolled() -> Pretend:
    world = Pretend(gpus=3)
    world.apply(deployment())
    world.settle()
    world.apply(deployment(context=4096))
    world.settle()
    return world


@points.DEAR
@given(share=st.floats(0, 1))
def test_an_operator_that_starts_with_a_stale_list_removes_nothing_that_is_live(share: float) -> None:
    """P6: its first list is old; nothing that serves goes, and all is as before when the feed catches up."""
    world = rolled()
    before, served, end = world.fingerprint(), world.serving(), world.objects.version
    live = {one["metadata"]["uid"] for one in world.objects.held.values()}
    world.restart()
    world.world.forget()
    world.world.receive_past(100 + int(share * (end - 100)))
    world.world.receives = False
    for _ in range(3):
        world.settle_or_fail()
    assert world.serving() >= served
    assert live <= {one["metadata"]["uid"] for one in world.objects.held.values()}
    world.world.receives = True
    world.settle()
    assert (world.fingerprint(), world.serving()) == (before, served)


@points.DEAR
@given(rounds=st.integers(0, 8))
def test_a_namesake_made_while_the_operator_slept_gets_children_of_its_own(rounds: int) -> None:
    """P7: nothing of the earlier object is adopted or reported, nothing of the new one is removed."""
    clean = Pretend(gpus=4)
    clean.apply(deployment(context=4096))
    clean.settle()
    world = Pretend(gpus=4)
    world.apply(deployment())
    world.rounds(rounds)
    world.kube.delete(kinds.INFERENCE_DEPLOYMENT, "default", "chat")
    world.apply(deployment(context=4096))
    old = {one["metadata"]["uid"] for one in world.objects.held.values()} - {world.document()["metadata"]["uid"]}
    world.restart()
    world.settle()
    live = {where: one["metadata"]["uid"] for where, one in world.objects.held.items() if where[0] != "nodes"}
    assert not old & set(live.values())
    assert world.fingerprint() == clean.fingerprint()


@points.DEAR
@given(seed=st.integers(0, 2**16), lost=st.floats(0, 0.5), doubled=st.floats(0, 0.5))
def test_events_lost_doubled_and_out_of_order_change_nothing_in_the_end(seed: int, lost: float, doubled: float) -> None:
    """P8: with one true list at the end, as an informer fetches it, the end is the same."""
    dice = random.Random(seed)  # noqa: S311  # a test's dice

    def feed(news: Sequence[Happened]) -> Sequence[Happened]:
        happenings = [one for one in news if dice.random() >= lost]
        happenings += [one for one in happenings if dice.random() < doubled]
        return sorted(happenings, key=lambda _: dice.random())

    world = Pretend(gpus=3)
    world.world.feed = feed
    for context in (8192, 4096):
        world.apply(deployment(context=context))
        for _ in range(8):
            world.kube.round(world.now)
            world.settle_or_fail()
            world.now += world.ROUND
    world.world.feed = None
    world.settle()
    assert world.fingerprint() == rolled().fingerprint()


def test_a_child_whose_deletion_the_watch_missed_is_recreated() -> None:
    """P9: a gap in the feed; the list after it shows it."""
    world = rolled()
    before = world.fingerprint()
    world.world.feed = lambda _: ()
    world.kube.delete(kinds.SERVICE, "default", "chat-router")
    world.reconcile_now()
    assert world.fingerprint() != before
    world.world.feed = None
    world.reconcile_now()
    assert world.fingerprint() == before


def test_a_store_that_is_behind_our_own_writes_makes_nothing_twice() -> None:
    """P11: after the create, only its answer is received."""
    clean = Pretend()
    clean.apply(deployment())
    clean.rounds(3)
    world = Pretend()
    world.apply(deployment())
    world.world.receive()
    world.world.receives = False
    for _ in range(3):
        world.kube.round(world.now)
        world.reconcile_now()
        world.now += world.ROUND
    assert +world.server.made == +clean.server.made
    assert all(times == 1 for times in (+world.server.made).values())
    assert world.engines() == clean.engines()


def test_a_pretended_feed_knows_every_kind_that_the_operator_follows() -> None:
    """These tests could not see changes of a kind that the operator follows and the fake feed lacks."""
    assert {*informers.WATCHED.ours, *informers.WATCHED.children, kinds.NODE} <= set(WATCHED)
