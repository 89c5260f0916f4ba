"""The user-written file: the fields of `spec.router`, and nothing in it is ignored."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from fairlead.api import router_file, routing_conversion
from fairlead.api.kinds import DEPLOYMENT
from fairlead.api.lifecycle import Router
from fairlead.api.object_reader import read_strict
from fairlead.fleet.gateways import LateAction, RoutingSettings
from fairlead.fleet.token_issuer import TokenIssuer
from fairlead.router.config import loader
from fairlead.router.config.loader import RouterConfig, RouterConfigError, SecretLocation
from tests.api.full_specs import COUNTED
from tests.api.objects import written

HASH: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
WHOLE: Final = f"""
endpoints: ["127.0.0.1:8000", "[::1]:8001"]
models: [chat, legal]
adapters: [legal]
prefixCaching: false
maxContextTokens: 16384
maxSequences: 64
kvTokens: 90000
ttftObjective: 1500ms
routers: 3
routing:
  tenants:
    - name: shop
      keys: [{{file: /etc/keys/shop}}, {{env: SHOP_KEY}}, {{sha256: {HASH}}}]
  timeouts: {{total: 1m}}
  cache: {{enabled: true, redis: {{urlEnv: REDIS_URL}}}}
  connections:
    tls: {{certFile: /a, keyFile: /b}}
    engineTls: {{caFile: /c}}
"""


def test_every_field_of_the_file_is_read() -> None:
    read = loader.read(WHOLE)

    assert read.endpoints == ("127.0.0.1:8000", "[::1]:8001")
    assert (read.models, read.adapters, read.prefix_caching) == (("chat", "legal"), ("legal",), False)
    assert (read.max_context_tokens, read.max_sequences, read.kv_tokens, read.routers) == (16384, 64, 90_000, 3)
    assert read.first_token_seconds == 1.5
    assert read.key_places == (
        ("shop", SecretLocation(file="/etc/keys/shop")),
        ("shop", SecretLocation(env="SHOP_KEY")),
        ("shop", SecretLocation(sha256=HASH)),
    )
    assert read.redis_place == SecretLocation(env="REDIS_URL")
    assert (read.tls_cert_file, read.tls_key_file, read.engine_ca_file) == ("/a", "/b", "/c")
    assert read.routing.timeouts.total_seconds == 60.0
    assert read.routing.cache.enabled
    assert [one.name for one in read.routing.tenants] == ["shop"]


OF_PODS: Final = {"replicas", "placement", "resources", "podMetadata"}
"""How many pods a deployment's routers have, and what is around the process in them."""


def test_fields_of_a_deployment_are_accepted_in_this_file_and_mean_the_same() -> None:
    """The same fields; only secrets are elsewhere."""
    router: dict[str, Any] = COUNTED["router"]
    spec = {key: value for key, value in router.items() if key not in OF_PODS | {"service", "httpRoute"}}
    alone = spec | {
        "tenants": [one | {"keys": [{"env": "KEY"}]} for one in spec["tenants"]],
        "oidc": {key: value for key, value in spec["oidc"].items() if key != "caSecret"} | {"caFile": "/d"},
        "cache": {key: value for key, value in spec["cache"].items() if key != "redis"},
        "connections": {key: value for key, value in spec["connections"].items() if key not in {"tls", "engineTls"}},
    }
    reading = read_strict(written(COUNTED), DEPLOYMENT)
    assert reading.value is not None
    assert reading.value.spec.router is not None
    settings = routing_conversion.routing(reading.value.spec.router, reading.value.spec.router.tenants)
    here = loader.read(yaml.safe_dump({"endpoints": ["a:1"], "ttftObjective": "2s", "routing": alone})).routing

    assert settings.oidc is not None
    assert here.oidc == replace(settings.oidc, ca=None)
    assert [one.name for one in here.tenants] == [one.name for one in settings.tenants]
    assert here.limits == settings.limits
    assert (here.bands, here.long_lane, here.batch_lane) == (settings.bands, settings.long_lane, settings.batch_lane)
    assert (here.balancing, here.hedging, here.telemetry) == (settings.balancing, settings.hedging, settings.telemetry)
    assert here.connections.max_connections == settings.connections.max_connections
    assert here.cache.ttl_seconds == settings.cache.ttl_seconds


