"""A request costs all of its attempts."""

from tests.accounting.costs import OUTSIDE, attempt, request


def test_failed_cut_and_answered_attempts_add_up() -> None:
    made = request(
        attempt(cost=0.1, answered=False), attempt(cost=0.2, retry=True, answered=False), attempt(OUTSIDE, 0.5)
    )
    assert made.total == 0.8
    assert request().total == 0
