"""Routers that know each other: what they share, whom they accept, and what is left when none is heard."""

from fairlead.fleet.gateways import Balancing
from fairlead.routing.peers.envelope import DatagramKind, Envelope, IgnoredReason, PeerKeys
from fairlead.routing.peers.peer_group import RENEWAL_SECONDS
from fairlead.routing.reasons import AttemptEnding, PickReason
from fairlead.routing.rendezvous import number
from fairlead.routing.selection import EndpointChoice
from tests.routing import engines
from tests.routing.engines import request_of, sent
from tests.routing.peers.groups import KEY, OTHER_KEY, World

NOTHING = [(0, 0, 0, 0)] * 3


def test_what_one_has_in_flight_the_others_know_at_once_and_no_more_when_it_ended() -> None:
    world = World("a", "b", "c")
    request = request_of(1, 2, 3)
    endpoint = sent(world.tables["a"], request)
    world.live(0.05)
    assert world.loads("b") == world.loads("c") == world.own("a")
    assert endpoint.load > 0
    world.tables["a"].first_token(request, 1.0)
    world.live(0.05)
    assert world.loads("b") == world.own("a")
    world.tables["a"].give_back(request, AttemptEnding.DONE, 2.0)
    world.live(0.05)
    assert world.loads("b") == world.loads("c") == NOTHING


def test_the_second_router_sends_a_talk_where_the_first_one_did() -> None:
    world = World("a", "b")
    first = sent(world.tables["a"], request_of(1, 2, 3))
    world.live(0.05)
    choice = world.tables["b"].choose(request_of(1, 2, 3, 4), 1.0)
    assert isinstance(choice, EndpointChoice)
    assert (choice.endpoint.pod, choice.reason, choice.held_blocks) == (first.pod, PickReason.PREFIX, 3)


def test_idle_routers_take_turns_over_the_engines() -> None:
    world = World("a", "b")
    pods = []
    for name in ("a", "b", "a"):
        pods.append(sent(world.tables[name], request_of(tokens=0)).pod)
        world.live(0.05)
    assert sorted(pods) == ["e-0", "e-1", "e-2"]


def test_a_silent_router_is_forgotten_within_two_seconds_and_counts_again_when_it_returns() -> None:
    world = World("a", "b")
    sent(world.tables["a"], request_of(1, 2))
    world.live(0.1)
    world.cut = {"a"}
    world.live(1.2)
    assert (world.loads("b"), world.groups["b"].live) == (world.own("a"), 1)
    world.live(0.8)
    assert (world.loads("b"), world.groups["b"].live, world.groups["b"].is_together) == (NOTHING, 0, False)
    world.cut = set()
    world.live(0.3)
    assert (world.loads("b"), world.groups["b"].is_together) == (world.own("a"), True)


def test_routers_that_receive_nothing_from_peers_send_a_conversation_to_one_agreed_endpoint() -> None:
    world = World("a", "b", "c", "d")
    world.cut = {"a", "b", "c", "d"}
    world.live(2.0)
    assert {sent(world.tables[name], request_of(7, 8)).pod for name in world.names} == {
        sent(engines.table(*("e-0", "e-1", "e-2"), routers=4), request_of(7, 8)).pod
    }


def test_a_third_of_the_others_is_enough() -> None:
    world = World("a", "b", "c", "d")
    world.cut = {"c", "d"}
    world.live(2.0)
    assert [world.groups[name].is_together for name in world.names] == [True, True, False, False]
    assert [world.tables[name].context.together for name in world.names] == [True, True, False, False]


def test_of_a_report_that_was_overtaken_only_the_prefixes_count_and_once() -> None:
    world = World("a", "b")
    world.cut = {"a"}
    request = request_of(1, 2)
    where = sent(world.tables["a"], request)
    world.live(0.05)
    report = [one for name, one in world.recorded if name == "b"][-1]
    world.tables["a"].give_back(request, AttemptEnding.DONE, 1.0)
    world.cut = set()
    world.live(0.05)
    assert (world.deliver("b", report), world.deliver("b", report)) == (None, IgnoredReason.OLD)
    world.live(0.05)
    assert (world.loads("b"), world.tables["b"].index.held(world.endpoint("b", where.pod).slot)) == (NOTHING, 2)


def test_a_report_that_far_more_overtook_is_old() -> None:
    world = World("a", "b")
    world.cut = {"a"}
    sent(world.tables["a"], request_of(1, 2))
    world.live(0.05)
    report = [one for name, one in world.recorded if name == "b"][-1]
    world.cut = set()
    world.live(20.0)
    assert world.deliver("b", report) is IgnoredReason.OLD


