"""Secrets of a router: read from files and variables, reported when missing, never a reason to stop."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from fairlead.fleet.gateways import RoutingSettings
from fairlead.fleet.tenants import Tenant
from fairlead.router.config import loader
from fairlead.router.config.loader import RouterConfig, SecretLocation
from fairlead.router.config.secret_values import filled_in
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


def test_a_running_router_keeps_the_key_of_a_deleted_secret_and_not_one_that_was_removed_from_it(
    tmp_path: Path,
) -> None:
    secret = tmp_path / "chat-keys"
    secret.mkdir()
    for name in ("shop", "search"):
        (secret / name).write_text(f"key of {name}")
    places = tuple((name, SecretLocation(file=str(secret / name))) for name in ("shop", "search"))
    rendered = replace(configured(*places), rendered_from="InferenceDeployment team/chat")
    first = loader.refreshed(rendered)
    (secret / "search").unlink()
    second = loader.refreshed(rendered, first)
    (secret / "shop").unlink()
    third = loader.refreshed(rendered, loader.refreshed(rendered, second))

    assert first.keys == {digest("key of shop"): "shop", digest("key of search"): "search"}
    assert second.keys == third.keys == {digest("key of shop"): "shop"}
    kept = "its Secret was deleted; the key stays valid until this router ends; create the Secret again"
    assert third.warnings == (
        f"tenant shop: file {secret}/shop: {kept}",
        f"tenant search: file {secret}/search: no key could be read; clients that send it get 401; create it",
    )
    assert loader.refreshed(rendered).keys == {}, "a router that starts has no earlier one"
    assert loader.refreshed(replace(rendered, key_places=places[1:]), second).keys == {}
    assert loader.refreshed(replace(rendered, rendered_from=""), second).keys == {}, "a person deletes a file to revoke"


def test_a_followed_file_keeps_the_keys_of_a_deleted_secret_however_often_it_is_read(tmp_path: Path) -> None:
    secret, config, applied = tmp_path / "chat-keys", tmp_path / "router.json", list[RouterConfig]()

    def text(routers: int) -> str:
        tenants = [{"name": "shop", "keyFiles": [f"{secret}/shop"]}, {"name": "search", "keyFiles": [f"{secret}/none"]}]
        document = {"renderedFrom": "x", "endpoints": ["a:1"], "routers": routers, "routing": {"tenants": tenants}}
        return json.dumps(document)

    secret.mkdir()
    (secret / "..data").symlink_to(tmp_path / "old")
    (secret / "shop").symlink_to(secret / "..data" / "shop")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "shop").write_text("key of shop")
    config.write_text(text(1))
    watched = WatchedFile(config, loader.load(config), applied.append)
    (tmp_path / "old" / "shop").unlink()
    watched.take(text(2))
    (secret / "shop").unlink()
    watched.take(text(3))

    assert [one.keys for one in applied] == [{digest("key of shop"): "shop"}] * 2


def test_a_limit_for_a_model_that_is_not_served_is_reported() -> None:
    some = configured(("a", SecretLocation(env="A")))
    narrow = replace(some.routing, tenants=(Tenant(name="a", keys=(), models=frozenset({"chat", "images"})),))
    read = filled_in(replace(some, models=("chat",), routing=narrow), {"A": "key"})

    assert read.warnings == ("tenant a: models: images: not served here; served: chat",)


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
