"""What would change a decision, in words that a user can act on."""

from dataclasses import replace
from decimal import Decimal

import pytest

from fairlead.fleet.policies import ReplicaBounds, ScalingPolicy
from fairlead.scaling.decide.recommendation import AppliedLimit, DecisionFigure, ScalingBound
from fairlead.scaling.explain import change_sentences
from fairlead.scaling.explain.what_if import TurningPoint, WhatIfCause
from tests.cli.decisions import decided, facts

FIGURES = (DecisionFigure(name="demand.promptTokensPerSecond", value=2000.0, unit="tokens/s"),)


@pytest.mark.parametrize(
    ("turn", "sentence"),
    [
        (TurningPoint(cause=WhatIfCause.MORE_WAITING, replicas=2, because="", waiting=1, after_seconds=45),
         "when 1 more request waits than now for 45 s"),
        (TurningPoint(cause=WhatIfCause.MORE_TRAFFIC, replicas=2, because="", factor=1.5, after_seconds=120),
         "when traffic is 1.50 times what it is (3,000 prompt tokens/s) for 2 min"),
        (TurningPoint(cause=WhatIfCause.AS_IT_IS, replicas=2, because="", after_seconds=250),
         "in about 4 min 10 s, at 14:17:30 UTC, if nothing changes"),
        (TurningPoint(cause=WhatIfCause.LESS_TRAFFIC, replicas=0, because="", factor=0.5, after_seconds=3600),
         "in about 1 h if traffic falls to 0.50 times what it is (1,000 prompt tokens/s) or less"),
        (TurningPoint(cause=WhatIfCause.NO_REQUESTS, replicas=0, because="", after_seconds=7500),
         "in about 2 h 5 min, at 16:18:20 UTC, if no request comes from now on"),
        (TurningPoint(cause=WhatIfCause.WITHOUT_BOUND, replicas=2, because="", bound=ScalingBound.MAX_REPLICAS),
         "without maxReplicas 8"),
    ],
    ids=lambda one: one.cause.value if isinstance(one, TurningPoint) else "",
)  # fmt: skip
def test_each_change_says_what_would_have_to_happen(turn: TurningPoint, sentence: str) -> None:
    record = decided()
    record = replace(record, recommendation=replace(record.recommendation, replicas=1, figures=FIGURES))
    ((direction, found),) = change_sentences.changes([turn], record)
    assert found == sentence
    assert direction == f"{'grows' if turn.replicas > 1 else 'shrinks'} to {turn.replicas}"


def test_without_a_demand_no_tokens_are_named() -> None:
    record = decided()
    record = replace(record, recommendation=replace(record.recommendation, figures=()))
    turn = TurningPoint(cause=WhatIfCause.MORE_TRAFFIC, replicas=2, because="", factor=1.5)
    assert change_sentences.changes([turn], record)[0][1] == "when traffic is 1.50 times what it is for 0 s"


def test_bounds_that_are_reached_stand_before_those_that_are_not_in_the_way() -> None:
    policy = ScalingPolicy(max_cost_per_hour=Decimal(10))
    wide = ReplicaBounds(least=1, most=8, policy="interactive")
    record = decided(facts(policy=policy, bounds=wide, price_per_hour=1.0))
    one = replace(record, recommendation=replace(record.recommendation, replicas=1, limits=()))
    assert change_sentences.open_bounds(one) == [
        "minReplicas 1 is reached.",
        "Limits not reached: maxReplicas 8, the budget of 10 an hour.",
    ]
    moved = AppliedLimit(bound=ScalingBound.BUDGET, before=9, after=8, because="")
    full = replace(record, recommendation=replace(record.recommendation, replicas=8, limits=(moved,)))
    assert change_sentences.open_bounds(full) == ["maxReplicas 8 is reached.", "Limits not reached: minReplicas 1."]
    narrow = decided(facts(bounds=ReplicaBounds(least=1, most=1, policy=None)))
    same = replace(narrow, recommendation=replace(narrow.recommendation, replicas=1, limits=()))
    assert change_sentences.open_bounds(same) == ["minReplicas 1 is reached.", "maxReplicas 1 is reached."]


@pytest.mark.parametrize(
    ("price", "sentences"),
    [
        (2.0, ["the budget of 10 an hour is reached.", "Limits not reached: minReplicas 1, maxReplicas 8."]),
        (1.9, ["the budget of 10 an hour is reached.", "Limits not reached: minReplicas 1, maxReplicas 8."]),
        (1.6, ["Limits not reached: minReplicas 1, maxReplicas 8, the budget of 10 an hour."]),
        (None, ["Limits not reached: minReplicas 1, maxReplicas 8."]),
    ],
)
def test_a_budget_that_pays_for_no_other_replica_is_reached_and_one_without_a_price_is_none(
    price: float | None, sentences: list[str]
) -> None:
    policy = ScalingPolicy(max_cost_per_hour=Decimal(10))
    record = decided(facts(policy=policy, bounds=ReplicaBounds(least=1, most=8, policy=None), price_per_hour=price))
    five = replace(record, recommendation=replace(record.recommendation, replicas=5, limits=()))
    assert change_sentences.open_bounds(five) == sentences
