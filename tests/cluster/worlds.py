"""Helpers for this folder's tests: a loop, manifests, a running informer, and limits short enough for a test."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.informer import Informer
from fairlead.cluster.kinds import CONFIG_MAP, Manifest
from fairlead.cluster.watch_scope import InformerTimings, WatchScope
from tests.cluster.fake_api import FakeApi

QUICK: Final = InformerTimings(stay_s=(20, 30), silence_s=0.15, least_s=0.01, max_s=0.03)
"""For tests of silent watches."""

IN_USE: Final = InformerTimings(stay_s=(20, 30), silence_s=5, least_s=0.01, max_s=0.03)

DICE: Final = random.Random(7)  # noqa: S311  # waiting times, no secrets

Seen = list[tuple[str, str]]
"""What listeners received: the kind of change, and the object's version."""


def run(story: Coroutine[Any, Any, None]) -> None:
    """Run a test to its end, or fail after ten seconds."""

    async def bounded() -> None:
        async with asyncio.timeout(10):
            await story

    asyncio.run(bounded())


def note(name: str, value: str = "a", namespace: str = "serving", **metadata: object) -> Manifest:
    """A ConfigMap with this value."""
    named = {"name": name, "namespace": namespace} | metadata
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": named, "data": {"said": value}}


def text_of(manifest: Manifest | None) -> str:
    """The value of a ConfigMap."""
    return "nothing" if manifest is None else str(manifest["data"]["said"])


async def until(read: Callable[[], object]) -> None:
    """Wait until something is true; the test's own time limit ends the wait otherwise."""
    while not read():
        await asyncio.sleep(0.002)


class Following:
    """A running informer of ConfigMaps, and the changes that it reported."""

    def __init__(self, api: ApiServer, watched: WatchScope, timings: InformerTimings) -> None:
        self.changes: Seen = []
        self.informer = Informer(api, watched, self._record, rng=DICE, timings=timings)

    def texts(self) -> dict[str, str]:
        """Every object and its value."""
        return {one["metadata"]["name"]: text_of(one) for one in self.informer.store.all()}

    async def holds(self, **texts: str) -> None:
        """Wait until the store holds exactly these."""
        await until(lambda: self.texts() == texts)

    def _record(self, old: Manifest | None, new: Manifest | None) -> None:
        what = "came" if old is None else "went" if new is None else "changed"
        either = new or old or {}
        self.changes.append((what, f"{either['metadata']['name']}={text_of(either)}"))


@asynccontextmanager
async def following(
    fake: FakeApi, *namespaces: str, selector: str = "", timings: InformerTimings = QUICK
) -> AsyncIterator[Following]:
    """A fake API server and an informer that follows it."""
    async with fake.connected() as connection:
        watched = WatchScope(resource=CONFIG_MAP, namespaces=namespaces, selector=selector)
        made = Following(ApiServer(connection), watched, timings)
        running = asyncio.create_task(made.informer.run())
        try:
            yield made
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
