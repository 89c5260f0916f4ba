"""The file of a gateway's router: read whole, and what cannot be used is named."""

import json
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest

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
    TokenPrices,
    WeightedTarget,
)
from fairlead.router.config import loader
from fairlead.router.config.loader import RouterConfigError, SecretLocation, TargetConfig
from fairlead.router.config.settings import ExternalConfig

TARGET: Final[dict[str, Any]] = {"target": "ns/a", "namespace": "ns", "endpoints": ["h:1"]}
WHOLE: Final[dict[str, Any]] = {
    "renderedFrom": "InferenceGateway ns/front",
    "namespace": "ns",
    "routers": 2,
    "configMap": "front-router",
    "tenantKeys": "/keys",
    "targets": [
        {
            "target": "ns/a",
            "namespace": "ns",
            "selector": "a=b",
            "endpoints": [],
            "enginePort": 8001,
            "engineKind": "SGLang",
            "models": ["a", "de"],
            "adapters": ["de"],
            "prefixCaching": False,
            "revision": "r1",
            "maxContextTokens": 4096,
            "maxSequences": 8,
            "kvTokens": None,
            "firstTokenSeconds": 2,
            "pricePerHour": "2.10",
        }
    ],
    "externals": [
        {
            "name": "external/big",
            "url": "https://api.example.com/v1/",
            "model": "gpt",
            "keyFile": "/secrets/openai/key",
            "prices": {"prompt": "2.5", "cached": None, "output": "10"},
            "maxConcurrency": 7,
        }
    ],
    "routes": [
        {
            "name": "chat",
            "strategy": "Rules",
            "target": "ns/a",
            "rules": [
                {
                    "name": "hard",
                    "when": {"difficulty": "Hard", "tenants": ["shop"], "tools": True},
                    "target": "external/big",
                }
            ],
            "fallback": {"targets": ["external/big"], "reasons": ["Timeout", "EngineError"]},
            "cache": False,
            "onInvalid": "Retry",
            "shadow": None,
            "cascade": None,
            "weighted": [],
        },
        {"name": "mix", "strategy": "Weighted", "weighted": [{"target": "ns/a", "weight": 3}]},
        {"name": "plain", "target": "ns/a"},
    ],
}


def test_a_whole_file_is_read_as_the_values_that_the_fleet_speaks_in() -> None:
    read = loader.read(json.dumps(WHOLE))

    assert read.is_gateway
    assert (read.namespace, read.routers, read.config_map, read.tenant_keys) == ("ns", 2, "front-router", "/keys")
    assert read.targets == (
        TargetConfig(
            target="ns/a",
            namespace="ns",
            selector="a=b",
            engine_port=8001,
            engine_kind="SGLang",
            models=("a", "de"),
            adapters=("de",),
            prefix_caching=False,
            revision="r1",
            max_context_tokens=4096,
            max_sequences=8,
            first_token_seconds=2.0,
            price_per_hour=Decimal("2.10"),
        ),
    )
    assert read.externals == (
        ExternalConfig(
            api=ExternalTarget(
                name="external/big",
                url="https://api.example.com/v1",
                model="gpt",
                prices=TokenPrices(prompt=Decimal("2.5"), output=Decimal(10)),
                max_concurrency=7,
            ),
            key_place=SecretLocation(file="/secrets/openai/key"),
        ),
    )
    hard = RequestConditions(difficulty=Difficulty.HARD, tenants=frozenset({"shop"}), tools=True)
    assert read.routes == (
        ModelRoute(
            name="chat",
            strategy=RouteStrategy.RULES,
            target="ns/a",
            rules=(RouteRule(name="hard", when=hard, target="external/big"),),
            fallback=FallbackChain(
                targets=("external/big",),
                reasons=frozenset({FallbackReason.TIMEOUT, FallbackReason.ENGINE_ERROR}),
            ),
            cache=False,
            on_invalid=InvalidAnswerAction.RETRY,
        ),
        ModelRoute(name="mix", strategy=RouteStrategy.WEIGHTED, weighted=(WeightedTarget(target="ns/a", weight=3),)),
        ModelRoute(name="plain", target="ns/a"),
    )
    assert read.models == ("chat", "mix", "plain")
    assert read.files == ("/keys", "/secrets/openai/key")
    assert read.guarded


def test_a_gateway_without_models_yet_is_a_gateway() -> None:
    read = loader.read(json.dumps({"renderedFrom": "x", "targets": [], "routes": []}))
    assert (read.is_gateway, read.served, read.models, read.guarded) == (True, (), (), False)


