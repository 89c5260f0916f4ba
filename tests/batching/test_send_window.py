"""How many requests are in flight: up by answers, down by refusals, and always between one and the limit."""

from hypothesis import given
from hypothesis import strategies as st

from fairlead.batching.send_window import FIRST, SendWindow


def answered(window: SendWindow, times: int) -> None:
    for _ in range(times):
        window.sent()
        window.answered()


def test_until_the_first_refusal_each_answer_adds_one() -> None:
    window = SendWindow(64)
    assert window.limit == FIRST
    answered(window, 100)
    assert window.limit == 64


def test_a_round_of_refusals_halves_the_window_once() -> None:
    window = SendWindow(64)
    answered(window, 28)
    rounds = [window.sent() for _ in range(32)]
    for one in rounds:
        window.refused(one, 0.0)
    assert (window.limit, window.in_flight) == (16, 0)
    window.refused(window.sent(), 0.0)
    assert window.limit == 8


def test_after_a_refusal_a_whole_round_of_answers_adds_one() -> None:
    window = SendWindow(64)
    answered(window, 28)
    window.refused(window.sent(), 0.0)
    answered(window, 17)
    assert 16.9 < window.limit < 17.1


def test_nothing_is_sent_before_the_time_that_a_refusal_names() -> None:
    window = SendWindow(8)
    window.refused(window.sent(), 30.0)
    window.refused(window.sent(), 10.0)
    assert not window.may_send(29.9)
    assert window.may_send(30.0)


def test_an_address_that_comes_back_is_tried_with_few_requests_and_soon_with_many() -> None:
    window = SendWindow(64)
    answered(window, 60)
    window.refused(window.sent(), 0.0)
    window.sent()
    window.unreachable(5.0)
    assert (window.limit, window.may_send(4.0), window.may_send(5.0)) == (FIRST, False, True)
    answered(window, 10)
    assert window.limit == FIRST + 10


def test_a_request_that_ended_without_an_answer_frees_its_place_and_leaves_the_limit() -> None:
    window = SendWindow(64)
    window.sent()
    window.ended()
    assert (window.in_flight, window.limit) == (0, FIRST)


EVENTS = st.lists(st.sampled_from(["send", "answered", "refused", "ended", "unreachable"]), max_size=200)


@given(most=st.integers(1, 50), events=EVENTS)
def test_there_are_never_more_in_flight_than_allowed_and_always_room_for_one(most: int, events: list[str]) -> None:
    window, flying = SendWindow(most), list[int]()
    for event in events:
        if event == "send":
            if window.may_send(0.0):
                flying.append(window.sent())
        elif flying:
            sent_in = flying.pop()
            if event == "refused":
                window.refused(sent_in, 0.0)
            elif event == "unreachable":
                window.unreachable(0.0)
            else:
                getattr(window, event)()
        assert window.in_flight == len(flying) <= most
        assert 1 <= window.limit <= most
    assert flying or window.may_send(0.0)


def test_a_window_may_begin_as_wide_as_it_gets_and_pause_for_another_one() -> None:
    window = SendWindow(8, first=8)
    assert window.limit == 8
    window.pause(5.0)
    window.pause(3.0)
    assert not window.may_send(4.9)
    assert window.may_send(5.0)
    window.sent()
    window.unreachable(9.0)
    assert (window.limit, window.resume_at) == (8, 9.0)
