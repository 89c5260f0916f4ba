"""How many requests of a cascade escalate: never more than the share, over any minute."""

from hypothesis import given
from hypothesis import strategies as st

from fairlead.routing.models.escalation_budget import SLOT_SECONDS, EscalationBudget


def test_a_fifth_of_the_requests_may_go_on_and_the_next_minute_begins_anew() -> None:
    budget = EscalationBudget()
    for _ in range(100):
        budget.count_request(1000.0)
    assert [budget.maybe_spend(0.2, 1001.0) for _ in range(21)] == [True] * 20 + [False]
    assert not budget.maybe_spend(0.2, 1049.0)
    assert budget.maybe_spend(0.2, 1061.0)
    assert not budget.maybe_spend(0.2, 1062.0)


def test_a_quiet_route_may_go_on_once_a_minute_and_a_share_of_0_never() -> None:
    budget = EscalationBudget()
    budget.count_request(5.0)
    assert not budget.maybe_spend(0.0, 5.0)
    assert budget.maybe_spend(0.1, 5.0)
    assert not budget.maybe_spend(0.1, 50.0)


def test_a_clock_that_steps_back_counts_on() -> None:
    budget = EscalationBudget()
    budget.count_request(1000.0)
    assert budget.maybe_spend(0.9, 990.0)
    assert not budget.maybe_spend(0.9, 1000.0)


def test_a_share_of_1_means_all_however_late_and_often_they_go_on() -> None:
    budget = EscalationBudget()
    budget.count_request(0.0)
    assert all(budget.maybe_spend(1.0, at) for at in (70.0, 70.0, 71.0))
    assert not budget.maybe_spend(0.5, 72.0)


@given(st.lists(st.tuples(st.floats(0, 9), st.booleans()), max_size=60), st.floats(0.01, 0.99))
def test_none_is_granted_beyond_the_share_of_the_slots_that_count(
    story: list[tuple[float, bool]], share: float
) -> None:
    budget, now = EscalationBudget(), 100.0
    requests: list[float] = []
    escalations: list[float] = []
    for wait, escalates in story:
        now += wait
        budget.count_request(now)
        requests.append(now)
        since = (now // SLOT_SECONDS - 11) * SLOT_SECONDS
        if escalates and budget.maybe_spend(share, now):
            escalations.append(now)
            recent = sum(one >= since for one in requests)
            assert sum(one >= since for one in escalations) <= max(1.0, share * recent)
