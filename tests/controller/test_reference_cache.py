"""Referenced objects are looked up by name and cached for a while; their values are never kept."""

from typing import Final

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.api_server import ApiServer
from fairlead.controller import reference_cache
from fairlead.controller.reference_cache import FOUND_S, LOST_S, ReferenceCache
from fairlead.review.context import ObjectKey
from tests.cluster.fake_api import FakeApi
from tests.cluster.worlds import run

SECRET: Final = ObjectKey("Secret", "team", "hf")
MAP: Final = ObjectKey("ConfigMap", "team", "hf")


class Clock:
    """A manual clock."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_is_there_is_known_for_minutes_and_what_is_not_for_seconds() -> None:
    async def story() -> None:
        fake, clock = FakeApi(), Clock()
        async with fake.connected() as connection:
            existence = ReferenceCache(ApiServer(connection), clock)
            assert await existence.present([SECRET, MAP]) == {}
            head = {"metadata": {"name": "hf", "namespace": "team"}}
            fake.put(kinds.SECRET, head | {"data": {"token": "c2VjcmV0"}})
            fake.put(kinds.CONFIG_MAP, head | {"data": {"a": "1"}, "binaryData": {"b": "Mg=="}})
            assert await existence.present([SECRET]) == {}
            clock.now += LOST_S
            assert await existence.present([SECRET, MAP]) == {SECRET: {"token"}, MAP: {"a", "b"}}
            fake.remove(kinds.SECRET, "team", "hf")
            clock.now += FOUND_S - 1
            assert SECRET in await existence.present([SECRET])
            clock.now += 1
            assert await existence.present([SECRET]) == {}
            assert "c2VjcmV0" not in str(vars(existence))

    run(story())


def test_a_missing_entry_of_a_secret_is_read_again_as_soon_as_a_missing_object() -> None:
    """A new tenant's key is added to a Secret that has long been known."""

    async def story() -> None:
        fake, clock, needed = FakeApi(), Clock(), {SECRET: frozenset({"new"})}
        head = {"metadata": {"name": "hf", "namespace": "team"}}
        async with fake.connected() as connection:
            existence = ReferenceCache(ApiServer(connection), clock)
            fake.put(kinds.SECRET, head | {"data": {"old": "MQ=="}})
            assert await existence.present([SECRET]) == {SECRET: {"old"}}
            fake.put(kinds.SECRET, head | {"data": {"old": "MQ==", "new": "Mg=="}})
            clock.now += LOST_S
            assert await existence.present([SECRET]) == {SECRET: {"old"}}
            assert await existence.present([SECRET], needed) == {SECRET: {"old", "new"}}

    run(story())


def test_the_entries_of_a_claim_are_its_access_modes() -> None:
    async def story() -> None:
        fake, key = FakeApi(), ObjectKey("PersistentVolumeClaim", "team", "models")
        async with fake.connected() as connection:
            head = {"metadata": {"name": "models", "namespace": "team"}}
            fake.put(kinds.VOLUME_CLAIM, head | {"spec": {"accessModes": ["ReadWriteOnce", "ReadOnlyMany"]}})
            assert await ReferenceCache(ApiServer(connection)).present([key]) == {
                key: {"ReadWriteOnce", "ReadOnlyMany"}
            }

    run(story())


def test_what_may_not_be_read_is_taken_on_trust() -> None:
    """P23: the kubelet will report it."""

    async def story() -> None:
        fake = FakeApi()
        fake.forbidden.add(("get", "secrets"))
        async with fake.connected() as connection:
            found = await ReferenceCache(ApiServer(connection)).present([SECRET])
            assert "whatever" in found[SECRET]

    run(story())


def test_only_so_many_are_kept_and_those_read_longest_ago_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reviews of specs that nobody applies may name any number of objects."""
    monkeypatch.setattr(reference_cache, "MAX_KEPT", 3)

    async def story() -> None:
        fake, clock = FakeApi(), Clock()
        names = [ObjectKey("Secret", "team", f"hf-{number}") for number in range(5)]
        for one in names:
            fake.put(kinds.SECRET, {"metadata": {"name": one.name, "namespace": "team"}, "data": {"old": "MQ=="}})
        async with fake.connected() as connection:
            existence = ReferenceCache(ApiServer(connection), clock)
            await existence.present(names[:3])
            clock.now += LOST_S
            await existence.present(names[:1], {names[0]: frozenset({"new"})})
            await existence.present(names[3:])
            read = fake.count("get")
            assert len(await existence.present([names[0], *names[3:]])) == 3
            assert fake.count("get") == read
            assert len(await existence.present(names[1:3])) == 2
            assert fake.count("get") == read + 2, "though they would have been known for minutes"

    run(story())
