from hypothesis import given
from hypothesis import strategies as st

from fairlead.simulator.virtual_fleet import event_queue
from fairlead.simulator.virtual_fleet.event_queue import EventQueue

RANKS = st.sampled_from((event_queue.ENGINE, event_queue.READY, event_queue.ARRIVAL, event_queue.TICK))


def drained(events: EventQueue[str]) -> list[str]:
    out = []
    while event := events.next():
        out.append(event[3])
    return out


def test_equal_times_are_settled_by_rank_then_by_who_came_first() -> None:
    events = EventQueue[str]()
    events.add(1.0, event_queue.TICK, "tick")
    events.add(1.0, event_queue.ARRIVAL, "first arrival")
    events.add(1.0, event_queue.ARRIVAL, "second arrival")
    events.add(1.0, event_queue.ENGINE, "engine")
    events.add(0.5, event_queue.TICK, "earlier tick")

    assert drained(events) == ["earlier tick", "engine", "first arrival", "second arrival", "tick"]


def test_events_with_an_order_come_in_that_order_and_not_as_they_were_added() -> None:
    events = EventQueue[str]()
    events.add(1.0, event_queue.ENGINE, "second replica", (1, 0))
    events.add(1.0, event_queue.ENGINE, "first replica, second engine", (0, 1))
    events.add(1.0, event_queue.ENGINE, "first replica, first engine", (0, 0))

    assert drained(events) == ["first replica, first engine", "first replica, second engine", "second replica"]


def test_a_cancelled_event_never_happens() -> None:
    events = EventQueue[str]()
    ready = events.add(3.0, event_queue.READY, "ready")
    events.add(4.0, event_queue.TICK, "tick")

    events.cancel(ready)

    assert len(events) == 1
    assert drained(events) == ["tick"]
    assert len(events) == 0


def test_nothing_after_the_end_is_answered_and_nothing_is_lost() -> None:
    events = EventQueue[str]()
    events.add(2.0, event_queue.ARRIVAL, "late")

    assert events.next(until=1.9) is None
    assert events.next(until=2.0) == (2.0, event_queue.ARRIVAL, 1, "late")


def test_a_second_queue_counts_from_the_start_again() -> None:
    assert [EventQueue[str]().add(0.0, event_queue.TICK, "tick") for _ in range(3)] == [1, 1, 1]


@given(st.lists(st.tuples(st.floats(0, 10), RANKS), max_size=50), st.sets(st.integers(0, 49)))
def test_events_always_come_in_order_and_the_cancelled_never(
    wanted: list[tuple[float, int]], cancelled: set[int]
) -> None:
    events = EventQueue[int]()
    numbers = [events.add(time, rank, place) for place, (time, rank) in enumerate(wanted)]
    for place in cancelled & set(range(len(wanted))):
        events.cancel(numbers[place])
    seen = []
    while event := events.next():
        seen.append(event[:3])

    assert seen == sorted(seen)
    assert len(seen) == len(set(range(len(wanted))) - cancelled)