def test_after_a_cut_it_catches_up_with_what_was_sent_in_the_meantime() -> None:
    world = World("a", "b", "c")
    world.cut = {"c"}
    world.live(2.0)
    where = sent(world.tables["a"], request_of(1, 2, 3, 4))
    world.live(1.0)
    world.cut = set()
    world.live(1.0)
    assert world.tables["c"].index.held(world.endpoint("c", where.pod).slot) == 2
    choice = world.tables["c"].choose(request_of(1, 2, 3, 4), 1.0)
    assert isinstance(choice, EndpointChoice)
    assert choice.endpoint.pod == where.pod


def test_halves_that_meet_again_learn_what_each_sent_meanwhile() -> None:
    """Each was in contact with a third of the others all the time, so none was ever alone."""
    world = World("a", "b", "c", "d")
    world.apart = {"a", "b"}
    world.live(2.0)
    assert [one.is_together for one in world.groups.values()] == [True] * 4
    where = sent(world.tables["a"], request_of(1, 2, 3, 4))
    world.live(1.0)
    world.apart = set()
    world.live(1.0)
    assert [world.tables[name].index.held(world.endpoint(name, where.pod).slot) for name in "bcd"] == [4, 2, 2]


def test_a_router_that_starts_learns_from_a_peer_before_it_is_ready() -> None:
    world = World("a", "b")
    blocks = tuple(range(1, 4000))
    where = sent(world.tables["a"], request_of(*blocks))
    world.live(0.1)
    world.start("b")
    assert not world.groups["b"].is_caught_up
    world.live(0.9)
    learnt = world.tables["b"].index.blocks(world.endpoint("b", where.pod).slot)
    assert (world.groups["b"].is_caught_up, learnt) == (True, world.tables["a"].index.blocks(where.slot))
    assert (world.loads("b"), world.loads("a")) == (world.own("a"), NOTHING)


def test_the_first_router_waits_no_longer_than_a_second_for_peers() -> None:
    world = World("a", "b", starts=False)
    world.cut = {"a", "b"}
    world.live(0.9)
    assert not world.groups["a"].is_caught_up
    world.live(0.3)
    assert world.groups["a"].is_caught_up


def test_a_silent_peer_is_queried_only_at_intervals_and_a_peer_without_state_does_not_answer() -> None:
    world = World("a", "b", starts=False)
    world.live(0.7)
    wanted = [PeerKeys((KEY,)).opened(one) for name, one in world.recorded if name == "b"]
    kinds = [one[0].kind for one in wanted if isinstance(one, tuple)]
    assert kinds.count(DatagramKind.CATCH_UP) == 2
    assert DatagramKind.CAUGHT_UP not in kinds


def test_what_a_forger_sends_changes_nothing() -> None:
    world = World("a", "b")
    sent(world.tables["a"], request_of(1, 2))
    world.live(0.1)
    before = world.loads("b")
    forged = PeerKeys((OTHER_KEY,)).sealed(Envelope(DatagramKind.REPORT, number("a"), 0, 1, 10**6), b"\0\0")
    strange = PeerKeys((KEY,)).sealed(Envelope(DatagramKind.REPORT, number("x"), 0, 1, 10**6), b"\0\0")
    for_another = PeerKeys((KEY,)).sealed(Envelope(DatagramKind.REPORT, number("a"), number("x"), 1, 10**6), b"\0\0")
    found = [world.deliver("b", one) for one in (b"", forged, strange, for_another)]
    assert found == [IgnoredReason.MALFORMED, IgnoredReason.FORGED, IgnoredReason.NO_PEER, IgnoredReason.NO_PEER]
    assert world.loads("b") == before


def test_what_was_recorded_changes_nothing_not_even_after_a_restart() -> None:
    world = World("a", "b")
    sent(world.tables["a"], request_of(1, 2))
    world.live(0.5)
    old = [one for name, one in world.recorded if name == "b"]
    world.start("a")
    world.live(1.5)
    assert world.loads("b") == NOTHING
    assert {world.deliver("b", one) for one in old} <= {IgnoredReason.UNPROVED, IgnoredReason.OLD, None}
    world.live(0.5)
    assert world.loads("b") == NOTHING


