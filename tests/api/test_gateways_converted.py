"""What was written as a gateway becomes what its routers work by."""

from decimal import Decimal
from typing import Any

from fairlead.api import routing_conversion
from fairlead.api.kinds import GATEWAY
from fairlead.fleet.desired_state import SecretKey
from fairlead.fleet.gateways import RoutingSettings
from fairlead.fleet.tenants import Band, BatchLaneLimits, LongLaneLimits, Tenant, TenantBudget
from tests.api.objects import given


def test_the_least_gateway_lets_everybody_in() -> None:
    assert routing_conversion.routing(given({}, GATEWAY).spec) == RoutingSettings()


SPEC: dict[str, Any] = {
    "tenants": [
        {
            "name": "shop",
            "keys": [{"name": "n", "key": "k"}],
            "band": "high",
            "weight": 2,
            "maxConcurrency": 3,
            "tokensPerMinute": 4,
            "requestsPerMinute": 5,
            "budget": {"maxCost": "6", "period": "Day"},
            "models": ["one"],
            "enforcement": "Shadow",
        },
        {"name": "rest", "keys": [{"name": "n", "key": "r"}]},
    ],
    "bands": [{"name": "high", "priority": 9, "reserved": "0.1", "maxQueued": 7}, {"name": "low", "priority": 1}],
    "lanes": {
        "long": {"minPromptTokens": 1, "minOutputTokens": 2, "maxShare": "0.4", "maxQueueTime": "5s"},
        "batch": {"belowUtilization": "0.6", "maxQueueTime": "1h", "maxQueued": 8},
    },
}


def test_every_setting_of_a_gateways_routers_arrives() -> None:
    assert routing_conversion.routing(given(SPEC, GATEWAY).spec) == RoutingSettings(
        tenants=(
            Tenant(
                name="shop",
                keys=(SecretKey(name="n", key="k"),),
                band="high",
                weight=2,
                max_concurrency=3,
                tokens_per_minute=4,
                requests_per_minute=5,
                budget=TenantBudget(max_cost=Decimal(6), monthly=False),
                models=frozenset({"one"}),
                shadow=True,
            ),
            Tenant(name="rest", keys=(SecretKey(name="n", key="r"),)),
        ),
        bands=(
            Band(name="high", priority=9, reserved=0.1, max_queued=7),
            Band(name="low", priority=1),
        ),
        long_lane=LongLaneLimits(min_prompt_tokens=1, min_output_tokens=2, max_share=0.4, max_queue_seconds=5.0),
        batch_lane=BatchLaneLimits(below_utilization=0.6, max_queue_seconds=3600.0, max_queued=8),
    )
