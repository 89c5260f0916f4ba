"""Follows one source in the cluster for as long as the router lives, or another when the configuration changes."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Generic, Protocol, TypeVar

log = logging.getLogger(__name__)

AGAIN_SECONDS: Final = 1.0


T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class ClusterSource(Protocol[T_co]):
    """A source that can be followed."""

    async def follow(self, publish: Callable[[T_co], None]) -> None:
        """Report its state now, and after each change, until cancelled."""


class SourceSubscription(Generic[T]):
    """A source that is restarted if it fails; until then what it published last stays valid."""

    def __init__(self, source: Callable[[], ClusterSource[T] | None], publish: Callable[[T], None]) -> None:
        self._source = source
        self._publish = publish
        self._task = self._begun()

    def anew(self) -> None:
        """Switch to the source now configured."""
        self._task.cancel()
        self._task = self._begun()

    def stop(self) -> None:
        """Stop following; `close` waits for the end."""
        self._task.cancel()

    async def close(self) -> None:
        """Stop following."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    def _begun(self) -> "asyncio.Task[None]":
        return asyncio.create_task(self._follow(), name="the cluster")

    async def _follow(self) -> None:
        source = self._source()
        while source is not None:
            try:
                await source.follow(self._publish)
            except Exception:  # whatever fails, follow it again: without pods nothing is served
                log.exception("following the cluster failed; trying again in %g s", AGAIN_SECONDS)
            await asyncio.sleep(AGAIN_SECONDS)
            source = self._source()