REFUSED: Final[dict[str, str]] = {
    '{"targets": {}, "routes": []}': "targets: {}: must be a list",
    '{"targets": [7]}': "targets[0]: 7: must be an object",
    '{"targets": [{"target": "", "endpoints": ["a:1"]}]}': "targets[0].target: '': must be namespace/name",
    '{"targets": [{"target": "external/x", "endpoints": ["a:1"]}]}': "targets[0].target: 'external/x': must be",
    '{"targets": [{"target": "ns/a"}]}': "targets[0].selector, endpoints: neither is set",
    '{"targets": [{"target": "ns/a", "selector": "a=b"}]}': "targets[0].namespace: empty",
    '{"targets": [{"target": "ns/a", "endpoints": ["http://a"]}]}': "targets[0].endpoints: http://a: must be",
    '{"targets": [{"target": "ns/a", "endpoints": ["a:1"], "enginePort": "x"}]}': "targets[0].enginePort: 'x': must be",
    '{"targets": [{"target": "ns/a", "endpoints": ["a:1"], "pricePerHour": "x"}]}': "pricePerHour: 'x': must be",
    '{"externals": [{"name": "big", "url": "https://a", "model": "m"}]}': "externals[0].name: 'big': must begin with",
    '{"externals": [{"name": "external/b", "url": "ftp://a", "model": "m"}]}': "externals[0].url: 'ftp://a': must be",
    '{"externals": [{"name": "external/b", "url": "https://a:99999", "model": "m"}]}': "url: 'https://a:99999': must",
    '{"externals": [{"name": "external/b", "url": "https://[a", "model": "m"}]}': "url: 'https://[a': must be",
    '{"externals": [{"name": "external/b", "url": "https://a"}]}': "externals[0].model: absent",
    '{"externals": [{"name": "external/b", "url": "https://a", "model": "m", "keyFile": 3}]}': "keyFile: 3: must",
    '{"routes": [{"name": "a", "strategy": "Guess"}]}': "routes[0].strategy: 'Guess': must be one of Single, Weighted",
    '{"routes": [{"name": "a"}]}': "routes[0].target: absent: Single needs one",
    '{"routes": [{"name": "a", "strategy": "Weighted"}]}': "routes[0].weighted: no target has a weight above 0",
    '{"routes": [{"name": "a", "strategy": "Cascade"}]}': "routes[0].cascade.targets: absent: Cascade needs them",
    '{"routes": [{"name": "a", "target": "x"}, {"name": "a", "target": "y"}]}': "routes: a: named twice",
}


@pytest.mark.parametrize("text", REFUSED)
def test_an_unusable_entry_is_named_with_its_key(text: str) -> None:
    with pytest.raises(RouterConfigError) as refusal:
        loader.read(json.dumps(json.loads(text) | {"renderedFrom": "a test"}))

    assert REFUSED[text] in str(refusal.value)


def test_targets_of_one_name_are_a_mistake() -> None:
    with pytest.raises(RouterConfigError, match="targets, externals: ns/a: named twice"):
        loader.read(json.dumps({"renderedFrom": "x", "targets": [TARGET, TARGET]}))


def test_a_cascade_is_read_with_its_check() -> None:
    routes = [{"name": "two", "strategy": "Cascade", "cascade": {"targets": ["ns/a"], "check": "NotEmpty"}}]
    read = loader.read(json.dumps({"renderedFrom": "x", "targets": [TARGET], "routes": routes}))
    assert read.models == ("two",)
    assert read.routes[0].cascade == CascadeSettings(targets=("ns/a",), check=AnswerCheck.NOT_EMPTY)


def digest(key: str) -> bytes:
    return sha256(key.encode()).digest()


def test_entries_of_the_folder_of_keys_say_whose_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    folder.mkdir()
    entries = {
        "shop": "one\n",
        "shop.2": "two",
        "bank.old.sha256": sha256(b"three").hexdigest().upper() + "\n",
        "bank.bad.sha256": "no digest",
        "bank.empty": " ",
        "zoo": "one",
        "nobody": "four",
        "..data": "the kubelet's",
    }
    for name, text in entries.items():
        (folder / name).write_text(text)
    external = {"name": "external/b", "url": "http://a", "model": "m", "keyFile": str(tmp_path / "absent")}
    document = {
        "renderedFrom": "x",
        "targets": [TARGET],
        "externals": [external],
        "tenantKeys": str(folder),
        "routing": {"tenants": [{"name": "shop"}, {"name": "bank"}, {"name": "zoo"}]},
    }
    path = tmp_path / "router.json"
    path.write_text(json.dumps(document))

    read = loader.load(path)

    assert read.keys == {digest("one"): "shop", digest("two"): "shop", digest("three"): "bank"}
    hints = "\n".join(read.warnings)
    assert "tenantKeys: bank.bad.sha256: no key could be read; write 64 hex digits" in hints
    assert "tenantKeys: bank.empty: no key could be read; write the key into it" in hints
    assert "tenantKeys: zoo: this key is shop's already; give zoo another" in hints
    assert "tenantKeys: nobody: there is no tenant nobody" in hints
    assert "external/b: file" in hints
    assert len(read.warnings) == 5


def test_a_key_folder_that_is_not_mounted_yet_admits_no_client(tmp_path: Path) -> None:
    document = {
        "renderedFrom": "x",
        "targets": [TARGET],
        "tenantKeys": str(tmp_path / "absent"),
        "routing": {"tenants": [{"name": "shop"}]},
    }
    path = tmp_path / "router.json"
    path.write_text(json.dumps(document))
    read = loader.load(path)
    assert read.keys == {}
    assert read.warnings == ("no key of any tenant could be read: every request gets 401; create the keys",)
