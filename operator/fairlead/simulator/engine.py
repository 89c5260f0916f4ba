"""The engine itself: who runs, who waits, and when the next token is due. Knows no HTTP.

Each request keeps a pace of its own, however many others run: a faithful clock of a shared batch comes later.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import ceil

from fairlead.simulator import refused, text
from fairlead.simulator.asked import Asked
from fairlead.simulator.command import BLOCK_TOKENS, Served
from fairlead.simulator.pretence import Fault, Pretence
from fairlead.simulator.tally import Now, Tally


class Cut(Exception):
    """The connection is to be dropped now, in the middle of an answer."""


@dataclass(slots=True, eq=False)
class Run:
    """One request from its admission to its end."""

    asked: Asked
    arrived: float
    generated: int = 0

    @property
    def blocks(self) -> int:
        """Pages of the KV cache it holds."""
        return ceil((self.asked.prompt_tokens + self.generated) / BLOCK_TOKENS)


class Engine:
    """Takes requests in until told to drain; `idle` is set while nobody is inside."""

    def __init__(self, served: Served, pretence: Pretence) -> None:
        self.served = served
        self.pretence = pretence
        self.tally = Tally()
        self.answered = 0
        self.draining = False
        self.idle = asyncio.Event()
        self.idle.set()
        self._inside: set[Run] = set()
        self._running: set[Run] = set()
        self._seats = asyncio.Semaphore(served.max_sequences)
        self._died = asyncio.Event()

    @property
    def now(self) -> Now:
        """The gauges of a scrape."""
        used = sum(run.blocks for run in self._running)
        return Now(running=len(self._running), waiting=len(self._inside) - len(self._running), blocks_used=used)

    def drain(self) -> None:
        """Take nobody in any more; who is inside goes on."""
        self.draining = True

    def die(self) -> None:
        """End below the requests that still run: each gets an error instead of its next token."""
        self._died.set()

    @contextmanager
    def admitted(self, asked: Asked) -> Iterator[Run]:
        """Inside until the block ends, however it ends; `Refused` when nobody more is taken."""
        self._refuse()
        run = Run(asked, asyncio.get_running_loop().time())
        self._inside.add(run)
        self.idle.clear()
        try:
            yield run
        finally:
            self._inside.remove(run)
            if not self._inside:
                self.idle.set()

    def _refuse(self) -> None:
        if self.draining:
            raise refused.draining()
        if self._faulty(Fault.ERRORS):
            raise refused.out_of_order()
        if self.served.max_unfinished is not None and len(self._inside) >= self.served.max_unfinished:
            self.tally.rejected += 1
            raise refused.busy()

    async def tokens(self, run: Run) -> AsyncGenerator[tuple[str, str | None], None]:
        """Each token when it is due; the last with the reason for the end. Close it when it is not read to the end."""
        async with self._seats:
            self._running.add(run)
            try:
                self._scheduled(run)
                async for piece in self._paced(run):
                    yield piece
            finally:
                self._running.remove(run)

    async def _paced(self, run: Run) -> AsyncGenerator[tuple[str, str | None], None]:
        """Due times are counted from the start, so that a late wake-up delays one token and not all that follow."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        words = text.tokens(run.asked)
        for index, word in enumerate(words):
            due = begun + self.pretence.first_token_seconds + index * self.pretence.token_seconds
            await self._until(due)
            await self._misbehave(index)
            self._generated(run, loop.time())
            last = index == len(words) - 1
            if last:
                self._finished(run, loop.time())
            yield word, text.finish_reason(run.asked) if last else None

    async def _until(self, due: float) -> None:
        """Sleep, but not beyond the engine's end."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(due):
                await self._died.wait()

    async def _misbehave(self, index: int) -> None:
        if self._faulty(Fault.NO_TOKENS):
            await self._died.wait()
        if self._died.is_set():
            self.tally.finished["abort"] += 1
            raise refused.dead()
        if index == 2 and self._faulty(Fault.CUT_STREAM):
            raise Cut

    def _faulty(self, fault: Fault) -> bool:
        return self.pretence.shows(fault, self.answered)

    def _scheduled(self, run: Run) -> None:
        self.tally.queue.add(asyncio.get_running_loop().time() - run.arrived)
        self.tally.prefix_queries += run.asked.prompt_tokens

    def _generated(self, run: Run, now: float) -> None:
        """Prompt tokens count at the first output, as vLLM counts them."""
        if run.generated == 0:
            self.tally.prompt_tokens += run.asked.prompt_tokens
            self.tally.time_to_first_token.add(now - run.arrived)
        else:
            self.tally.inter_token.add(self.pretence.token_seconds)
        self.tally.generation_tokens += 1
        run.generated += 1

    def _finished(self, run: Run, now: float) -> None:
        self.answered += 1
        self.tally.finished[text.finish_reason(run.asked)] += 1
        self.tally.end_to_end.add(now - run.arrived)