def test_the_least_is_a_list_of_engines() -> None:
    assert loader.read("endpoints: ['127.0.0.1:8000']") == RouterConfig(
        endpoints=("127.0.0.1:8000",), routing=RoutingSettings()
    )


def test_a_selector_finds_engines_of_a_namespace() -> None:
    read = loader.read("{namespace: team, selector: app=vllm, enginePort: 9000}")

    assert (read.namespace, read.selector, read.engine_port) == ("team", "app=vllm", 9000)
    assert read.cache_scope == "team/app=vllm"


def test_routers_before_the_same_engines_share_answers_and_others_do_not() -> None:
    one, same, other = (
        loader.read(f"endpoints: {found}").cache_scope for found in ("['a:1', 'b:1']", "['b:1', 'a:1']", "['c:1']")
    )
    assert one == same != other


E: Final = "endpoints: ['a:1']\n"
REFUSED: Final[dict[str, str]] = {
    "endpoints: [a:1]\nmodels: [chat]\nadapters: [chat, sql]": "adapters: sql: not in models, so clients that ask for "
    "it get 404; add it there too",
    "{": "neither YAML nor JSON: ",
    "[]": "list: must be one object; begin with endpoints: [host:port]",
    "{}": "selector, endpoints: neither is set",
    "endpoints: ['http://a:1']": "endpoints[0]: http://a:1: this is not the address of an engine; write host:port",
    "endpoint: ['a:1']": "endpoint: (not shown): there is no such field; did you mean endpoints?",
    E + "limits: {}": "limits: (not shown): there is no such field; did you mean routing.limits?",
    E + "routing: {hold: {maxRequest: 7}}": "routing.hold.maxRequest: (not shown): there is no such field; "
    "did you mean maxRequests?",
    E + "routing: {timeouts: {total: 15}}": "routing.timeouts.total: 15: this is not a duration above zero",
    E + "routing: {timeouts: {total: 0s}}": "routing.timeouts.total: 0s: this is not a duration above zero",
    E + "routing: {service: {}}": "routing.service: (not shown): there is no such field",
    E + "routing: {tenants: [{name: a, keys: [{value: geheim}]}]}": "routing.tenants[0].keys[0].value: (not shown)",
    E + "routing: {tenants: [{name: a, keys: [{}]}]}": "routing.tenants[0].keys[0]: 0 of file, env and sha256 are set",
    E + f"routing: {{tenants: [{{name: a, keys: [{{env: A, sha256: {HASH}}}]}}]}}": "2 of file, env and sha256 are set",
    E + "routing: {tenants: [{name: a, keys: [{sha256: geheim}]}]}": "this is not a SHA-256 hash; write 64 small hex",
    E + "routing: {tenants: [{name: a, keys: [{env: A}], band: b}]}": "routing.tenants: a tenant names a band that",
    E + "routing: {cache: {redis: {}}}": "routing.cache.redis: urlFile, urlEnv: the address lies in one of them",
    E + "routers: 2020-01-01": "routers: 2020-01-01: YAML reads this as a date; quote it",
}


@pytest.mark.parametrize("text", REFUSED)
def test_an_unusable_entry_is_named_with_its_key_and_the_nearest_usable_one(text: str) -> None:
    with pytest.raises(RouterConfigError) as refusal:
        loader.read(text)

    assert REFUSED[text] in str(refusal.value)
    assert "geheim" not in str(refusal.value)


