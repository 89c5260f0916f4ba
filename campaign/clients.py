"""Clients of one lane on the node: a few streams at a time, each answer checked to its last word and timed.

A request may fail if what held it was killed, or if nothing served while it waited; any other failure counts as lost. A
stream that ends early without an error is cut in silence, which nothing excuses.
"""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from tests.node.streams import Question, StreamResult, client, stream_once

CLIENTS: Final = 3
LENGTHS: Final = (12, 40, 25)
PAUSE_S: Final = 0.2
GRACE_S: Final = 8.0
"""After a fault ended, until routers have noticed."""
SILENT: Final = ("finish None", "finish stop", "words")


@dataclass(frozen=True, slots=True)
class TimedResult:
    """One request and its times."""

    result: StreamResult
    began: float
    ended: float


@dataclass(slots=True)
class Excuse:
    """A period in which requests may fail."""

    since: float
    until: float = float("inf")


@dataclass(slots=True)
class Clients:
    """All clients of one lane."""

    address: str
    results: list[TimedResult] = field(default_factory=list)
    excuses: list[Excuse] = field(default_factory=list)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        """Send requests until `end`."""
        self._tasks = [asyncio.create_task(self._converse(place)) for place in range(CLIENTS)]

    async def end(self) -> None:
        """Cancel all, in flight or not."""
        for one in self._tasks:
            one.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def excused(self) -> None:
        """Excuse failures from now on, until `unexcused`."""
        if not self.excuses or self.excuses[-1].until < time.monotonic():
            self.excuses.append(Excuse(time.monotonic()))
        else:
            self.excuses[-1].until = float("inf")

    def unexcused(self) -> None:
        """End the excuse after a grace period."""
        if self.excuses and self.excuses[-1].until == float("inf"):
            self.excuses[-1].until = time.monotonic() + GRACE_S

    def harmed(self, since: float) -> Iterator[str]:
        """Requests that failed without excuse, and streams that were cut in silence."""
        for one in self.results:
            if one.ended < since or not one.result.flaw:
                continue
            if is_silent(one.result):
                yield f"cut in silence: {one.result.flaw}"
            elif not any(each.since <= one.ended and one.began <= each.until for each in self.excuses):
                yield f"lost: {one.result.flaw}"

    def count(self, since: float) -> int:
        """Requests that ended since then."""
        return sum(one.ended >= since for one in self.results)

    async def _converse(self, place: int) -> None:
        async with client(self.address) as openai:
            for turn in itertools.count():
                length = LENGTHS[(place + turn) % len(LENGTHS)]
                question = Question(number=place + turn * CLIENTS, tokens=length, streams=place != CLIENTS - 1)
                began = time.monotonic()
                result = await stream_once(openai, question)
                self.results.append(TimedResult(result, began, time.monotonic()))
                with contextlib.suppress(IndexError):
                    del self.results[: max(0, len(self.results) - 5000)]
                await asyncio.sleep(PAUSE_S)


def is_silent(result: StreamResult) -> bool:
    """Whether the client got neither an error nor the whole answer."""
    return "words, " in result.flaw and "finish None" in result.flaw
