"""The operator's key: created once, found by all, and no obstacle for those without a right to it."""

import asyncio
import base64
import logging

import pytest

from fairlead.cluster import kinds, operator_key
from fairlead.cluster.api_server import ApiServer
from fairlead.fleet.router_keys import LENGTH, RouterKeys
from tests.cluster.fake_api import FakeApi
from tests.cluster.worlds import run


def stored(api: FakeApi, secret: bytes) -> None:
    body = {"apiVersion": "v1", "kind": "Secret", "data": {operator_key.KEY: base64.b64encode(secret).decode()}}
    api.put(kinds.SECRET, body | {"metadata": {"name": operator_key.NAME, "namespace": "fairlead-system"}})


@pytest.mark.trial(16)
def test_the_first_leader_makes_the_secret_and_all_others_find_it() -> None:
    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            api, first, second, third = ApiServer(connection), RouterKeys(), RouterKeys(), RouterKeys()
            await operator_key.keep(api, "fairlead-system", first)
            await operator_key.keep(api, "fairlead-system", second)
            assert first.secret is not None
            assert len(first.secret) == LENGTH
            assert first.secret == second.secret
            assert fake.count("create") == 1
            following = asyncio.create_task(operator_key.follow(api, "fairlead-system", third))
            while third.secret is None:
                await asyncio.sleep(0.001)
            following.cancel()
            assert third.secret == first.secret
            assert fake.count("create") == 1

    run(story())


def test_the_secret_has_no_owner_so_that_a_reinstalled_operator_has_the_key_that_routers_know() -> None:
    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            await operator_key.keep(ApiServer(connection), "fairlead-system", RouterKeys())
        made = fake.objects.held[(kinds.SECRET.title, "fairlead-system", operator_key.NAME)]
        assert "ownerReferences" not in made["metadata"]

    run(story())


@pytest.mark.parametrize("verb", ["get", "create"])
def test_a_missing_right_to_the_secret_is_logged_and_retried(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, verb: str
) -> None:
    monkeypatch.setattr(operator_key, "AGAIN_S", 0.01)

    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            fake.forbidden = {(verb, kinds.SECRET.title)}
            keys = RouterKeys()
            keeping = asyncio.create_task(operator_key.keep(ApiServer(connection), "fairlead-system", keys))
            while "the operator cannot read routers' metrics" not in caplog.text:
                await asyncio.sleep(0.001)
            assert keys.secret is None
            fake.forbidden = set()
            await keeping
            assert keys.secret is not None

    run(story())


@pytest.mark.parametrize("secret", [b"", b"short"])
def test_a_secret_that_is_too_short_is_logged_and_not_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, secret: bytes
) -> None:
    monkeypatch.setattr(operator_key, "AGAIN_S", 0.01)

    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            stored(fake, secret)
            keys = RouterKeys()
            keeping = asyncio.create_task(operator_key.keep(ApiServer(connection), "fairlead-system", keys))
            while "fewer than 32 bytes; delete the Secret" not in caplog.text:
                await asyncio.sleep(0.001)
            keeping.cancel()
            assert keys.secret is None

    run(story())


def test_who_only_follows_waits_for_it_and_keeps_the_last(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(operator_key, "EVERY_S", 0.01)
    monkeypatch.setattr(operator_key, "NOT_MADE_YET_S", 0.01)
    caplog.set_level(logging.INFO)

    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            keys = RouterKeys()
            following = asyncio.create_task(operator_key.follow(ApiServer(connection), "fairlead-system", keys))
            while fake.count("get") < 3:
                await asyncio.sleep(0.001)
            stored(fake, b"n" * LENGTH)
            while keys.secret is None:
                await asyncio.sleep(0.001)
            fake.forbidden = {("get", kinds.SECRET.title)}
            while "trying again" not in caplog.text:
                await asyncio.sleep(0.001)
            following.cancel()
            assert keys.secret == b"n" * LENGTH

    run(story())
