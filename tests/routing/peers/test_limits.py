"""What peers may take up: never more peers, engines, receivers or blocks than the limits."""

import pytest

from fairlead.routing.peers import catch_up, own_reports, peer_group, shared_engines
from fairlead.routing.peers.envelope import DatagramKind, Envelope, IgnoredReason, PeerKeys
from tests.routing.engines import request_of, sent
from tests.routing.peers.groups import KEY, World


def test_there_are_never_more_peers_or_receivers_than_the_limits() -> None:
    world = World("a", "b")
    world.groups["a"].take((f"r-{place}" for place in range(500)), 500)
    assert world.groups["a"].listed == peer_group.MAX_PEERS
    waiting = catch_up.CatchUps(world.groups["a"].engines)
    for receiver in range(100):
        waiting.add(receiver, whole=True)
    served = {receiver for _ in range(20) for receiver, _ in waiting.next()}
    assert len(served) == catch_up.MAX_WAITING


def test_one_that_is_being_served_is_not_served_twice() -> None:
    world = World("a", "b")
    sent(world.tables["a"], request_of(*range(1, 4000)))
    waiting = catch_up.CatchUps(world.groups["a"].engines)
    waiting.add(1, whole=True)
    first = list(waiting.next())
    waiting.add(1, whole=True)
    rest = list(waiting.next())
    assert [content is None for _, content in (*first, *rest)].count(True) == 1
    assert list(waiting.next()) == []


def test_who_is_challenged_again_and_again_answers_now_and_then() -> None:
    world = World("a", "b")
    sender, receiver = (next(one for one, name in world.numbers.items() if name == whose) for whose in "ab")
    sealed = [
        PeerKeys((KEY,)).sealed(Envelope(DatagramKind.CHALLENGE, sender, receiver, 77, place), b"12345678")
        for place in (1, 2, 3)
    ]
    world.live(2.0)
    assert [world.deliver("b", one) for one in sealed] == [None, IgnoredReason.OLD, IgnoredReason.OLD]


def test_of_more_engines_than_the_limit_the_rest_counts_nothing_and_moves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shared_engines, "MAX_ENGINES", 1)
    world = World("a", "b")
    for _ in range(3):
        sent(world.tables["a"], request_of(tokens=0))
    world.live(0.3)
    assert sum(one.peers_inflight for one in world.tables["b"].endpoints) == 1


def test_blocks_beyond_the_rate_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_reports, "MAX_AT_ONCE", 2.0)
    world = World("a", "b")
    world.live(0.3)
    tables = [world.tables["a"]]
    for start in (10, 20, 30):
        sent(tables[0], request_of(*range(start, start + 3)))
    world.live(0.05)
    assert sum(world.tables["b"].index.held(one.slot) for one in world.tables["b"].endpoints) == 2
