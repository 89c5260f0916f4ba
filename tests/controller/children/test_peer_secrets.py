"""Routers' keys: created beside their ConfigMap, renewed once a month; foreign Secrets are not touched."""

import asyncio
import base64
import logging
from datetime import datetime, timedelta
from typing import Final

import pytest

from fairlead.cluster import kinds, store
from fairlead.cluster.fencing import NotLeading
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.cluster.store import ObjectStore
from fairlead.controller.children import peer_secrets
from fairlead.controller.children.peer_secrets import FAILED_S, LEAVING_S, READ_EVERY_S, PeerSecrets
from fairlead.objects import peer_secret
from tests.controller.pretend import Pretend, deployment
from tests.controller.server import PretendServer

SECRET: Final = (kinds.SECRET.title, "default", "chat-router-peers")


class Story:
    """A deployment with routers, and an operator that keeps their keys."""

    def __init__(self) -> None:
        self.world = Pretend()
        self.world.apply(deployment())
        self.world.settle()
        self.world.server.writes.clear()
        self.now = self.world.now
        self.keeper = PeerSecrets(self.world.server, self.world.world, self._clock)

    def keep(self, after: timedelta = timedelta(0)) -> None:
        """Reconcile once, this much later."""
        self.now += after
        asyncio.run(self.keeper.keep())

    @property
    def live(self) -> Manifest | None:
        return self.world.objects.held.get(SECRET)

    def exists(self) -> bool:
        return self.live is not None

    @property
    def keys(self) -> dict[str, str]:
        assert self.live is not None
        found: dict[str, str] = self.live["data"]
        return found

    @property
    def writes(self) -> int:
        return len(self.world.server.writes)

    def _clock(self) -> datetime:
        return self.now


def test_routers_get_a_key_that_goes_with_their_owner() -> None:
    story = Story()
    story.keep()
    assert story.live is not None
    metadata = story.live["metadata"]
    config_map = story.world.objects.held[(kinds.CONFIG_MAP.title, "default", "chat-router")]
    assert metadata["ownerReferences"] == config_map["metadata"]["ownerReferences"]
    assert metadata["labels"] == config_map["metadata"]["labels"]
    assert list(story.keys) == ["current"]
    assert len(base64.b64decode(story.keys["current"])) == peer_secret.KEY_BYTES


def test_a_secret_that_is_up_to_date_is_not_written_again() -> None:
    story = Story()
    for _ in range(5):
        story.keep(timedelta(seconds=READ_EVERY_S))
    assert story.writes == 1


def test_after_a_month_a_new_key_comes_and_the_old_one_stays_beside_it() -> None:
    story = Story()
    story.keep()
    first = story.keys["current"]
    story.keep(peer_secret.KEPT)
    second = story.keys["current"]
    assert (second != first, story.keys["previous"]) == (True, first)
    story.keep(peer_secret.KEPT)
    assert (story.keys["previous"], story.writes) == (second, 3)


def test_a_secret_that_was_removed_is_made_again_within_ten_minutes() -> None:
    story = Story()
    story.keep()
    del story.world.objects.held[SECRET]
    story.keep(timedelta(seconds=READ_EVERY_S - 1))
    assert story.live is None
    story.keep(timedelta(seconds=1))
    assert story.live is not None


@pytest.mark.parametrize(
    "data", [{}, {"current": "?"}, {"current": "no base64"}, {"current": base64.b64encode(b"short").decode()}]
)
@pytest.mark.parametrize("renewed", ["2026-11-20T12:00:00+00:00", "2026-11-20T12:00:00", "whenever"])
def test_a_useless_key_is_replaced(data: dict[str, str], renewed: str) -> None:
    story = Story()
    story.keep()
    assert story.live is not None
    story.live["data"] = data
    story.live["metadata"]["annotations"][peer_secret.RENEWED] = renewed
    story.keep(timedelta(seconds=READ_EVERY_S))
    assert len(base64.b64decode(story.keys["current"])) == peer_secret.KEY_BYTES


def test_a_foreign_secret_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    story = Story()
    theirs = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET[2], "namespace": "default"}}
    story.world.objects.put(kinds.SECRET, theirs)
    with caplog.at_level(logging.WARNING):
        story.keep()
    assert story.writes == 0
    assert "Secret default/chat-router-peers is not Fairlead's" in caplog.text


def test_after_an_object_was_created_anew_its_routers_get_a_key_as_soon_as_the_old_secret_is_gone() -> None:
    """kubectl replace --force: the garbage collector removes the old object's Secret a moment later."""
    story = Story()
    story.keep()
    assert story.live is not None
    (owner,) = story.live["metadata"]["ownerReferences"]
    story.live["metadata"]["ownerReferences"] = [owner | {"uid": "of the object before"}]
    story.keep(timedelta(seconds=READ_EVERY_S))
    assert story.writes == 1
    del story.world.objects.held[SECRET]
    story.keep(timedelta(seconds=LEAVING_S))
    assert story.exists()


