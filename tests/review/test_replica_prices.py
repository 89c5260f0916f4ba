"""A budget of exactly what some replicas cost pays for all of them, whatever the price and however many GPUs."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.autoscaler import scaling_subjects
from fairlead.fleet.accelerators import replica_price
from fairlead.fleet.policies import ReplicaBounds, ScalingPolicy
from fairlead.review import admission, replica_facts
from fairlead.review.context import ReviewContext
from fairlead.review.policies import PolicyWarnings
from fairlead.scaling.decide import bounds
from fairlead.scaling.facts import ScalingFacts
from fairlead.sizing import custom_products
from fairlead.sizing.catalogue import Catalogue
from tests.review.table import CONTEXT, deployment

CARD = {"product": "Card-24GB", "memoryMib": 24_576, "computeCapability": "9.0", "priceUsdHour": 1.1}


@given(cents=st.integers(1, 5000), gpus=st.integers(1, 16), replicas=st.integers(1, 40))
def test_a_budget_pays_for_as_many_replicas_as_cost_it(cents: int, gpus: int, replicas: int) -> None:
    facts = ScalingFacts(
        revision="new",
        bounds=ReplicaBounds(least=0, most=100),
        policy=ScalingPolicy(max_cost_per_hour=Decimal(cents) * gpus * replicas / 100),
        wanted=0,
        price_per_hour=replica_price(cents / 100, gpus),
    )
    assert bounds.affordable(facts) == replicas


@pytest.mark.parametrize("ranks", [3, 5, 6, 7])
def test_the_price_of_a_replica_is_the_same_in_decisions_reviews_and_routers(ranks: int) -> None:
    found = custom_products.with_products(CONTEXT.catalogue, [CARD])
    assert isinstance(found, Catalogue)
    context = ReviewContext(catalogue=found)
    small = deployment(
        model={"source": "hf://Qwen/Qwen3-0.6B"},
        accelerator={"product": CARD["product"]},
        engine={"context": {"maxTokens": 4096}},
        parallelism={"data": ranks},
        scaling={"minReplicas": 1, "maxReplicas": 2, "policy": {"name": "tight"}},
    )
    price = Decimal("1.1") * ranks
    scaled = scaling_subjects.of(context)(small)
    assert scaled is not None
    assert Decimal(repr(scaled.price_per_hour)) == price
    assert Decimal(repr(replica_facts.replica(admission.review(small, context)).price_per_hour)) == price
    policy = {"metadata": {"name": "tight", "namespace": "default"}}
    assert PolicyWarnings(context).of(policy, ScalingPolicy(max_cost_per_hour=price), [small]) == ()
