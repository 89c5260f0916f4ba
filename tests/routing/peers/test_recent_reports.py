"""Reports that overtake each other: what a peer has at an engine is what its latest report of that engine says."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from fairlead.routing.peers.recent_reports import MAX_KEPT, RecentReports
from fairlead.routing.peers.reports import EngineReport
from tests.routing.engines import request_of, sent
from tests.routing.peers.groups import World


def report(engine: int, requests: int) -> EngineReport:
    return engine, requests, 0, 0


def test_of_an_overtaken_report_the_engines_count_that_no_later_one_names() -> None:
    recent: RecentReports[EngineReport] = RecentReports()
    assert recent.latest(2, [report(7, 2)]) == [report(7, 2)]
    assert recent.latest(1, [report(7, 1), report(8, 1)]) == [report(8, 1)]
    assert recent.latest(0, [report(7, 0), report(8, 0), report(9, 0)]) == [report(9, 0)]
    assert recent.latest(3, [report(8, 3)]) == [report(8, 3)]


def test_of_one_that_too_many_overtook_nothing_counts() -> None:
    recent: RecentReports[EngineReport] = RecentReports()
    for number in range(10, 11 + MAX_KEPT):
        recent.latest(number, [report(number, 1)])
    assert (recent.latest(9, [report(9, 1)]), recent.latest(5, [])) == ((), [])


def test_another_process_begins_anew() -> None:
    recent: RecentReports[EngineReport] = RecentReports()
    recent.latest(100, [report(7, 1)])
    recent.clear()
    assert recent.latest(1, [report(7, 2)]) == [report(7, 2)]


@given(st.lists(st.lists(st.integers(0, 4), max_size=3, unique=True), max_size=MAX_KEPT), st.randoms())
def test_in_whatever_order_they_arrive_the_latest_figures_always_remain(
    engines: list[list[int]], chance: Random
) -> None:
    sent = [(number, [report(one, number) for one in named]) for number, named in enumerate(engines)]
    truth = {one[0]: one for _, entries in sent for one in entries}
    recent: RecentReports[EngineReport] = RecentReports()
    chance.shuffle(sent)
    found: dict[int, EngineReport] = {}
    for number, entries in sent:
        found |= {one[0]: one for one in recent.latest(number, entries)}
    assert found == truth


def test_what_a_router_has_in_flight_is_the_same_after_reports_that_arrive_in_reverse() -> None:
    world = World("a", "b")
    world.cut = {"a"}
    before = len(world.recorded)
    for turn in range(1, 4):
        sent(world.tables["a"], request_of(100 * turn))
        world.live(0.05)
    reports = [one for name, one in world.recorded[before:] if name == "b"]
    assert len(reports) == 3
    assert [world.deliver("b", one) for one in reversed(reports)] == [None] * 3
    assert world.loads("b") == world.own("a")
