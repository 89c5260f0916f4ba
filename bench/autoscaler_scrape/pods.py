"""`python -m bench.autoscaler_scrape.pods PAGE HOST FIRST COUNT`: COUNT pods in one process; each answer is one write.

They answer as vLLM does: chunked, keep-alive, closed after five idle seconds. One pod in a hundred is slow.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Final, cast

import uvloop

from bench.autoscaler_scrape.pages import Page

HEAD: Final = (
    b"HTTP/1.1 200 OK\r\ndate: Fri, 20 Nov 2026 08:00:00 GMT\r\nserver: uvicorn\r\n"
    b"content-type: text/plain; version=0.0.4; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
)
IDLE_SECONDS: Final = 5.0
SLOW_ONE_IN: Final = 100
SLOW_SECONDS: Final = 0.5


class Answers:
    """What all pods of this process currently answer."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._began = time.monotonic()
        self.now = b""
        self.renew()

    def renew(self) -> None:
        """Build this second's answer."""
        page = self._page.at(1000.0 + time.monotonic() - self._began)
        self.now = b"%b%x\r\n%b\r\n0\r\n\r\n" % (HEAD, len(page), page)
        asyncio.get_running_loop().call_later(1.0, self.renew)


class Pod(asyncio.Protocol):
    """One connection to a pod."""

    def __init__(self, answers: Answers, *, slow: bool) -> None:
        self._answers = answers
        self._slow = slow
        self._transport: asyncio.Transport | None = None
        self._idle: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer a request; it arrives in one piece."""
        if not data.endswith(b"\r\n\r\n"):
            return
        if self._slow:
            asyncio.get_running_loop().call_later(SLOW_SECONDS, self._answer)
        else:
            self._answer()

    def _answer(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(self._answers.now)
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._transport.close)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the interface's
        """Stop the idle timer."""
        self._transport = None
        if self._idle is not None:
            self._idle.cancel()


async def serve(page: bytes, host: str, first: int, count: int) -> None:
    """Serve until the process ends."""
    loop = asyncio.get_running_loop()
    answers = Answers(Page(page))
    for number in range(count):
        slow = number % SLOW_ONE_IN == 0
        await loop.create_server(lambda slow=slow: Pod(answers, slow=slow), host, first + number)  # type: ignore[misc]
    print("ready", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Started by the benchmark."""
    page, host, first, count = sys.argv[1:]
    uvloop.run(serve(Path(page).read_bytes(), host, int(first), int(count)))


if __name__ == "__main__":
    main()
