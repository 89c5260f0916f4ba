"""A gateway's spec becomes the values that its routers use."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from fairlead.api import gateway_conversion
from fairlead.api.kinds import GATEWAY
from fairlead.fleet.desired_state import SecretKey
from fairlead.fleet.gateways import DesiredGateway, GatewayReference, RoutingSettings
from fairlead.fleet.model_routes import (
    AnswerCheck,
    CascadeSettings,
    Difficulty,
    ExternalTarget,
    FallbackChain,
    FallbackReason,
    InvalidAnswerAction,
    ModelRoute,
    RequestConditions,
    RouteRule,
    RouteStrategy,
    ShadowCopy,
    TokenPrices,
    WeightedTarget,
)
from fairlead.fleet.tenants import Band, BatchLaneLimits, LongLaneLimits, Tenant, TenantBudget
from fairlead.fleet.token_issuer import TokenIssuer, tenants_by_claim
from tests.api.objects import given

HOME = GatewayReference(namespace="team", name="chat")


def converted(spec: dict[str, Any]) -> DesiredGateway:
    """A gateway as other packages see it."""
    return gateway_conversion.gateway(given(spec, GATEWAY))


def route(**spec: Any) -> ModelRoute:  # noqa: ANN401  # any field of a route
    """One model's route as routers know it."""
    (found,) = converted({"models": [{"name": "m", **spec}]}).routes.routes
    return found


def test_the_least_gateway_lets_everybody_in_and_has_two_routers() -> None:
    assert converted({}) == DesiredGateway(reference=HOME)
    assert converted({}).pods.replicas == 2


def test_a_count_of_none_is_a_count() -> None:
    assert converted({"replicas": 0}).pods.replicas == 0


def test_only_its_own_namespace_may_join_unless_others_are_named() -> None:
    def who(*allowed: str) -> list[str]:
        gateway = converted({"allowedNamespaces": list(allowed)})
        return [one for one in ("team", "search", "shop") if gateway.allows(one)]

    assert who() == ["team"]
    assert who("search") == ["team", "search"]
    assert who("*") == ["team", "search", "shop"]


def test_a_name_alone_is_a_deployment_of_the_gateways_namespace() -> None:
    assert route(deployment="chat").target == "team/chat"
    assert route(deployment="search/chat").target == "search/chat"


def test_every_strategy_arrives_with_its_targets() -> None:
    weights = [{"deployment": "a", "weight": 9}, {"deployment": "x/b", "weight": 0}]
    assert route(strategy="Weighted", weighted=weights) == ModelRoute(
        name="m",
        strategy=RouteStrategy.WEIGHTED,
        weighted=(WeightedTarget(target="team/a", weight=9), WeightedTarget(target="x/b", weight=0)),
    )
    when = {"difficulty": "Easy", "maxPromptTokens": 9, "tools": False, "tenants": ["shop"], "tasks": ["sum"]}
    rules = [{"name": "easy", "when": when, "deployment": "small"}]
    assert route(strategy="Rules", deployment="large", rules=rules) == ModelRoute(
        name="m",
        strategy=RouteStrategy.RULES,
        target="team/large",
        rules=(
            RouteRule(
                name="easy",
                when=RequestConditions(
                    difficulty=Difficulty.EASY,
                    max_prompt_tokens=9,
                    tools=False,
                    tenants=frozenset({"shop"}),
                    tasks=frozenset({"sum"}),
                ),
                target="team/small",
            ),
        ),
    )
    chain = {"deployments": ["a", "b"], "validator": "Pattern", "pattern": "x+", "maxExtraShare": "0.3"}
    assert route(strategy="Cascade", cascade=chain).cascade == CascadeSettings(
        targets=("team/a", "team/b"), check=AnswerCheck.PATTERN, pattern="x+", max_extra_share=0.3
    )


def test_what_helps_out_may_be_elsewhere() -> None:
    made = route(
        deployment="a",
        fallback={"deployments": ["b", "external/big"], "reasons": ["QueueFull", "EngineError"]},
        shadow={"deployment": "c", "share": "0.05"},
        cache=False,
        onInvalid="Escalate",
    )
    assert made == ModelRoute(
        name="m",
        target="team/a",
        fallback=FallbackChain(
            targets=("team/b", "external/big"),
            reasons=frozenset((FallbackReason.QUEUE_FULL, FallbackReason.ENGINE_ERROR)),
        ),
        shadow=ShadowCopy(target="team/c", share=0.05),
        cache=False,
        on_invalid=InvalidAnswerAction.ESCALATE,
    )
    spec = {"name": "big", "url": "https://api.example.com/v1", "model": "b-1"}
    priced = spec | {"keySecret": {"name": "s", "key": "k"}, "prices": {"prompt": "2.5"}, "maxConcurrency": 8}
    assert converted({"external": [spec, priced | {"name": "paid"}]}).routes.externals == (
        ExternalTarget(name="external/big", url="https://api.example.com/v1", model="b-1"),
        ExternalTarget(
            name="external/paid",
            url="https://api.example.com/v1",
            model="b-1",
            key=SecretKey(name="s", key="k"),
            prices=TokenPrices(prompt=Decimal("2.5")),
            max_concurrency=8,
        ),
    )


def test_a_tenant_of_a_gateway_may_have_its_keys_in_the_gateways_own_secret_alone() -> None:
    (tenant,) = converted({"tenants": [{"name": "shop"}]}).routing.tenants
    assert tenant == Tenant(name="shop", keys=())


def test_an_issuer_of_tokens_arrives_and_a_tenant_has_its_own_name_for_a_claim_unless_it_names_others() -> None:
    oidc = {"issuer": "https://login.example/a", "audiences": ["models", "lab"]}
    spec = {"oidc": oidc, "tenants": [{"name": "shop"}, {"name": "bank", "claims": ["b", "c"]}]}
    found = converted(spec).routing
    issuer = TokenIssuer(issuer="https://login.example/a", audiences=frozenset({"models", "lab"}))
    assert found.oidc == issuer
    assert tenants_by_claim(found.tenants) == {"shop": "shop", "b": "bank", "c": "bank"}
    ca = {"name": "n", "key": "k"}
    further = {"tenantClaim": "team", "keysUrl": "https://login.example/keys", "caSecret": ca}
    assert converted(spec | {"oidc": oidc | further}).routing.oidc == replace(
        issuer, tenant_claim="team", keys_url="https://login.example/keys", ca=SecretKey(name="n", key="k")
    )


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
    assert converted(SPEC).routing == RoutingSettings(
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
