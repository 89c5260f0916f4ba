"""A router's pace towards its peers: at once while there is little to say, and rarer the more it costs."""

from hypothesis import given
from hypothesis import strategies as st

from fairlead.routing.peers.report_pace import EVERY_SECONDS, MAX_SAVED, ReportPace
from tests.routing.engines import request_of, sent
from tests.routing.peers.groups import World


def turns(pace: ReportPace, cost: float, *, seconds: float) -> int:
    """How many turns of this cost it allows, with an occasion every millisecond."""
    found = 0
    for millisecond in range(1, round(seconds * 1000) + 1):
        if pace.allows(millisecond / 1000):
            pace.spend(cost)
            found += 1
    return found


def test_after_a_quiet_time_turns_need_not_wait_for_each_other() -> None:
    assert turns(ReportPace(0.0), 4.0, seconds=0.006) == 6


def test_in_a_busy_time_each_waits_until_the_one_before_is_paid() -> None:
    assert [turns(ReportPace(0.0), cost, seconds=10.0) for cost in (1.0, 4.0)] == [2020, 505]


def test_nothing_is_free() -> None:
    assert turns(ReportPace(0.0), 0.0, seconds=1.0) == turns(ReportPace(0.0), 1.0, seconds=1.0)


def test_turns_that_are_taken_whatever_is_owed_leave_a_debt_of_a_quarter_of_a_second() -> None:
    pace = ReportPace(0.0)
    for _ in range(100):
        pace.spend(80.0)
    assert (pace.allows(0.249), pace.allows(0.251)) == (False, True)


@given(st.lists(st.tuples(st.floats(0.0, 0.1), st.floats(0.0, 50.0)), max_size=60))
def test_what_is_spent_never_exceeds_what_was_saved_and_came_since_by_more_than_one_turn(
    occasions: list[tuple[float, float]],
) -> None:
    pace, now, costs = ReportPace(0.0), 0.0, [0.0]
    for seconds, cost in occasions:
        now += seconds
        if pace.allows(now):
            pace.spend(cost)
            costs.append(max(1.0, cost))
    assert sum(costs) <= MAX_SAVED + now / EVERY_SECONDS + max(costs) + 1e-6


def reported(world: World, seconds: float) -> int:
    """How many datagrams a sends, with an occasion every 5 ms."""
    before = len(world.recorded)
    for tick in range(round(seconds / 0.005)):
        world.groups["a"].flush(world.clock("a") + 0.005 * tick)
        world.carry("a")
    return len(world.recorded) - before


def test_prefixes_that_others_report_are_indexed_at_the_next_occasion() -> None:
    world = World("a", "b")
    where = sent(world.tables["a"], request_of(1, 2, 3))
    slot = world.endpoint("b", where.pod).slot
    reported(world, 0.005)
    assert world.tables["b"].index.held(slot) == 0
    world.groups["b"].flush(world.clock("b"))
    assert world.tables["b"].index.held(slot) == 3


def test_many_prefixes_are_indexed_all_together_and_the_next_ones_wait() -> None:
    world = World("a", *(f"peer-{place}" for place in range(9)))
    group, table = world.groups["a"], world.tables["a"]
    number, _ = next(group.engines.held())
    endpoint = group.engines.endpoint(number)
    assert endpoint is not None
    held = []
    for tick in range(20):
        group.engines.learn(number, range(1000 * tick, 1000 * tick + 400))
        group.flush(world.clock("a") + 0.005 * tick)
        held.append(table.index.held(endpoint.slot) // 400)
    assert held[:3] == [1, 2, 3]
    assert held[3:] == sorted(held[3:])
    assert len(set(held[3:])) < 5


def test_small_reports_leave_at_the_next_occasion_and_large_ones_wait_for_each_other() -> None:
    world = World("a", *(f"peer-{place}" for place in range(9)))
    table, quick, slow = world.tables["a"], [], []
    for turn in range(40):
        sent(table, request_of(10 * turn))
        quick.append(reported(world, 0.005) // 9)
        world.now += 0.005
    assert sum(quick) == 40
    for turn in range(40):
        sent(table, request_of(*range(10_000 * turn + 1000, 10_000 * turn + 1080)))
        slow.append(reported(world, 0.005) // 9)
        world.now += 0.005
    assert 0 in slow
    assert sum(slow[20:]) < 15
