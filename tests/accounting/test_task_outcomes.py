"""The cost of a useful answer, by the target and revision where tasks began."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.accounting import task_outcomes
from fairlead.accounting.request_cost import RequestCost
from fairlead.accounting.task_outcomes import ModelFigures, ModelKey, OutcomeReceipt, TaskOutcomes, TaskTotals
from tests.accounting.costs import LARGE, SMALL, attempt, request

SMALL_KEY = ModelKey(SMALL, "r1")


def test_a_task_costs_all_that_its_requests_took_wherever_they_ended() -> None:
    outcomes = TaskOutcomes()
    outcomes.add(
        request(
            attempt(cost=0.1, invalid=True, answered=False),
            attempt(cost=0.1, retry=True, invalid=True, answered=False),
            attempt(LARGE, cost=0.5, escalation=True, invalid=False),
            task="one",
        )
    )
    outcomes.add(request(attempt(cost=0.3), task="one"))
    outcomes.add(request(attempt(cost=0.2), task="two"))
    assert outcomes.report("acme", "one", success=True) is OutcomeReceipt.COUNTED
    assert outcomes.report("acme", "two", success=False) is OutcomeReceipt.COUNTED
    small = outcomes.models()[SMALL_KEY]
    assert (small.tasks, small.succeeded, small.failed, small.moved) == (2, 1, 1, 1)
    assert small.cost_per_success == pytest.approx(1.2)
    assert (small.retry_rate, small.invalid_rate) == pytest.approx((1 / 3, 1.0))
    assert small.cost == pytest.approx(0.7)
    assert outcomes.models()[ModelKey(LARGE, "r1")].cost == 0.5


def test_what_comes_after_the_report_is_part_of_the_task() -> None:
    outcomes = TaskOutcomes()
    outcomes.add(request(attempt(cost=1.0), task="one"))
    outcomes.report("acme", "one", success=True)
    outcomes.add(request(attempt(cost=0.5), task="one"))
    assert outcomes.models()[SMALL_KEY].cost_per_success == 1.5


def test_a_task_of_cached_answers_alone_is_one_that_cost_nothing() -> None:
    outcomes = TaskOutcomes()
    outcomes.add_cached("acme", "one", SMALL_KEY)
    outcomes.add(request(attempt(LARGE, cost=1.0), task="two"))
    outcomes.add_cached("acme", "two", SMALL_KEY)
    assert outcomes.report("acme", "one", success=True) is OutcomeReceipt.COUNTED
    assert outcomes.report("acme", "two", success=True) is OutcomeReceipt.COUNTED
    small, large = outcomes.models()[SMALL_KEY], outcomes.models()[ModelKey(LARGE, "r1")]
    assert (small.tasks, small.succeeded, small.cost_per_success, small.attempts) == (1, 1, 0.0, 0)
    assert (large.tasks, large.succeeded, large.cost_per_success) == (1, 1, 1.0)


def test_the_last_report_counts() -> None:
    outcomes = TaskOutcomes()
    outcomes.add(request(attempt(cost=1.0), task="one"))
    reports = [outcomes.report("acme", "one", success=one) for one in (True, True, False, True)]
    assert reports == [
        OutcomeReceipt.COUNTED,
        OutcomeReceipt.REPEATED,
        OutcomeReceipt.CHANGED,
        OutcomeReceipt.CHANGED,
    ]
    figures = outcomes.models()[SMALL_KEY]
    assert (figures.succeeded, figures.failed, figures.reported_cost) == (1, 0, 1.0)


def test_a_task_of_another_tenant_or_one_that_never_existed_cannot_be_reported() -> None:
    outcomes = TaskOutcomes()
    outcomes.add(request(attempt(), task="one"))
    outcomes.add(request(attempt()))
    assert outcomes.report("other", "one", success=False) is OutcomeReceipt.UNKNOWN_TASK
    assert outcomes.report("acme", "two", success=False) is OutcomeReceipt.UNKNOWN_TASK
    assert outcomes.models()[SMALL_KEY].failed == 0


def test_figures_of_nothing_are_nothing() -> None:
    outcomes = TaskOutcomes()
    outcomes.add(RequestCost(tenant="acme", route="chat", task="one"))
    assert outcomes.models() == {}
    none = ModelFigures()
    assert (none.retry_rate, none.invalid_rate, none.cost_per_success) == (None, None, None)


def test_who_has_the_most_tasks_loses_its_oldest_and_others_lose_none() -> None:
    outcomes = TaskOutcomes(max_tasks=10)
    outcomes.add(request(attempt(), tenant="quiet", task="mine"))
    for number in range(50):
        outcomes.add(request(attempt(), tenant="loud", task=f"t{number}"))
        outcomes.add(request(attempt(), tenant="loud", task="t0"))
    assert outcomes.totals() == TaskTotals(kept=10, forgotten=41)
    assert outcomes.report("quiet", "mine", success=True) is OutcomeReceipt.COUNTED
    assert outcomes.report("loud", "t0", success=True) is OutcomeReceipt.COUNTED
    assert outcomes.report("loud", "t1", success=True) is OutcomeReceipt.UNKNOWN_TASK


def test_revisions_beyond_the_bound_drive_out_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_outcomes, "MAX_MODELS", 2)
    outcomes = TaskOutcomes()
    for target in (SMALL, LARGE, "ns/third"):
        outcomes.add(request(attempt(target)))
    assert [key.target for key in outcomes.models()] == [LARGE, "ns/third"]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.floats(0, 5), st.booleans()), max_size=50))
def test_reported_cost_is_always_what_the_reported_tasks_took(story: list[tuple[str, str, float, bool]]) -> None:
    outcomes = TaskOutcomes()
    spent: dict[tuple[str, str], float] = {}
    reported: dict[tuple[str, str], bool] = {}
    for tenant, task, cost, success in story:
        outcomes.add(request(attempt(cost=cost), tenant=tenant, task=task))
        spent[tenant, task] = spent.get((tenant, task), 0.0) + cost
        if cost > 1:
            outcomes.report(tenant, task, success=success)
            reported[tenant, task] = success
    figures = outcomes.models().get(SMALL_KEY, ModelFigures())
    assert figures.reported_cost == pytest.approx(sum(spent[one] for one in reported))
    assert (figures.succeeded, figures.failed) == (sum(reported.values()), len(reported) - sum(reported.values()))
    assert figures.tasks == len(spent)


def test_a_task_is_misrouted_where_it_failed_or_a_larger_model_answered_it_in_the_last_word() -> None:
    outcomes = TaskOutcomes()
    for task in ("small", "failed", "unreported"):
        outcomes.add(request(attempt(), task=task))
    outcomes.add(request(attempt(answered=False), attempt(LARGE, escalation=True), task="large"))
    outcomes.add(request(attempt(answered=False), attempt(LARGE, escalation=True), task="unreported"))
    figures = outcomes.models()[SMALL_KEY]
    assert figures.misrouted == 0
    for task in ("small", "failed", "large"):
        outcomes.report("acme", task, success=task != "failed")
    assert figures.misrouted == 2
    outcomes.report("acme", "failed", success=True)
    outcomes.report("acme", "large", success=False)
    assert figures.misrouted == 1
    outcomes.add(request(attempt(answered=False), attempt(LARGE, escalation=True), task="small"))
    assert figures.misrouted == 2