def test_a_configuration_that_was_orphaned_on_purpose_gets_no_key_and_stops_no_others() -> None:
    """kubectl delete --cascade=orphan, and a copy that a user made."""
    story = Story()
    orphan = story.world.objects.held[(kinds.CONFIG_MAP.title, "default", "chat-router")]
    bare = {key: text for key, text in orphan["metadata"].items() if key not in ("ownerReferences", "uid")}
    story.world.objects.put(kinds.CONFIG_MAP, orphan | {"metadata": bare | {"name": "a-copy"}})
    story.world.world.receive()
    story.keep()
    assert (story.writes, story.exists()) == (1, True)


def test_a_bug_that_one_object_brings_to_light_costs_no_other_its_key(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    story, read = Story(), PretendServer.read
    story.world.apply(deployment("code"))
    story.world.settle("code")

    async def broken(server: PretendServer, resource: Resource, namespace: str, name: str) -> Manifest | None:
        if name == SECRET[2]:
            raise KeyError("bug")
        return await read(server, resource, namespace, name)

    monkeypatch.setattr(PretendServer, "read", broken)
    story.keep()
    assert [name for kind, _, name in story.world.objects.held if kind == SECRET[0]] == ["code-router-peers"]
    assert "ConfigMap default/chat-router: an internal error of Fairlead; please report it" in caplog.text


@pytest.mark.parametrize("verb", ["get", "patch"])
def test_a_missing_right_is_logged_and_the_secret_is_written_once_it_is_granted(
    verb: str, caplog: pytest.LogCaptureFixture
) -> None:
    story = Story()
    story.world.server.faults.forbidden = frozenset({(verb, kinds.SECRET.title)})
    with caplog.at_level(logging.WARNING):
        story.keep()
    assert "routers do not report to each other" in caplog.text
    story.world.server.faults.forbidden = frozenset()
    story.keep(timedelta(seconds=FAILED_S))
    assert story.live is not None


def test_one_that_leads_no_more_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    story = Story()

    async def refuse(manifest: Manifest, **_: object) -> Manifest:
        raise NotLeading(manifest["kind"])

    monkeypatch.setattr(story.world.server, "apply", refuse)
    story.keep()
    assert story.live is None


def test_configurations_of_other_kinds_and_releases_want_none() -> None:
    story = Story()
    story.keep()
    where = (kinds.CONFIG_MAP.title, "default", "chat-router")
    config_map = story.world.objects.held[where]
    metadata = config_map["metadata"]
    older = config_map | {"data": {"router.json": "{}"}}
    leaving = config_map | {"metadata": metadata | {"deletionTimestamp": "2026-11-20T12:00:00Z"}}
    other = config_map | {"metadata": metadata | {"labels": {}}}
    bare = {"metadata": metadata}
    assert [peer_secret.is_wanted(one) for one in (config_map, older, leaving, other, bare)] == [True] + [False] * 4


def _config_map(story: Story) -> Manifest:
    found = story.world.world.of(kinds.CONFIG_MAP).find("default", "chat-router")
    assert found is not None
    return found


def _note(story: Story, version: int, data: dict[str, str]) -> None:
    """The watch brings a later version."""
    found = _config_map(story)
    metadata = found["metadata"] | {"resourceVersion": str(store.version_of(found) + version)}
    story.world.world.note(found | {"metadata": metadata, "data": data})


def test_a_configuration_is_kept_a_key_as_long_as_it_wants_one_and_at_once_when_it_does_again() -> None:
    story = Story()
    story.keep()
    wanting = _config_map(story)["data"]
    del story.world.objects.held[SECRET]
    _note(story, 1, {})
    story.keep(timedelta(seconds=READ_EVERY_S))
    assert not story.exists()
    _note(story, 2, wanting)
    story.keep()
    assert story.exists()


def test_a_deleted_config_map_is_forgotten() -> None:
    story = Story()
    story.keep()
    del story.world.objects.held[SECRET]
    story.world.world.gone(_config_map(story))
    story.keep(timedelta(seconds=READ_EVERY_S))
    assert not story.exists()


def test_a_clock_that_is_set_back_delays_no_check() -> None:
    story = Story()
    story.keep()
    del story.world.objects.held[SECRET]
    story.keep(timedelta(days=-1))
    assert story.exists()


def test_while_no_config_map_changes_and_none_is_due_they_are_not_gone_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = Story()
    story.keep()
    monkeypatch.setattr(ObjectStore, "each", lambda _: pytest.fail("gone through at rest"))
    for _ in range(5):
        story.keep(timedelta(seconds=2))
    assert story.writes == 1


def test_the_secrets_are_checked_again_at_every_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    story = Story()
    monkeypatch.setattr(peer_secrets, "EVERY_S", 0.001)

    async def follow() -> None:
        following = asyncio.create_task(story.keeper.follow())
        while not story.exists():
            await asyncio.sleep(0.001)
        del story.world.objects.held[SECRET]
        story.now += timedelta(seconds=READ_EVERY_S)
        while not story.exists():
            await asyncio.sleep(0.001)
        following.cancel()

    asyncio.run(asyncio.wait_for(follow(), 60))
    assert story.exists(), "a deleted Secret is written again"
