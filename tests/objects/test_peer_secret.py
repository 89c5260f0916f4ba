"""The Secret with which routers authenticate datagrams: created once, renewed in time, never another's."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fairlead.objects import labels, peer_secret, router_config
from fairlead.objects.labels import ChildRole
from fairlead.objects.manifest import Manifest

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEY, OTHER = b"k" * peer_secret.KEY_BYTES, b"o" * peer_secret.KEY_BYTES
WANTS = {router_config.FILE: f'{{"peerKeys": "{router_config.PEER_KEYS_FOLDER}"}}'}


def config_map(data: dict[str, str] | None = WANTS, role: str = ChildRole.ROUTER, **metadata: Any) -> Manifest:  # noqa: ANN401
    about = {
        "name": "chat-router",
        "namespace": "team",
        "labels": {labels.ROLE: role},
        "ownerReferences": [{"uid": "1"}],
    }
    return {"metadata": about | metadata} | ({} if data is None else {"data": data})


def made(live: Manifest | None, key: bytes = KEY, now: datetime = NOW) -> Manifest | None:
    return peer_secret.manifest(config_map(), live, key, now)


def found(live: Manifest | None, key: bytes = KEY, now: datetime = NOW) -> Manifest:
    secret = made(live, key, now)
    assert secret is not None
    return secret


def test_the_secret_is_needed_only_by_routers_that_are_configured_with_keys_and_not_terminating() -> None:
    assert peer_secret.is_wanted(config_map())
    assert not peer_secret.is_wanted(config_map(role=ChildRole.ENGINE))
    assert not peer_secret.is_wanted(config_map(labels=None))
    assert not peer_secret.is_wanted(config_map(deletionTimestamp="2026-11-22T12:00:00Z"))
    assert not peer_secret.is_wanted(config_map(ownerReferences=[]))
    assert not peer_secret.is_wanted(config_map(ownerReferences=None))
    assert not peer_secret.is_wanted(config_map(data=None))
    assert not peer_secret.is_wanted(config_map(data={router_config.FILE: "{}"}))


def test_it_is_ours_with_the_same_owner() -> None:
    assert peer_secret.is_ours(found(None), config_map())
    assert not peer_secret.is_ours({"metadata": {}}, config_map())


def test_that_of_a_deleted_object_of_the_same_name_goes_soon_and_another_ones_stays() -> None:
    chat, docs = {"kind": "InferenceDeployment", "name": "chat"}, {"kind": "InferenceDeployment", "name": "docs"}
    owned = config_map(ownerReferences=[chat | {"uid": "2"}])
    before = found(None) | {"metadata": {"ownerReferences": [chat | {"uid": "1"}]}}
    assert peer_secret.is_leaving(before, owned)
    assert not peer_secret.is_leaving({"metadata": {"ownerReferences": [docs | {"uid": "1"}]}}, owned)
    assert not peer_secret.is_leaving({"metadata": {}}, owned)
    assert peer_secret.is_leaving({"metadata": {"deletionTimestamp": "2026-11-22T12:00:00Z"}}, owned)


def test_it_is_made_once_and_renewed_after_a_month_with_the_key_before() -> None:
    first = found(None)
    assert first["metadata"]["name"] == peer_secret.name("chat-router")
    assert first["data"] == {peer_secret.CURRENT: base64.b64encode(KEY).decode()}
    assert made(first, OTHER, NOW + timedelta(days=29)) is None
    later = found(first, OTHER, NOW + timedelta(days=30))
    assert later["data"] == {
        peer_secret.CURRENT: base64.b64encode(OTHER).decode(),
        peer_secret.PREVIOUS: first["data"][peer_secret.CURRENT],
    }


@pytest.mark.parametrize(
    "data", [None, {}, {peer_secret.CURRENT: "no key"}, {peer_secret.CURRENT: base64.b64encode(b"short").decode()}]
)
def test_one_without_a_key_that_can_be_used_gets_one(data: dict[str, str] | None) -> None:
    live = found(None) | {"data": data}
    assert found(live, OTHER)["data"][peer_secret.CURRENT] == base64.b64encode(OTHER).decode()


@pytest.mark.parametrize("written", [None, {}, {peer_secret.RENEWED: "last week"}])
def test_one_that_does_not_say_when_it_was_made_is_renewed(written: dict[str, str] | None) -> None:
    first = found(None)
    live = first | {"metadata": first["metadata"] | {"annotations": written}}
    assert found(live, OTHER)["data"][peer_secret.PREVIOUS] == first["data"][peer_secret.CURRENT]


def test_a_moment_without_a_zone_is_one_in_utc() -> None:
    first = found(None)
    written = {peer_secret.RENEWED: "2026-11-22T12:00:00"}
    assert made(first | {"metadata": first["metadata"] | {"annotations": written}}, OTHER) is None
