"""The router's file that an operator rendered: understood whole, and what cannot be used is named."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import pytest

from fairlead.api import routing_conversion, traffic
from fairlead.fleet.desired_state import SecretKey
from fairlead.fleet.gateways import (
    Balancing,
    DeploymentRouter,
    Hedging,
    HoldLimits,
    LateAction,
    RequestTelemetry,
    ResponseCacheSettings,
    Retries,
    RouterConnections,
    RouterPods,
    RoutingSettings,
    Timeouts,
    TrafficLimits,
)
from fairlead.fleet.tenants import Band, BatchLaneLimits, LongLaneLimits, Tenant, TenantBudget
from fairlead.fleet.token_issuer import TokenIssuer
from fairlead.objects import router_config
from fairlead.objects.router_config import ReplicaCapacity
from fairlead.router.config import loader
from fairlead.router.config.loader import RouterConfig, RouterConfigError, SecretLocation
from tests.engines.setups import setup_of

PLACE: Final[dict[str, Any]] = {"renderedFrom": "a test", "endpoints": ["127.0.0.1:8000"]}
ISSUER: Final = TokenIssuer(
    issuer="https://login.example",
    audiences=frozenset({"models"}),
    tenant_claim="team",
    keys_url="https://login.example/keys",
)
SHOP: Final = Tenant(
    name="shop",
    keys=(),
    band="gold",
    weight=3,
    max_concurrency=4,
    tokens_per_minute=5,
    requests_per_minute=6,
    budget=TenantBudget(max_cost=Decimal("7.50"), monthly=False),
    models=frozenset({"chat", "de"}),
    shadow=True,
    explain=True,
)
ROUTING: Final = RoutingSettings(
    limits=TrafficLimits(
        max_prompt_tokens=100, max_queue_seconds=2.5, max_request_bytes=5000, late=LateAction.REFUSE, shadow=True
    ),
    timeouts=Timeouts(connect_seconds=1.5, total_seconds=60.0),
    hold=HoldLimits(max_requests=7, max_seconds=3.0),
    cache=ResponseCacheSettings(enabled=True, by_tenant=False),
    retries=Retries(max_attempts=4, budget=0.25),
    tenants=(SHOP,),
    bands=(Band(name="gold", priority=9, reserved=0.2, max_queued=3),),
    long_lane=LongLaneLimits(min_prompt_tokens=9, max_share=0.5),
    batch_lane=BatchLaneLimits(below_utilization=0.5, max_queued=8),
    balancing=Balancing(prefix=False, load_bound=2.0, salt=True),
    hedging=Hedging(enabled=True, after_seconds=1.0, budget=0.1),
    connections=RouterConnections(
        cors_origins=("https://app.example",), max_header_bytes=9000, idle_seconds=3.0, stream_keep_alive_seconds=15.0
    ),
    telemetry=RequestTelemetry(access_log=False, otlp_endpoint="http://collector:4318", trace_share=0.5),
)


LARGE: Final = traffic.ResponseCache(enabled=True, max_size="1Ti", max_entry_size="999999999999999Pi")


@pytest.mark.parametrize(
    "routing", [RoutingSettings(), ROUTING, RoutingSettings(cache=routing_conversion.response_cache(LARGE))]
)
def test_what_the_operator_writes_is_what_the_router_reads(routing: RoutingSettings) -> None:
    revision = setup_of().revision
    replica = ReplicaCapacity(
        revision="0a1b2c3d", max_context_tokens=4096, max_sequences=32, kv_tokens=1000, first_token_seconds=1.5
    )
    document = router_config.document(revision, DeploymentRouter(routing=routing, pods=RouterPods(replicas=3)), replica)

    assert loader.read(json.dumps(document)) == RouterConfig(
        rendered_from=document["renderedFrom"],
        namespace=revision.namespace,
        selector=document["selector"],
        engine_port=8000,
        models=(revision.model.served_name,),
        revision="0a1b2c3d",
        max_context_tokens=4096,
        max_sequences=32,
        kv_tokens=1000,
        first_token_seconds=1.5,
        routers=3,
        config_map="chat-router",
        router_selector=document["routerSelector"],
        routing=routing,
    )


def test_routers_of_two_deployments_with_one_spec_share_no_answers() -> None:
    chat = setup_of().revision
    documents = [
        router_config.document(replace(chat, namespace=namespace), DeploymentRouter(), ReplicaCapacity())
        for namespace in ("dev", "prod")
    ]
    assert {loader.read(json.dumps(one)).cache_scope for one in documents} == {
        f"InferenceDeployment dev/{chat.name}",
        f"InferenceDeployment prod/{chat.name}",
    }


def test_secrets_are_named_by_the_files_they_are_mounted_as() -> None:
    routing = replace(
        ROUTING,
        tenants=(replace(SHOP, keys=(SecretKey(name="keys", key="old"), SecretKey(name="keys", key="new"))),),
        cache=ResponseCacheSettings(redis_url=SecretKey(name="valkey", key="url")),
        connections=RouterConnections(tls_secret="chat-tls", engine_ca=SecretKey(name="pki", key="ca.crt")),
        oidc=replace(ISSUER, ca=SecretKey(name="login", key="ca.crt")),
    )
    read = loader.read(
        json.dumps(router_config.document(setup_of().revision, DeploymentRouter(routing=routing), ReplicaCapacity()))
    )

    folder = "/etc/fairlead-secrets"
    assert read.key_places == (
        ("shop", SecretLocation(file=f"{folder}/keys/old")),
        ("shop", SecretLocation(file=f"{folder}/keys/new")),
    )
    assert read.redis_place == SecretLocation(file=f"{folder}/valkey/url")
    assert (read.tls_cert_file, read.tls_key_file) == (f"{folder}/chat-tls/tls.crt", f"{folder}/chat-tls/tls.key")
    assert read.engine_ca_file == f"{folder}/pki/ca.crt"
    assert (read.issuer_ca_file, read.routing.oidc) == (f"{folder}/login/ca.crt", ISSUER)
    assert read.files == (f"{folder}/keys/new", f"{folder}/keys/old", f"{folder}/valkey/url")
    assert read.routing.tenants == (SHOP,)
    assert read.routing.connections == RouterConnections()


def test_a_list_of_engines_is_enough_and_all_else_has_defaults() -> None:
    assert loader.read(json.dumps(PLACE)) == RouterConfig(
        rendered_from="a test", endpoints=("127.0.0.1:8000",), routing=RoutingSettings()
    )


def test_keys_of_a_newer_operator_are_passed_over() -> None:
    text = json.dumps(PLACE | {"dreams": [], "routing": {"hold": {"maxRequests": 5.0, "maxBytes": 1}, "lanes": {}}})

    assert loader.read(text).routing == RoutingSettings(hold=HoldLimits(max_requests=5))


def test_an_operator_of_the_release_before_names_settings_otherwise_and_a_new_name_wins() -> None:
    """During an upgrade, new routers read what the old operator wrote last."""
    old, new = {"accessLog": False}, {"logPrompts": True}
    clients = {"maxConnections": 9, "tlsFolder": "/secrets/tls"}
    before = loader.read(json.dumps(PLACE | {"routing": {"telling": old, "door": clients}}))
    both = loader.read(json.dumps(PLACE | {"routing": {"telling": old, "telemetry": new}})).routing

    assert before.tls_cert_file == "/secrets/tls/tls.crt"
    assert before.routing == RoutingSettings(
        telemetry=RequestTelemetry(access_log=False), connections=RouterConnections(max_connections=9)
    )
    assert both == RoutingSettings(telemetry=RequestTelemetry(log_prompts=True))


def test_only_another_place_means_another_source() -> None:
    first = loader.read(json.dumps(PLACE))

    assert replace(first, models=("chat",), routing=ROUTING).served[0].place == first.served[0].place
    assert replace(first, endpoints=("127.0.0.1:8001",)).served[0].place != first.served[0].place


REFUSED: Final[dict[str, str]] = {
    '{"selector": null, "endpoints": null}': "selector, endpoints: neither is set",
    '{"endpoints": ["a:1"], "selector": "a=b"}': "selector, endpoints: both are set",
    '{"selector": "a=b"}': "namespace: empty: a selector finds pods in one namespace; name it",
    '{"endpoints": "a:1"}': "endpoints: 'a:1': must be a list",
    '{"endpoints": [""]}': "endpoints: ['']: must be a list of texts, none of them empty",
    '{"endpoints": ["http://a:1"]}': "endpoints: http://a:1: must be host:port without a scheme",
    '{"endpoints": ["a"]}': "endpoints: a: must be host:port without a scheme",
    '{"selector": 5}': "selector: 5: must be text",
    '{"endpoints": ["a:1"], "enginePort": "http"}': "enginePort: 'http': must be a whole number from 0 to 900",
    '{"endpoints": ["a:1"], "enginePort": 1e99}': "enginePort: 1e+99: must be a whole number from 0 to",
    '{"endpoints": ["a:1"], "routing": 7}': "routing: 7: must be an object",
    '{"endpoints": ["a:1"], "routing": {"hold": 7}}': "routing.hold: 7: must be an object",
    '{"endpoints": ["a:1"], "routing": {"connections": 7}}': "routing.connections: 7: must be an object",
    '{"endpoints": ["a:1"], "routing": {"tenants": {}}}': "routing.tenants: {}: must be a list",
    '{"endpoints": ["a:1"], "routing": {"tenants": [{}]}}': "routing.tenants[0].name: absent",
    '{"endpoints": ["a:1"], "routing": {"tenants": [{"name": "a", "keyFiles": 3}]}}': "tenants[0].keyFiles: 3: must be",
    '{"endpoints": ["a:1"], "routing": {"tenants": [{"name": "a", "budget": {"maxCost": "x"}}]}}': "must be a decimal",
    '{"endpoints": ["a:1"], "routing": {"retries": {"maxAttempts": 1.5}}}': "routing.retries.maxAttempts: 1.5: must be",
    '{"endpoints": ["a:1"], "routing": {"timeouts": {"totalSeconds": 0}}}': "write seconds above 0",
    '{"endpoints": ["a:1"], "routing": {"limits": {"shadow": 1}}}': "routing.limits.shadow: 1: must be true or false",
}


@pytest.mark.parametrize("text", REFUSED)
def test_an_unusable_entry_is_named_with_its_key(text: str) -> None:
    with pytest.raises(RouterConfigError) as refusal:
        loader.read(json.dumps(json.loads(text) | {"renderedFrom": "a test"}))

    assert REFUSED[text] in str(refusal.value)
