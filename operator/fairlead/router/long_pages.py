"""Pages that take too long to be made at once: one at a time, in slices between which requests are served."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from fairlead.fleet.light_dataclass import light

log = logging.getLogger(__name__)

SLICE: Final = 32
"""Pieces at a time: as many rows of usage block the loop for 2 ms."""

MadeCallback = Callable[[bytes | None], None]
WantedCallback = Callable[[], bool]


@light
class LongPage:
    """A page before it is made."""

    pieces: Iterator[str]
    """Made as they are read."""
    content_type: bytes


class LongPages:
    """The pages of one router; used inside its loop."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Iterator[str], MadeCallback, WantedCallback]] = deque()
        """The first is being made."""
        self._made: list[bytes] = []

    def make(self, page: LongPage, made: MadeCallback, wanted: WantedCallback) -> None:
        """Make the page while it is wanted, and call back with it; with None after a bug of the router."""
        self._waiting.append((page.pieces, made, wanted))
        if len(self._waiting) == 1:
            self._go_on()

    def _go_on(self) -> None:
        asyncio.get_running_loop().call_soon(self._slice)

    def _slice(self) -> None:
        pieces, made, wanted = self._waiting[0]
        if not wanted():
            self._end()
            return
        found: list[str] | None = None
        try:
            found = list(islice(pieces, SLICE))
        except Exception:
            log.exception("internal error: a page was not made; please report it")
        if found is not None:
            self._made.append("".join(found).encode())
        if found is not None and len(found) == SLICE:
            self._go_on()
            return
        body = b"".join(self._made)
        self._end()  # whatever becomes of this page
        made(None if found is None else body)

    def _end(self) -> None:
        """Go on with the page after this one."""
        self._made = []
        self._waiting.popleft()
        if self._waiting:
            self._go_on()
