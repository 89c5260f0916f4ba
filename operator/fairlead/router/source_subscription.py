"""Follows one source of pods for as long as the router lives, and another one when the configuration changes."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from fairlead.fleet.endpoints import EndpointsCallback
from fairlead.router.endpoint_sources import EndpointSource

log = logging.getLogger(__name__)

AGAIN_SECONDS: Final = 1.0


class SourceSubscription:
    """A source that fails is started again; until then its last list stays valid."""

    def __init__(self, source: Callable[[], EndpointSource | None], publish: EndpointsCallback) -> None:
        self._source = source
        self._publish = publish
        self._task = self._begun()

    def anew(self) -> None:
        """The configuration names another source."""
        self._task.cancel()
        self._task = self._begun()

    async def close(self) -> None:
        """Stop following."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    def _begun(self) -> "asyncio.Task[None]":
        return asyncio.create_task(self._follow(), name="pods")

    async def _follow(self) -> None:
        source = self._source()
        while source is not None:
            try:
                await source.follow(self._publish)
            except Exception:  # whatever fails, follow pods again: without them nothing is served
                log.exception("following pods failed; trying again in %g s", AGAIN_SECONDS)
            await asyncio.sleep(AGAIN_SECONDS)
            source = self._source()
