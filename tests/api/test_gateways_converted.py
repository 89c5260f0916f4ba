"""What was written as a gateway becomes what its routers work by."""

from decimal import Decimal
from typing import Any

from fairlead.api import gateway_conversion
from fairlead.api.kinds import GATEWAY
from fairlead.fleet.desired_state import SecretKey
from fairlead.fleet.gateways import (
    Cascade,
    CascadeValidator,
    DesiredGateway,
    Difficulty,
    Fallback,
    FallbackReason,
    Gateway,
    Route,
    RouterPods,
    RouteRule,
    RouteStrategy,
    RoutingSettings,
    ServiceType,
    TokenRange,
)
from fairlead.fleet.tenants import Band, BatchLaneLimits, LongLaneLimits, Tenant, TenantBudget
from tests.api.objects import given


def test_the_least_gateway_has_two_routers_and_lets_everybody_in() -> None:
    assert gateway_conversion.gateway(given({}, GATEWAY)) == DesiredGateway(
        gateway=Gateway(namespace="team", name="chat")
    )


WHEN: dict[str, Any] = {
    "difficulty": "Easy",
    "minPromptTokens": 1,
    "maxPromptTokens": 2,
    "minOutputTokens": 3,
    "maxOutputTokens": 4,
    "structuredOutput": True,
    "tools": False,
    "tenants": ["shop"],
}
SPEC: dict[str, Any] = {
    "replicas": 3,
    "service": {"type": "LoadBalancer"},
    "models": [
        {
            "name": "one",
            "deployment": "a",
            "fallback": {"deployments": ["b"], "reasons": ["Timeout"]},
            "cache": False,
        },
        {"name": "two", "strategy": "Weighted", "weighted": [{"deployment": "a", "weight": 9}]},
        {
            "name": "three",
            "strategy": "Rules",
            "deployment": "a",
            "rules": [{"name": "r", "when": WHEN, "deployment": "b"}],
        },
        {
            "name": "four",
            "strategy": "Cascade",
            "cascade": {"deployments": ["a", "b"], "validator": "Confidence", "minConfidence": "0.7"},
        },
    ],
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
ROUTES = (
    Route(
        name="one",
        strategy=RouteStrategy.SINGLE,
        deployment="a",
        fallback=Fallback(deployments=("b",), reasons=frozenset({FallbackReason.TIMEOUT})),
        cache=False,
    ),
    Route(name="two", strategy=RouteStrategy.WEIGHTED, weights=(("a", 9),)),
    Route(
        name="three",
        strategy=RouteStrategy.RULES,
        deployment="a",
        rules=(
            RouteRule(
                name="r",
                deployment="b",
                difficulty=Difficulty.EASY,
                prompt_tokens=TokenRange(least=1, most=2),
                output_tokens=TokenRange(least=3, most=4),
                structured_output=True,
                tools=False,
                tenants=frozenset({"shop"}),
            ),
        ),
    ),
    Route(
        name="four",
        strategy=RouteStrategy.CASCADE,
        cascade=Cascade(deployments=("a", "b"), validator=CascadeValidator.CONFIDENCE, min_confidence=0.7),
    ),
)


def test_every_field_of_a_gateway_arrives() -> None:
    assert gateway_conversion.gateway(given(SPEC, GATEWAY)) == DesiredGateway(
        gateway=Gateway(
            namespace="team",
            name="chat",
            routes=ROUTES,
            routing=RoutingSettings(
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
                long_lane=LongLaneLimits(
                    min_prompt_tokens=1, min_output_tokens=2, max_share=0.4, max_queue_seconds=5.0
                ),
                batch_lane=BatchLaneLimits(below_utilization=0.6, max_queue_seconds=3600.0, max_queued=8),
            ),
        ),
        pods=RouterPods(replicas=3, service=ServiceType.LOAD_BALANCER),
    )
