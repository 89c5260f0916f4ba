"""Routers that know each other's adapters: what one has at an engine counts at the others, until it goes silent."""

from fairlead.routing.adapter_slots import SlotUse, number
from fairlead.routing.peers.envelope import DatagramKind, Envelope, IgnoredReason, PeerKeys
from fairlead.routing.reasons import PickReason
from fairlead.routing.rendezvous import number as router_number
from fairlead.routing.selection import EndpointChoice
from tests.routing import engines
from tests.routing.peers.groups import KEY, PODS, World

FORGOTTEN_S = 2.0


def with_slots(world: World, slots: int = 1) -> World:
    """Each engine has this many, and all adapters."""
    for table in world.tables.values():
        table.follow_adapters(follow=True, slots=slots)
        for endpoint in table.endpoints:
            table.loaded(endpoint, frozenset({"sql", "law"}))
    return world


def enter(world: World, router: str, pod: str, adapter: str) -> None:
    """A request of this router's is in flight there."""
    choice = EndpointChoice(endpoint=world.endpoint(router, pod), reason=PickReason.ONLY_ONE)
    world.tables[router].charge(engines.request_of(adapter=adapter), choice, world.now)


def free_for(world: World, router: str, adapter: str) -> list[str]:
    return [pod for pod in PODS if world.endpoint(router, pod).slots.has(adapter)]


def test_a_slot_that_another_router_filled_is_taken_until_its_request_has_ended() -> None:
    world = with_slots(World("a", "b"))
    enter(world, "a", "e-0", "sql")
    world.live(0.1)
    assert free_for(world, "b", "law") == ["e-1", "e-2"]
    assert free_for(world, "b", "sql") == list(PODS), "it has its slot there"
    world.endpoint("a", "e-0").slots.leave("sql")
    world.live(0.3)
    assert free_for(world, "b", "law") == list(PODS)


def test_an_adapter_that_waits_at_one_router_is_ceded_to_at_the_others() -> None:
    world = with_slots(World("a", "b"))
    for pod in PODS:
        enter(world, "b", pod, "law")
    world.live(1.5)
    table = world.tables["a"]
    table.wait_for_slot(engines.request_of(adapter="sql"), world.clock("a"))
    claimed = next(one.pod for one in table.endpoints if one.slots.waiting)
    world.live(0.1)
    assert free_for(world, "b", "law") == [pod for pod in PODS if pod != claimed]
    table.claims.end("sql", world.clock("a"))
    world.live(0.1)
    assert free_for(world, "b", "law") == list(PODS)


def test_a_silent_routers_slots_count_as_free_until_it_reports_again() -> None:
    world = with_slots(World("a", "b"))
    enter(world, "a", "e-0", "sql")
    world.live(0.3)
    world.cut = {"a"}
    world.live(FORGOTTEN_S)
    assert free_for(world, "b", "law") == list(PODS)
    world.cut = set()
    world.live(0.5)
    assert free_for(world, "b", "law") == ["e-1", "e-2"]


def test_a_router_that_is_listed_no_more_or_starts_anew_has_no_slot() -> None:
    world = with_slots(World("a", "b", "c"))
    enter(world, "a", "e-0", "sql")
    enter(world, "c", "e-1", "sql")
    world.live(0.3)
    assert free_for(world, "b", "law") == ["e-2"]
    world.groups["b"].take(("b", "c"), 2)
    world.start("c")
    world.live(1.5)
    assert free_for(world, "b", "law") == list(PODS)


def test_a_peers_report_about_an_engine_counts_when_the_engine_is_listed_again() -> None:
    world = with_slots(World("a", "b"))
    enter(world, "a", "e-0", "sql")
    world.live(0.3)
    table = world.tables["b"]
    table.apply_discovered(engines.seen("e-1", "e-2"))
    world.live(0.3)
    table.apply_discovered(engines.seen(*PODS))
    back = world.endpoint("b", "e-0")
    table.probe_succeeded(back)
    table.loaded(back, frozenset({"sql", "law"}))
    world.live(0.3)
    assert not back.slots.has("law")


def test_engines_without_slots_are_not_reported_and_broken_reports_change_nothing() -> None:
    world = World("a", "b")
    enter(world, "a", "e-0", "sql")
    world.live(0.5)
    assert world.endpoint("b", "e-0").slots.uses(world.now) == ()
    with_slots(world)
    sealed = PeerKeys((KEY,)).sealed(
        Envelope(DatagramKind.SLOTS, router_number("a"), router_number("b"), 1, 2**32), b"\1\2\3"
    )
    assert world.deliver("b", sealed) is IgnoredReason.MALFORMED
    assert free_for(world, "b", "law") == list(PODS)


def test_the_order_of_those_that_wait_is_that_in_which_they_came_at_whatever_router() -> None:
    world = with_slots(World("a", "b"))
    slots = world.endpoint("b", "e-0").slots
    slots.enter("other", 0.0)
    slots.wait("law", 10.0)
    slots.take(7, (SlotUse(number("sql"), 0, 5.0),), 12.0)
    slots.take(7, (SlotUse(number("sql"), 0, 0.0),), 12.5)
    slots.leave("other")
    assert (slots.has("sql"), slots.has("law"), slots.has("more")) == (True, False, False)
    slots.take(7, (), 13.0)
    assert slots.has("law")
