"""What right-sizing saves and loses on labelled tasks, and whether the report of failing models is true."""

from math import sqrt

import pytest

from bench.right_sizing import frontier, reliability, task_mix
from bench.right_sizing.frontier import FrontierPoint
from fairlead.fleet.model_routes import Difficulty

TASKS = task_mix.tasks(800)


@pytest.fixture(scope="module")
def points() -> dict[str, FrontierPoint]:
    return {name: frontier.played(name, route, TASKS, named=named) for name, route, named in frontier.routes()}


def test_the_mix_is_what_it_says() -> None:
    hard = sum(one.difficulty is Difficulty.HARD for one in TASKS) / len(TASKS)
    extractions = sum(one.structured for one in TASKS) / len(TASKS)
    assert (hard, extractions) == pytest.approx((0.3, 0.2), abs=0.04)
    assert task_mix.tasks(5) == TASKS[:5]


def test_always_small_and_always_large_are_the_ends(points: dict[str, FrontierPoint]) -> None:
    small, large = points["always small"], points["always large"]
    assert small.saved(large) == pytest.approx(0.9)
    assert large.accuracy - small.accuracy > 0.1
    assert (large.saved(large), large.lost(large), small.escalated, small.too_large) == (0.0, 0.0, 0.0, 0.0)


def test_rules_save_half_and_lose_less_than_the_small_model_does(points: dict[str, FrontierPoint]) -> None:
    """By the estimate; where clients name the difficulty, the loss is a third and the saving smaller."""
    small, large = points["always small"], points["always large"]
    estimated, named = points["rules, estimated"], points["rules, named by clients"]
    assert 0.4 < estimated.saved(large) < 0.7
    assert named.lost(large) < estimated.lost(large) < small.lost(large)
    assert named.cost > estimated.cost
    assert named.misrouted < large.misrouted


def test_a_cascade_buys_accuracy_with_extra_calls(points: dict[str, FrontierPoint]) -> None:
    cascades = [points[f"cascade, confidence {least:.2f}"] for least in frontier.CONFIDENCES]
    assert [one.cost for one in cascades] == sorted(one.cost for one in cascades)
    assert [one.escalated for one in cascades] == sorted(one.escalated for one in cascades)
    assert [one.accuracy for one in cascades] == sorted(one.accuracy for one in cascades)
    good = points["cascade, confidence 0.80"]
    assert good.saved(points["always large"]) > 0.35
    assert good.lost(points["always large"]) < 3.0


def test_a_cascade_by_schema_escalates_what_is_invalid_and_nothing_else(points: dict[str, FrontierPoint]) -> None:
    one = points["cascade, schema"]
    invalid = sum(task.structured for task in TASKS) / len(TASKS) * frontier.SMALL.invalid
    assert one.escalated == pytest.approx(invalid, abs=0.012)
    assert one.accuracy > points["always small"].accuracy


@pytest.mark.parametrize("invalid", [0.18, 0.02])
def test_what_is_reported_of_a_failing_model_is_true(invalid: float) -> None:
    count = 1500
    found = reliability.reliability(reliability.failing("ns/one", invalid, 1e-6), reliability.extractions(count))
    figures = found.reported
    assert (figures.retries, figures.invalid, figures.succeeded) == (found.retries, found.invalid, found.succeeded)
    assert figures.tasks == count
    assert figures.retry_rate == found.retries / count
    assert figures.invalid_rate == found.invalid / (count + found.retries)
    assert figures.cost_per_success == pytest.approx(found.cost / found.succeeded, rel=1e-12)
    deviation = sqrt(invalid * (1 - invalid) / count)
    assert figures.retry_rate == pytest.approx(invalid, abs=4 * deviation)
    assert figures.cost_per_success == pytest.approx(found.expected_cost, rel=4 * deviation / (1 - invalid))


def test_the_cheap_failing_model_loses_where_the_dear_one_costs_little_more() -> None:
    """At 18 % and 2 %, a success costs 22 % and 2 % more than an answer: a price a fifth higher decides."""

    def cost(invalid: float, price: float) -> float:
        model = reliability.failing(f"ns/{invalid}", invalid, price)
        found = reliability.reliability(model, reliability.extractions(1500)).reported.cost_per_success
        assert found is not None
        return found

    cheap = cost(0.18, 1.0e-6)
    assert cost(0.02, 1.1e-6) < cheap < cost(0.02, 1.3e-6)
