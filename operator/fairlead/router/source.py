"""Where a router learns which engines there are: the words of it, and the plainest source, a list."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One engine as its source sees it, before anybody asked it anything."""

    pod: str
    address: str
    """Host and port."""
    ready: bool = True
    ending: bool = False
    """It is being deleted: what runs there may finish, nothing new goes there."""


Tell = Callable[[tuple[Seen, ...]], None]
"""Told the whole list whenever it changes; the first time means that the source is complete."""


class EndpointSource(Protocol):
    """Somebody who knows the engines."""

    async def follow(self, tell: Tell) -> None:
        """Tell until cancelled."""


class Listed:
    """Engines somebody wrote down: always there, always called ready; probes find out the rest."""

    def __init__(self, addresses: tuple[str, ...]) -> None:
        self._seen = tuple(Seen(pod=address, address=address) for address in addresses)

    async def follow(self, tell: Tell) -> None:
        """Tell once; the list changes only with the file it stands in."""
        tell(self._seen)
        await asyncio.Event().wait()
