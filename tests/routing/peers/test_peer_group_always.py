"""Whatever is lost, duplicated, late or forged: a router's view of its peers' load is what they last reported."""

from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from fairlead.routing.peers.envelope import IgnoredReason
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.routing_request import RoutingRequest
from tests.routing.engines import request_of, sent
from tests.routing.peers.groups import World

NAMES: Final = ("a", "b", "c")
ACTS: Final = st.lists(
    st.tuples(st.sampled_from(("send", "end", "cut", "join", "restart", "replay", "live")), st.integers(0, 40)),
    max_size=40,
)


class Story:
    """Plays routers, their clients and a network."""

    def __init__(self) -> None:
        self.world = World(*NAMES)
        self.running: dict[str, list[RoutingRequest]] = {name: [] for name in NAMES}

    def play(self, act: str, which: int) -> None:
        name, world = NAMES[which % len(NAMES)], self.world
        match act:
            case "send":
                request = request_of(*range(which, which + 3))
                sent(world.tables[name], request)
                self.running[name].append(request)
            case "end" if self.running[name]:
                request = self.running[name].pop(which % len(self.running[name]))
                world.tables[name].give_back(request, AttemptEnding.DONE, world.now)
            case "cut":
                world.cut.add(name)
            case "join":
                world.cut.discard(name)
            case "restart":
                world.start(name)
                self.running[name] = []
            case "replay":
                for receiver, datagram in world.recorded[which :: 7 + which]:
                    world.deliver(receiver, datagram)
            case _:
                world.live(0.05 * (1 + which))


@given(ACTS)
def test_two_quiet_seconds_always_bring_everybody_to_the_truth(acts: list[tuple[str, int]]) -> None:
    story = Story()
    for act, which in acts:
        story.play(act, which)
    world = story.world
    world.cut.clear()
    world.live(2.5)
    for name in NAMES:
        others = [one for one in NAMES if one != name]
        assert world.loads(name) == world.own(*others)
        assert world.groups[name].is_together


@given(ACTS)
def test_load_of_peers_is_never_below_zero(acts: list[tuple[str, int]]) -> None:
    story = Story()
    for act, which in acts:
        story.play(act, which)
        assert all(figure >= 0 for name in NAMES for figures in story.world.loads(name) for figure in figures)


@given(st.lists(st.integers(0, 500), max_size=60))
def test_a_recorded_datagram_never_counts_again(places: list[int]) -> None:
    world = World(*NAMES)
    sent(world.tables["a"], request_of(1, 2, 3))
    world.live(0.5)
    recorded = list(world.recorded)
    before = [world.loads(name) for name in NAMES]
    for place in places:
        name, datagram = recorded[place % len(recorded)]
        assert world.deliver(name, datagram) is IgnoredReason.OLD
    assert [world.loads(name) for name in NAMES] == before
