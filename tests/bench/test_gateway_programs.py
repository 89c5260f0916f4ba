"""How the gateway's benchmarks judge: ranks of times, a route as its file has it, the cost of an hour of replicas."""

import random

import pytest

from bench.gateway_hour import made_up
from bench.gateway_limits import isolation
from bench.right_sizing import served
from fairlead.fleet.model_routes import (
    AnswerCheck,
    CascadeSettings,
    Difficulty,
    ModelRoute,
    RequestConditions,
    RouteRule,
    RouteStrategy,
)


def taken(slower: float, count: int = 2000) -> list[tuple[float, bool]]:
    rng = random.Random(5)  # noqa: S311  # a seeded draw
    return [(rng.expovariate(1.0) + (slower if kind else 0.0), kind) for kind in (True, False) * count]


def test_ranks_differ_by_chance_where_times_do_not_and_by_far_more_where_they_do() -> None:
    assert abs(isolation.rank_deviations(taken(0.0))) < 3
    assert isolation.rank_deviations(taken(0.2)) > 5
    assert isolation.rank_deviations(taken(-0.2)) < -2


def test_what_the_replicas_cost_follows_from_when_each_was_there() -> None:
    small, late, large = 0.5 * 2.10 + 0.5 * 2.73, 2.73 / 3600, 2 * 8.40
    gone = 0.5 * 2.10 + (2711.4 - 1800) * late
    come = (1800 - 1203.7) * 2.10 / 3600 + 1800 * late
    assert made_up.truth() == pytest.approx(small + gone + come + large)


def test_a_route_is_written_as_the_operator_writes_it() -> None:
    rule = RouteRule(name="hard", when=RequestConditions(difficulty=Difficulty.HARD), target="ns/b")
    settings = CascadeSettings(targets=("ns/a", "ns/b"), check=AnswerCheck.CONFIDENCE, min_confidence=0.8)
    route = ModelRoute(name="chat", strategy=RouteStrategy.RULES, target="ns/a", rules=(rule,), cascade=settings)
    assert served.document_of(route) == {
        "name": "chat",
        "strategy": "Rules",
        "target": "ns/a",
        "rules": [{"name": "hard", "when": {"difficulty": "Hard"}, "target": "ns/b"}],
        "cascade": {"targets": ["ns/a", "ns/b"], "check": "Confidence", "minConfidence": 0.8, "maxExtraShare": 1.0},
        "onInvalid": "Count",
    }
