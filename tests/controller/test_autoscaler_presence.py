"""Separate autoscalers, by the Leases that they renew."""

import asyncio

import pytest

from fairlead.cluster.api_errors import ApiRequest, Unreachable
from fairlead.cluster.api_server import ObjectList
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.controller import autoscaler_presence
from fairlead.controller.autoscaler_presence import SILENT_S, AutoscalerPresence


class Leases:
    """The Leases of autoscalers, by name."""

    def __init__(self) -> None:
        self.held: dict[str, int] = {}
        self.fails = False
        self.selectors: set[tuple[str | None, str]] = set()

    async def listing(self, resource: Resource, namespace: str | None = None, selector: str = "") -> ObjectList:
        """List them."""
        self.selectors.add((namespace, selector))
        if self.fails:
            raise Unreachable(ApiRequest(verb="list", resource=resource, namespace=namespace), 0, {})
        return ObjectList([_lease(name, version) for name, version in self.held.items()], "1")

    def renew(self, name: str) -> None:
        """A member renews its own."""
        self.held[name] = self.held.get(name, 0) + 1


def _lease(name: str, version: int) -> Manifest:
    return {"metadata": {"name": name, "uid": f"uid-{name}", "resourceVersion": str(version)}}


class Story:
    """A leader that looks at them."""

    def __init__(self) -> None:
        self.leases = Leases()
        self.presence = AutoscalerPresence(self.leases, "fairlead-system")
        self.now = 1000.0

    def silent(self, after: float = 0.0) -> bool:
        """Look so much later."""
        self.now += after
        asyncio.run(self.presence.read(self.now))
        return self.presence.is_silent


def test_members_that_renew_decide() -> None:
    story = Story()
    for _ in range(20):
        story.leases.renew("one")
        assert not story.silent(10)
    assert story.leases.selectors == {("fairlead-system", "app.kubernetes.io/component=autoscaler-member")}


def test_after_a_minute_without_a_renewal_none_does_until_one_renews() -> None:
    story = Story()
    story.leases.renew("one")
    assert not story.silent()
    assert not story.silent(SILENT_S - 1)
    assert story.silent(1)
    story.leases.renew("two")
    assert not story.silent(10)


def test_one_of_several_is_enough() -> None:
    story = Story()
    story.leases.renew("dead")
    for _ in range(12):
        story.leases.renew("alive")
        assert not story.silent(10)


def test_where_none_has_ever_been_the_first_has_a_minute_to_come() -> None:
    story = Story()
    assert not story.silent()
    assert not story.silent(SILENT_S - 1)
    assert story.silent(1)


def test_a_dead_members_lease_that_is_removed_is_no_renewal() -> None:
    story = Story()
    story.leases.renew("dead")
    story.silent()
    story.leases.held.clear()
    assert not story.silent(SILENT_S - 1)
    assert story.silent(1)


def test_without_an_answer_the_last_one_stands() -> None:
    """The right may be missing, or the API server down."""
    story = Story()
    story.leases.fails = True
    assert not story.silent()
    assert not story.silent(10 * SILENT_S)
    story.leases.fails = False
    assert not story.silent()
    assert story.silent(SILENT_S)
    story.leases.fails = True
    assert story.silent(SILENT_S)


def test_a_change_is_announced_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autoscaler_presence, "EVERY_S", 0.001)
    monkeypatch.setattr(autoscaler_presence, "SILENT_S", 0.02)
    story, changes = Story(), 0

    async def follow() -> None:
        def changed() -> None:
            nonlocal changes
            changes += 1

        task = asyncio.create_task(story.presence.follow(changed))
        while not changes:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.05)
        assert (changes, story.presence.is_silent) == (1, True)
        story.leases.renew("one")
        while changes == 1:
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(asyncio.wait_for(follow(), 20))


def test_beside_an_autoscaler_in_this_process_nothing_is_read() -> None:
    presence = AutoscalerPresence()
    asyncio.run(presence.follow(lambda: pytest.fail("no change")))
    assert not presence.is_silent
