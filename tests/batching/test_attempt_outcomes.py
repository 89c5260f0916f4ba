"""What is tried again, how often, and when."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.batching import attempt_outcomes
from fairlead.batching.attempt_outcomes import AttemptCounts, Outcome

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (200, "", Outcome.ANSWERED),
        (400, "context_too_long", Outcome.REFUSED),
        (404, "model_not_found", Outcome.REFUSED),
        (307, "", Outcome.UNUSABLE),
        (501, "", Outcome.REFUSED),
        (401, "", Outcome.UNUSABLE),
        (407, "", Outcome.UNUSABLE),
        (403, "unknown_tenant", Outcome.UNUSABLE),
        (403, "model_not_allowed", Outcome.REFUSED),
        (429, "token_rate", Outcome.BUSY),
        (429, "budget_spent", Outcome.SPENT),
        (503, "queue_time", Outcome.BUSY),
        (503, "no_replica_routable", Outcome.NO_REPLICA),
        (503, "adapter_not_loaded", Outcome.NO_REPLICA),
        (529, "overloaded_error", Outcome.BUSY),
        (408, "request_timeout", Outcome.FAULT),
        (500, "", Outcome.FAULT),
        (502, "stream_cut", Outcome.FAULT),
        (504, "replica_timeout", Outcome.FAULT),
    ],
)
def test_each_status_means_one_thing(status: int, code: str, expected: Outcome) -> None:
    assert attempt_outcomes.outcome(status, code) is expected


def test_a_request_that_may_cause_faults_has_four_attempts() -> None:
    counts = AttemptCounts()
    for _ in range(3):
        counts = counts.after(Outcome.FAULT, 1.0)
    assert not counts.are_exhausted(60.0)
    assert counts.after(Outcome.FAULT, 1.0).are_exhausted(60.0)


def test_refusals_are_bounded_by_their_time_and_not_by_their_number() -> None:
    counts = AttemptCounts().after(Outcome.BUSY, 5.0)
    for _ in range(240):
        counts = counts.waited(0.125).after(Outcome.BUSY, 0.125)
    assert counts.refused_s == 60.0  # from the end of the first one
    assert not counts.are_exhausted(60.0)
    assert counts.waited(0.125).after(Outcome.BUSY, 0.0).are_exhausted(60.0)


@pytest.mark.parametrize("between", [Outcome.FAULT, Outcome.UNREACHABLE, Outcome.SPENT])
def test_a_refusal_long_ago_does_not_shorten_what_another_end_has(between: Outcome) -> None:
    """A 429 while the run began, an hour in the lane, then a lost connection: three more attempts are left."""
    counts = AttemptCounts().after(Outcome.BUSY, 0.1).waited(61.0).after(between, 3600.0).waited(61.0)
    assert not counts.are_exhausted(60.0)
    assert not counts.after(Outcome.BUSY, 0.1).are_exhausted(60.0)


def test_a_request_that_may_go_on_after_four_faults_fails_by_a_fault_only() -> None:
    """It may when nothing else is answered either; then the address is away for a moment, or busy."""
    counts = AttemptCounts()
    for _ in range(4):
        counts = counts.after(Outcome.FAULT, 1.0)
    assert not counts.after(Outcome.UNREACHABLE, 1.0).are_exhausted(60.0)
    assert not counts.after(Outcome.BUSY, 1.0).are_exhausted(60.0)
    assert counts.after(Outcome.BUSY, 1.0).after(Outcome.FAULT, 1.0).are_exhausted(60.0)


def test_a_refusal_after_a_wait_in_the_lane_begins_anew() -> None:
    counts = AttemptCounts().after(Outcome.BUSY, 0.1).waited(1.0).after(Outcome.BUSY, 3600.0)
    assert not counts.are_exhausted(60.0)
    assert counts.waited(61.0).after(Outcome.BUSY, 0.1).are_exhausted(60.0)


def test_a_wait_for_a_first_replica_begins_nothing_anew() -> None:
    counts = AttemptCounts().after(Outcome.NO_REPLICA, 300.0)
    for _ in range(6):
        assert not counts.are_exhausted(1800.0)
        counts = counts.waited(10.0).after(Outcome.NO_REPLICA, 300.0)
    assert counts.are_exhausted(1800.0)
    assert not counts.after(Outcome.BUSY, 1.0).are_exhausted(1800.0)


def test_a_spent_budget_is_waited_for_without_end() -> None:
    counts = AttemptCounts()
    for _ in range(100):
        counts = counts.after(Outcome.SPENT, 0.1).waited(3600.0)
    assert not counts.are_exhausted(60.0)


def test_an_address_that_cannot_be_reached_costs_no_attempts() -> None:
    counts = AttemptCounts()
    for _ in range(1000):
        counts = counts.after(Outcome.UNREACHABLE, 0.0).waited(60.0)
    assert not counts.are_exhausted(60.0)
    assert counts.wait_s(None, 0.0) == attempt_outcomes.LONGEST_WAIT_S


def test_waits_double_up_to_a_minute() -> None:
    counts, waits = AttemptCounts(), []
    for _ in range(8):
        counts = counts.after(Outcome.BUSY, 0.0)
        waits.append(counts.wait_s(None, 0.0))
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


@given(st.floats(0, 600), st.floats(0, 1, exclude_max=True), st.integers(1, 40))
def test_nothing_is_sent_before_a_retry_after_nor_sooner_than_waits_double(
    seconds: float, chance: float, refusals: int
) -> None:
    counts = AttemptCounts(refusals=refusals)
    least = max(seconds, counts.wait_s(None, 0.0))
    assert least <= counts.wait_s(seconds, chance) <= least * 1.25
    assert attempt_outcomes.honoured_s(seconds) == seconds


def test_a_retry_after_of_days_is_not_waited_for_at_once() -> None:
    assert AttemptCounts(refusals=1).wait_s(86_400.0, 0.0) == attempt_outcomes.LONGEST_RETRY_AFTER_S