def test_a_process_that_starts_anew_has_nothing_in_flight_once_it_proved_that_it_runs() -> None:
    world = World("a", "b")
    sent(world.tables["a"], request_of(1, 2))
    world.live(0.3)
    world.start("a")
    world.live(0.3)
    assert (world.loads("b"), world.groups["b"].live) == (NOTHING, 1)


def test_an_unknown_kind_of_a_later_release_says_that_its_sender_is_there_and_no_more() -> None:
    world = World("a", "b")
    later = PeerKeys((KEY,)).sealed(Envelope(99, number("a"), 0, 1, 10**6), b"?")
    garbled = PeerKeys((KEY,)).sealed(Envelope(DatagramKind.REPORT, number("a"), 0, 1, 10**6 + 1), b"?")
    assert [world.deliver("b", one) for one in (later, garbled)] == [None, IgnoredReason.MALFORMED]


def test_a_router_that_left_the_list_counts_no_more() -> None:
    world = World("a", "b")
    sent(world.tables["a"], request_of(1, 2))
    world.live(0.1)
    world.groups["b"].take(["b"], 1)
    assert (world.loads("b"), world.groups["b"].listed, world.groups["b"].oldest(world.clock("b"))) == (NOTHING, 0, 0.0)
    world.live(0.3)
    assert world.tables["b"].own_requests is not None
    assert not world.tables["b"].own_requests.moved


def test_an_engine_that_a_peer_reports_before_it_is_listed_counts_once_it_is() -> None:
    world = World("a", "b")
    world.tables["b"].apply_discovered(engines.seen("e-0", "e-1"))
    world.groups["b"].follow({"": world.tables["b"]})
    for _ in range(3):
        sent(world.tables["a"], request_of(tokens=0))
    world.live(0.1)
    assert [one.pod for one in world.tables["b"].endpoints if one.peers_inflight] == ["e-0", "e-1"]
    world.tables["b"].apply_discovered(engines.seen("e-0", "e-1", "e-2"))
    world.live(0.3)
    assert world.loads("b") == world.own("a")


def test_an_engine_that_goes_takes_its_reports_along() -> None:
    world = World("a", "b")
    sent(world.tables["a"], request_of(tokens=0))
    world.live(0.1)
    for table in world.tables.values():
        table.apply_discovered(engines.seen("e-1", "e-2"))
    world.live(3.0)
    assert [(one.pod, one.peers_inflight) for one in world.tables["b"].endpoints] == [("e-1", 0), ("e-2", 0)]
    assert world.groups["b"].engines.number(world.endpoint("a", "e-1")) is None


def test_a_target_that_goes_is_shared_no_more() -> None:
    world = World("a", "b")
    world.groups["a"].follow({})
    assert (world.tables["a"].own_requests, world.tables["a"].context.together) == (None, False)


def test_prefixes_are_not_learned_where_balancing_ignores_them() -> None:
    world = World("a", "b")
    world.tables["b"].context.balancing = Balancing(prefix=False)
    where = sent(world.tables["a"], request_of(1, 2))
    world.live(0.1)
    assert world.tables["b"].index.held(world.endpoint("b", where.pod).slot) == 0


def test_without_a_key_nothing_is_sent_and_nothing_counts() -> None:
    world = World("a", "b", keys=())
    sent(world.tables["a"], request_of(1, 2))
    world.live(1.0)
    assert (world.recorded, world.loads("b"), world.groups["a"].live) == ([], NOTHING, 0)


def test_a_new_key_is_sent_with_once_all_have_had_time_to_read_it() -> None:
    world = World("a", "b")
    world.groups["a"].renew([OTHER_KEY, KEY], world.clock("a"))
    world.live(0.5)
    assert world.groups["b"].live == 1
    world.groups["b"].renew([OTHER_KEY, KEY], world.clock("b"))
    world.groups["b"].renew([OTHER_KEY, KEY], world.clock("b"))
    assert [world.groups[name].keys.sends_with for name in world.names] == [1, 1]
    world.now += RENEWAL_SECONDS
    world.live(1.0)
    assert [world.groups[name].keys.sends_with for name in world.names] == [0, 0]
    assert world.groups["a"].is_together
    for name in world.names:
        world.groups[name].renew([OTHER_KEY], world.clock(name))
    world.live(0.5)
    assert (world.groups["a"].live, world.groups["b"].live) == (1, 1)


def test_a_key_that_is_taken_away_ends_it() -> None:
    world = World("a", "b")
    for name in world.names:
        world.groups[name].renew([], world.clock(name))
    world.live(2.0)
    assert not world.groups["a"].is_together
