"""An evaluation sends much to idle pods, little to busy ones, and nothing where users wait."""

from hypothesis import given
from hypothesis import strategies as st

from fairlead.evaluating.pod_choice import BESIDE_USERS, PodLoad, choose


def pod(ours: int = 0, running: float | None = 0.0, waiting: float | None = 0.0) -> PodLoad:
    return PodLoad(ours=ours, running=running, waiting=waiting)


def test_the_pod_with_the_fewest_evaluation_requests_is_chosen_and_then_the_idlest() -> None:
    assert choose([pod(1, 1), pod(0, 9), pod(0, 5)]) == 2
    assert choose([pod(2, 2), pod(1, 1)]) == 1


def test_no_pod_is_chosen_where_a_users_request_waits() -> None:
    assert choose([pod(waiting=1), pod(running=30)]) == 1
    assert choose([pod(waiting=1), pod(waiting=3, running=200)]) is None


def test_a_pod_of_users_gets_one_at_once_and_an_idle_one_as_many_as_there_are() -> None:
    assert choose([pod(BESIDE_USERS, running=10)]) is None
    assert choose([pod(60, running=60)]) == 0
    assert choose([pod(60, running=58)]) == 0, "the scrape is older than the last two"


def test_where_a_request_came_back_from_and_what_does_not_report_is_last() -> None:
    silent = pod(running=None, waiting=None)
    assert choose([silent, pod(running=20)]) == 1
    assert choose([pod(), pod(running=20)], tried={0}) == 1
    assert choose([silent]) == 0, "the only one there is"
    assert choose([pod(BESIDE_USERS, running=None, waiting=None)]) is None
    assert choose([]) is None


LOADS = st.builds(
    PodLoad,
    ours=st.integers(0, 64),
    running=st.none() | st.floats(0, 300),
    waiting=st.none() | st.floats(0, 50),
)


@given(st.lists(LOADS, max_size=6), st.sets(st.integers(0, 5)))
def test_users_never_wait_behind_a_new_request_of_ours(loads: list[PodLoad], tried: set[int]) -> None:
    found = choose(loads, tried)
    if found is not None:
        assert not loads[found].waiting
        assert loads[found].has_room
    else:
        assert not any(one.has_room for one in loads)
