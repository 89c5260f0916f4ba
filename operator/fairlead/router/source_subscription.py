"""One source of pods, followed for as long as the router lives, and changed for another when the file names another."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from fairlead.router.endpoint_sources import EndpointsCallback, EndpointSource

log = logging.getLogger(__name__)

AGAIN_SECONDS: Final = 1.0


class SourceSubscription:
    """A source that fails is begun anew; until then what it told last stays true."""

    def __init__(self, source: Callable[[], EndpointSource | None], tell: EndpointsCallback) -> None:
        self._source = source
        self._tell = tell
        self._task = self._begun()

    def anew(self) -> None:
        """The configuration names another place."""
        self._task.cancel()
        self._task = self._begun()

    async def close(self) -> None:
        """Follow no more."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    def _begun(self) -> "asyncio.Task[None]":
        return asyncio.create_task(self._follow(), name="pods")

    async def _follow(self) -> None:
        source = self._source()
        while source is not None:
            try:
                await source.follow(self._tell)
            except Exception:  # whatever the cluster answers, pods are followed again: without them nothing is served
                log.exception("following pods failed; trying again in %g s", AGAIN_SECONDS)
            await asyncio.sleep(AGAIN_SECONDS)
            source = self._source()
