"""Sends the prefixes of all engines to a router that starts or was cut off, a few datagrams at a time.

Blocks go out in order of use, the oldest first, so that the receiver forgets them in the same order.
"""

from collections.abc import Iterator
from typing import Final

from fairlead.routing.peers import reports
from fairlead.routing.peers.shared_engines import SharedEngines

MAX_WAITING: Final = 16
"""Routers that wait for their turn; each repeats its request."""


class CatchUps:
    """Routers that want to catch up, one after the other."""

    def __init__(self, engines: SharedEngines) -> None:
        self._engines = engines
        self._waiting: dict[int, bool] = {}
        """Receivers, and whether they have nothing yet."""
        self._receiver = 0
        self._contents: Iterator[bytes] | None = None

    def add(self, receiver: int, *, whole: bool) -> None:
        """Queue this router; one that is being served continues with what it gets."""
        is_served = self._contents is not None and receiver == self._receiver
        if not is_served and len(self._waiting) < MAX_WAITING:
            self._waiting[receiver] = whole

    def next(self) -> Iterator[tuple[int, bytes | None]]:
        """Yield the next contents with their receiver; None marks the end."""
        for _ in range(reports.AT_ONCE):
            if self._contents is None:
                if not self._waiting:
                    return
                self._receiver = next(iter(self._waiting))
                self._contents = self._all(whole=self._waiting.pop(self._receiver))
            content = next(self._contents, None)
            if content is None:
                self._contents = None
            yield self._receiver, content

    def _all(self, *, whole: bool) -> Iterator[bytes]:
        """Yield all blocks, or only the half used last for a router that has its own."""
        for engine, blocks in self._engines.held():
            wanted = blocks if whole else blocks[len(blocks) // 2 :]
            for at in range(0, len(wanted), reports.MAX_BLOCKS):
                # A receiver takes the first block of a report for the one used last.
                yield from reports.contents((), {engine: wanted[at : at + reports.MAX_BLOCKS][::-1]})
