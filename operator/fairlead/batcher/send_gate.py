"""Where requests wait until the window lets them be sent: first come, first served, and closed at the end of a run."""

import asyncio
from collections import deque

from fairlead.batching.send_window import SendWindow


class SendGate:
    """The gate of one run; whoever passed it must report to the window and call `advance`."""

    def __init__(self, window: SendWindow) -> None:
        self.window = window
        self._waiting: deque[asyncio.Future[int | None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    async def enter(self) -> int | None:
        """Wait for a place; return the round of the window, or None if the gate is closed."""
        if self._closed:
            return None
        place: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        self.advance()
        return await place

    def advance(self) -> None:
        """Let those pass that may be sent now, and the others later."""
        loop = asyncio.get_running_loop()
        now = loop.time()  # once: between two readings the pause may end, and then no timer would
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting and self.window.may_send(now):
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(self.window.sent())
        if self._waiting and self.window.resume_at > now:
            self._timer = loop.call_at(self.window.resume_at, self.advance)

    def close(self) -> None:
        """Let no more pass."""
        self._closed = True
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
        self.advance()
