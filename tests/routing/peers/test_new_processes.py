"""A new process knows nothing: it catches up, and is not asked for what it cannot have."""

from fairlead.routing.peers.envelope import DatagramKind, IgnoredReason, PeerKeys
from tests.routing.peers.groups import KEY, World


def kind_of(datagram: bytes) -> int:
    """Its purpose; all routers of these tests have one key."""
    opened = PeerKeys((KEY,)).opened(datagram)
    assert not isinstance(opened, IgnoredReason)
    return opened[0].kind


def test_those_that_lack_nothing_ask_it_for_nothing() -> None:
    world = World("a", "b", "c", "d")
    world.cut = {"c"}
    world.live(2.0)
    assert [world.groups[name].live for name in ("a", "b", "d")] == [2, 2, 2]
    world.cut = set()
    world.start("c")
    world.recorded.clear()
    world.live(1.0)
    assert world.groups["a"].live == 3
    kinds = {kind_of(datagram) for name, datagram in world.recorded if name == "c"}
    assert DatagramKind.CAUGHT_UP in kinds
    assert DatagramKind.CATCH_UP not in kinds
