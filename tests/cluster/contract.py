"""The contract of any API server: each case runs on the fake one and on a real one, or the fake proves nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Final

import pytest

from fairlead.cluster.api_server import ApiServer, Conflict, NotFound, WatchEventType, WatchLimits
from fairlead.cluster.kinds import CONFIG_MAP, LEASE, POD, Manifest
from tests.cluster.worlds import note, text_of

Story = Callable[[ApiServer, str], Awaitable[None]]


async def what_is_not_there_is_nothing(api: ApiServer, namespace: str) -> None:
    assert await api.read(CONFIG_MAP, namespace, "nobody") is None
    assert await api.remove(note("nobody", namespace=namespace), uid="any") is False
    assert (await api.listing(CONFIG_MAP, namespace, "app=nobody")).items == []


async def the_same_apply_again_changes_nothing(api: ApiServer, namespace: str) -> None:
    """P4: a restart may apply everything once, and no watch gets an event for it."""
    first = await api.apply(note("twice", namespace=namespace))
    again = await api.apply(note("twice", namespace=namespace))
    assert again["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    changed = await api.apply(note("twice", "b", namespace=namespace))
    assert changed["metadata"]["uid"] == first["metadata"]["uid"]
    assert int(changed["metadata"]["resourceVersion"]) > int(first["metadata"]["resourceVersion"])


async def an_apply_gives_up_what_it_no_longer_holds_and_leaves_what_others_own(api: ApiServer, namespace: str) -> None:
    mine, other = note("shared", namespace=namespace), note("shared", namespace=namespace)
    await api.apply(mine | {"data": {"kept": "1", "dropped": "2"}})
    await api.apply(other | {"data": {"theirs": "3"}}, manager="other")
    after = await api.apply(mine | {"data": {"kept": "1"}})
    assert after["data"] == {"kept": "1", "theirs": "3"}


async def a_field_of_another_manager_is_a_conflict_unless_forced(api: ApiServer, namespace: str) -> None:
    await api.apply(note("disputed", "a", namespace=namespace), manager="other")
    with pytest.raises(Conflict, match=r'conflict with "other": \.data\.said') as refused:
        await api.apply(note("disputed", "b", namespace=namespace), force=False)
    assert (refused.value.status, refused.value.reason) == (409, "Conflict")
    assert text_of(await api.apply(note("disputed", "b", namespace=namespace))) == "b"


async def a_name_can_be_taken_once(api: ApiServer, namespace: str) -> None:
    await api.create(note("taken", namespace=namespace))
    with pytest.raises(Conflict, match='"taken" already exists') as refused:
        await api.create(note("taken", namespace=namespace))
    assert refused.value.reason == "AlreadyExists"


async def a_replace_of_what_moved_is_a_conflict(api: ApiServer, namespace: str) -> None:
    read = await api.create(note("moves", namespace=namespace))
    await api.replace(read | {"data": {"said": "first"}})
    with pytest.raises(Conflict, match="the object has been modified"):
        await api.replace(read | {"data": {"said": "second"}})
    assert text_of(await api.read(CONFIG_MAP, namespace, "moves")) == "first"


async def only_the_very_object_is_removed(api: ApiServer, namespace: str) -> None:
    first = await api.create(note("meant", namespace=namespace))
    uid, version = first["metadata"]["uid"], first["metadata"]["resourceVersion"]
    with pytest.raises(Conflict, match="UID in"):
        await api.remove(first, uid="00000000-0000-0000-0000-000000000000")
    await api.apply(note("meant", "changed", namespace=namespace))
    with pytest.raises(Conflict):
        await api.remove(first, uid=uid, resource_version=version)
    assert await api.remove(first, uid=uid) is True
    assert await api.read(CONFIG_MAP, namespace, "meant") is None


async def metadata_is_listed_in_pages_without_the_rest(api: ApiServer, namespace: str) -> None:
    names = [f"large-{number:03}" for number in range(60)]
    for name in names:
        await api.create(note(name, namespace=namespace, labels={"app": "large"}, annotations={"about": name}))
    found = [one async for one in api.metadata(CONFIG_MAP, namespace, "app=large")]
    assert [(one["metadata"]["name"], one["metadata"]["annotations"]) for one in found] == [
        (name, {"about": name}) for name in names
    ]
    assert {key for one in found for key in one} == {"apiVersion", "kind", "metadata"}


async def a_watch_sends_what_happened_after_the_list(api: ApiServer, namespace: str) -> None:
    labels = {"app": "watched"}
    await api.apply(note("before", namespace=namespace, labels=labels))
    items, version = await api.listing(CONFIG_MAP, namespace, "app=watched")
    assert [(one["kind"], one["metadata"]["name"]) for one in items] == [("ConfigMap", "before")]
    await api.apply(note("after", "a", namespace=namespace, labels=labels))
    await api.apply(note("other", namespace=namespace))
    await api.apply(note("after", "b", namespace=namespace, labels=labels))
    await api.apply(note("before", namespace=namespace))
    pairs = []
    async with aclosing(
        api.watch(CONFIG_MAP, namespace, "app=watched", version, stay=WatchLimits(seconds=20))
    ) as words:
        async for word in words:
            pairs.append((word.type, "" if word.type is WatchEventType.OPENED else word.manifest["metadata"]["name"]))
            if word.type is WatchEventType.DELETED:
                break
    assert pairs == [
        (WatchEventType.OPENED, ""),
        (WatchEventType.ADDED, "after"),
        (WatchEventType.MODIFIED, "after"),
        (WatchEventType.DELETED, "before"),
    ]


async def a_watch_ends_when_it_should(api: ApiServer, namespace: str) -> None:
    version = (await api.listing(CONFIG_MAP, namespace)).resource_version
    started = asyncio.get_running_loop().time()
    async with aclosing(api.watch(CONFIG_MAP, namespace, "", version, stay=WatchLimits(seconds=1))) as words:
        assert [word.type async for word in words if word.type is not WatchEventType.BOOKMARK] == [
            WatchEventType.OPENED
        ]
    assert 0.5 < asyncio.get_running_loop().time() - started < 5


async def a_status_cannot_be_applied_to_nothing(api: ApiServer, namespace: str) -> None:
    pod: Manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "nobody", "namespace": namespace}}
    with pytest.raises(NotFound, match=r'patch pods/status .*/nobody: 404: pods "nobody" not found'):
        await api.apply(pod | {"status": {"phase": "Running"}}, subresource="status")
    assert await api.read(POD, namespace, "nobody") is None


async def a_lease_keeps_what_was_written(api: ApiServer, namespace: str) -> None:
    spec = {"holderIdentity": "me", "leaseDurationSeconds": 15, "renewTime": "2026-01-01T00:00:00.000000Z"}
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
    await api.create(lease | {"metadata": {"name": "lead", "namespace": namespace}, "spec": spec})
    found = await api.read(LEASE, namespace, "lead")
    assert found is not None
    assert found["spec"] == spec


STORIES: Final[tuple[Story, ...]] = (
    what_is_not_there_is_nothing,
    the_same_apply_again_changes_nothing,
    an_apply_gives_up_what_it_no_longer_holds_and_leaves_what_others_own,
    a_field_of_another_manager_is_a_conflict_unless_forced,
    a_name_can_be_taken_once,
    a_replace_of_what_moved_is_a_conflict,
    only_the_very_object_is_removed,
    metadata_is_listed_in_pages_without_the_rest,
    a_watch_sends_what_happened_after_the_list,
    a_watch_ends_when_it_should,
    a_status_cannot_be_applied_to_nothing,
    a_lease_keeps_what_was_written,
)
QUICK_STORIES: Final = tuple(story for story in STORIES if story is not a_watch_ends_when_it_should)
"""All but the one that waits for a second, the shortest timeout that a server accepts."""