def test_all_errors_are_reported_at_once() -> None:
    with pytest.raises(RouterConfigError) as refusal:
        loader.read(E + "routing: {hold: {maxRequest: 7}, retries: {maxAttempts: 9}}")

    assert str(refusal.value).count(" | ") == 1


def test_connections_are_read_under_their_old_name_too_with_a_warning_and_not_under_both() -> None:
    limits, tls = "{maxConnections: 9, tls: {certFile: /a, keyFile: /b}}", ("/a", "/b")
    new, old = (loader.read(f"{E}routing: {{{name}: {limits}}}") for name in ("connections", "door"))

    assert (old.tls_cert_file, old.tls_key_file) == tls
    assert old.routing.connections.max_connections == 9
    assert old.warnings == (
        "routing.door: the next release no longer reads this name; rename it to routing.connections",
    )
    assert replace(old, warnings=()) == new
    with pytest.raises(RouterConfigError, match="door is the old name of connections, and both are set"):
        loader.read(f"{E}routing: {{connections: {limits}, door: {limits}}}")


def test_every_group_of_a_deployments_router_is_a_group_of_the_file() -> None:
    only_there = {"replicas", "placement", "resources", "pod_metadata", "service", "http_route"}
    assert set(Router.model_fields) - only_there == set(router_file.StandaloneRouterSpec.model_fields)


def test_a_rendered_file_never_brings_pydantic() -> None:
    """17 MB of a router's memory; in a fresh interpreter, since this one has it already."""
    words = (
        "import sys; from fairlead.router.config import loader; "
        'loader.read(\'{"renderedFrom": "x", "endpoints": ["a:1"]}\'); '
        "sys.exit(bool({'pydantic', 'yaml', 'kubernetes'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", words], check=False).returncode == 0


def test_the_file_in_the_docs_is_understood() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "router.md").read_text()
    (block,) = (one for one in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if one.startswith("endpoints:"))
    read = loader.read(block)

    assert read.routers == 2
    assert [(name, location.env) for name, location in read.key_places] == [("shop", None), ("shop", "SHOP_KEY")]


def test_late_requests_are_refused_only_where_something_says_when_they_are_late() -> None:
    """A limit that never refuses would look like one that works."""
    file = "endpoints: [127.0.0.1:8000]\nrouting: {limits: {late: Refuse}}\n"
    with pytest.raises(RouterConfigError) as raised:
        loader.read(file)
    assert str(raised.value) == (
        "routing.limits.late: Refuse: nothing says when a first token is late; add ttftObjective, for instance 2s"
    )
    read = loader.read(f"ttftObjective: 2s\n{file}")
    assert (read.first_token_seconds, read.routing.limits.late) == (2.0, LateAction.REFUSE)


TOKENS: Final = """
endpoints: ["127.0.0.1:8000"]
routing:
  oidc: {issuer: "https://login.example", audiences: [models], caFile: /d}
  tenants: [{name: shop}, {name: bank, claims: [b]}]
"""


def test_tenants_who_come_with_tokens_need_no_keys() -> None:
    read = loader.refreshed(loader.read(TOKENS))

    assert read.issuer_ca_file == "/d"
    assert read.routing.oidc == TokenIssuer(issuer="https://login.example", audiences=frozenset({"models"}))
    assert [(one.name, one.claims) for one in read.routing.tenants] == [
        ("shop", frozenset()),
        ("bank", frozenset({"b"})),
    ]
    assert read.warnings == ()


def test_a_token_that_would_match_two_tenants_is_reported_with_both() -> None:
    with pytest.raises(RouterConfigError, match=r"tenants\[1\].claims: shop: tenant shop has this value too"):
        loader.read(TOKENS.replace("[b]", "[b, shop]"))


def test_a_tenant_with_neither_keys_nor_tokens_is_refused() -> None:
    with pytest.raises(RouterConfigError, match="a tenant has neither keys nor an issuer's tokens"):
        loader.read('endpoints: ["127.0.0.1:8000"]\nrouting: {tenants: [{name: shop}]}')
