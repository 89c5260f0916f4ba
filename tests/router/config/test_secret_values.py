"""Secrets of a router: read from files and variables, reported when missing, never a reason to stop."""

import json
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Final

from fairlead.fleet.gateways import RoutingSettings
from fairlead.fleet.tenants import Tenant, TenantBudget
from fairlead.router.config import loader
from fairlead.router.config.loader import RouterConfig, SecretLocation
from fairlead.router.config.secret_values import filled_in
from fairlead.router.config.settings import TargetConfig
from fairlead.router.config.tenant_folder import LONGEST
from fairlead.router.watched_file import WatchedFile

HASH: Final = sha256(b"geheim").hexdigest()


def digest(key: str) -> bytes:
    return sha256(key.encode()).digest()


def configured(*keys: tuple[str, SecretLocation], redis: SecretLocation | None = None) -> RouterConfig:
    names = dict.fromkeys(name for name, _ in keys)
    tenants = tuple(Tenant(name=name, keys=()) for name in names)
    return RouterConfig(
        endpoints=("a:1",), routing=RoutingSettings(tenants=tenants), key_places=keys, redis_place=redis
    )


def test_a_key_may_lie_in_a_file_a_variable_or_be_known_by_its_hash(tmp_path: Path) -> None:
    (tmp_path / "shop").write_text("one\n")
    read = filled_in(
        configured(
            ("shop", SecretLocation(file=str(tmp_path / "shop"))),
            ("search", SecretLocation(env="SEARCH")),
            ("search", SecretLocation(sha256=HASH)),
        ),
        {"SEARCH": "two"},
    )

    assert read.keys == {digest("one"): "shop", digest("two"): "search", digest("geheim"): "search"}
    assert read.warnings == ()


def test_a_missing_key_is_reported_and_all_other_keys_are_read(tmp_path: Path) -> None:
    absent, large = str(tmp_path / "absent"), tmp_path / "large"
    large.write_bytes(b"x" * (LONGEST + 1))
    places = [
        ("a", SecretLocation(file=absent)),
        ("b", SecretLocation(file=str(large))),
        ("c", SecretLocation(env="C")),
        ("d", SecretLocation(env="D")),
    ]
    read = filled_in(configured(*places), {"C": "  ", "D": "key"})

    assert read.keys == {digest("key"): "d"}
    assert [one.partition(": no key could be read")[0] for one in read.warnings] == [
        f"tenant a: file {absent}",
        f"tenant b: file {large}",
        "tenant c: environment variable C",
    ]


def test_one_key_of_two_tenants_stays_the_firsts() -> None:
    read = filled_in(configured(("a", SecretLocation(env="K")), ("b", SecretLocation(sha256=HASH))), {"K": "geheim"})

    assert read.keys == {digest("geheim"): "a"}
    assert read.warnings == ("tenant b: sha256: this key is a's already; give it another",)


def test_tenants_without_any_key_are_reported_in_a_warning() -> None:
    assert filled_in(configured(("a", SecretLocation(env="A"))), {}).warnings[-1] == (
        "no key of any tenant could be read: every request gets 401; create the keys"
    )


def test_a_key_is_revoked_by_removing_it_also_if_its_secret_had_no_other(tmp_path: Path) -> None:
    """The kubelet mounts a Secret that lost its last entry like one that was deleted: as an empty folder."""
    secret, config, applied = tmp_path / "chat-keys", tmp_path / "router.json", list[RouterConfig]()
    tenants = [{"name": "shop", "keyFiles": [f"{secret}/shop"]}]
    rendered = {"renderedFrom": "InferenceDeployment team/chat", "endpoints": ["a:1"], "routing": {"tenants": tenants}}
    config.write_text(json.dumps(rendered | {"routers": 1}))
    for folder in (secret, tmp_path / "full", tmp_path / "empty"):
        folder.mkdir()
    (tmp_path / "full" / "shop").write_text("leaked")
    (secret / "..data").symlink_to(tmp_path / "full")
    (secret / "shop").symlink_to("..data/shop")
    watched = WatchedFile(config, applied.append)
    first = watched.load()
    (secret / "..data").unlink()
    (secret / "..data").symlink_to(tmp_path / "empty")
    (secret / "shop").unlink()
    watched.take(json.dumps(rendered | {"routers": 2}))

    assert first.keys == {digest("leaked"): "shop"}
    assert [one.keys for one in applied] == [{}]
    assert applied[0].warnings == (
        f"tenant shop: file {secret}/shop: no key could be read; clients that send it get 401; create it",
        "no key of any tenant could be read: every request gets 401; create the keys",
    )


def test_a_limit_for_a_model_that_is_not_served_is_reported() -> None:
    some = configured(("a", SecretLocation(env="A")))
    narrow = replace(some.routing, tenants=(Tenant(name="a", keys=(), models=frozenset({"chat", "images"})),))
    read = filled_in(replace(some, models=("chat",), routing=narrow), {"A": "key"})

    assert read.warnings == ("tenant a: models: images: not served here; served: chat",)


def test_a_budget_without_a_price_is_reported_with_where_to_write_one() -> None:
    budget = TenantBudget(max_cost=Decimal(5))
    some = configured(("a", SecretLocation(env="A")))
    bounded = replace(some.routing, tenants=(Tenant(name="a", keys=(), budget=budget),))
    without = "so requests there cost nothing and the budget refuses none"
    own = replace(some, routing=bounded)
    targets = tuple(TargetConfig(target=f"ns/{name}") for name in "abcd")
    gateway = replace(own, is_gateway=True, rendered_from="ns/all", targets=targets)
    half = replace(gateway, targets=(replace(targets[0], price_per_hour=Decimal(2)), targets[1]))

    def found(settings: RouterConfig) -> tuple[str, ...]:
        return filled_in(settings, {"A": "key"}).warnings

    assert found(own) == (f"tenant a: budget: no price is known, {without}; set pricePerHour",)
    assert found(replace(own, price_per_hour=Decimal(2))) == ()
    remedy = "add its GPU's price to the chart's value products"
    assert found(gateway) == (
        f"tenant a: budget: no price is known for ns/a, ns/b, ns/c and 1 more, {without}; {remedy}",
    )
    assert found(half) == (f"tenant a: budget: no price is known for ns/b, {without}; {remedy}",)


def test_a_shared_cache_has_its_address_or_says_that_it_is_alone(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("redis://valkey:6379\n")

    assert filled_in(configured(redis=SecretLocation(file=str(tmp_path / "url")))).redis_url == "redis://valkey:6379"
    assert filled_in(configured(redis=SecretLocation(env="URL")), {}).warnings == (
        "cache.redis: environment variable URL: no address could be read; each router keeps its own answers",
    )


def test_no_secret_shows_when_settings_are_printed(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("redis://:geheim@valkey")
    read = filled_in(
        configured(("a", SecretLocation(env="A")), redis=SecretLocation(file=str(tmp_path / "url"))), {"A": "geheim"}
    )

    assert "geheim" not in repr(read)


def test_a_file_is_loaded_with_its_secrets_and_again_when_they_change(tmp_path: Path) -> None:
    key, config = tmp_path / "key", tmp_path / "router.yaml"
    key.write_text("old")
    config.write_text(f"endpoints: ['a:1']\nrouting: {{tenants: [{{name: a, keys: [{{file: {key}}}]}}]}}")
    first = loader.load(config)
    assert first.files == (str(key),)
    assert first.keys == {digest("old"): "a"}

    key.write_text("new")
    assert loader.refreshed(first).keys == {digest("new"): "a"}
