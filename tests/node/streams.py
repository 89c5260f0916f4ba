"""Continuous traffic by the official client: many conversations at once, each answer checked to its last token.

A question knows the exact answer of a simulated engine, so a missing word counts as much as a missing answer. Nothing
is retried: what a client would have to repeat is a failure here.
"""

import asyncio
import itertools
import math
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import ClassVar, Final, Self

from openai import AsyncOpenAI

from tests.emulator import expected_replies
from tests.waiting import eventually

MODEL: Final = "chat"
NO_KEY: Final = "none"
"""The client requires one; routers without tenants ignore it."""
LENGTHS: Final = (12, 60, 25, 45)
"""Tokens of an answer, in turn: at 40 ms a token the longest runs for more than two seconds."""
CONTEXT_TOKENS: Final = 2048
"""More than any conversation here needs; the engines may have more."""
TIMEOUT_SECONDS: Final = 60.0
PAUSE_SECONDS: Final = 0.1
"""After a failure, so that a closed port is not hammered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request, and the answer that a simulated engine must give."""

    number: int
    tokens: int
    streams: bool
    LENGTHS: ClassVar[tuple[int, ...]] = LENGTHS
    TIMEOUT_S: ClassVar[float] = TIMEOUT_SECONDS
    """How long its client waits for the whole answer."""

    @property
    def content(self) -> str:
        """Different each time, so that no cache can answer."""
        return f"Tell me of voyage {self.number}"

    @property
    def answer(self) -> str:
        """The engine's answer to it."""
        texts = [{"role": "user", "content": self.content}]
        document = {"messages": texts, "max_tokens": self.tokens, "ignore_eos": True}
        return expected_replies.chat_text(document, context_tokens=CONTEXT_TOKENS)

    def flaw(self, text: str, finish: str | None, counted: int | None) -> str:
        """What is wrong with an answer that ended; empty when it is whole."""
        answer = self.answer
        if (text, finish, counted) == (answer, "length", self.tokens):
            return ""
        words = f"{len(text.split())} of {len(answer.split())} words"
        right = "the right ones" if answer.startswith(text) else "wrong ones"
        return f"{words}, {right}; finish {finish}, usage {counted}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamResult:
    """The outcome of one question."""

    question: Question
    seconds: float
    began: bool
    """Whether the first piece of the answer arrived."""
    flaw: str = ""
    ended: float = 0.0
    """When, by the monotonic clock."""

    @property
    def cut(self) -> bool:
        """A stream that began and is not whole."""
        return bool(self.flaw) and self.began and self.question.streams


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All requests, and everything wrong with the answers."""

    requests: int
    streams: int
    failed: tuple[str, ...]
    cut: tuple[str, ...]
    median_seconds: float
    longest_seconds: float

    @property
    def figures(self) -> dict[str, int]:
        """The figures that a claim adds up."""
        numbers = {"requests": self.requests, "streams": self.streams}
        return numbers | {"failed": len(self.failed), "cut": len(self.cut)}


def report(results: list[StreamResult]) -> Report:
    """Add up the results."""
    seconds = [one.seconds for one in results] or [0.0]
    return Report(
        requests=len(results),
        streams=sum(one.question.streams for one in results),
        failed=tuple(one.flaw for one in results if one.flaw and not one.cut),
        cut=tuple(one.flaw for one in results if one.cut),
        median_seconds=statistics.median(seconds),
        longest_seconds=max(seconds),
    )


class Traffic:
    """Conversations that go on during the block, in their own thread since tests wait for the cluster."""

    def __init__(
        self,
        *addresses: str,
        clients: int = 8,
        keys: Sequence[str] = (NO_KEY,),
        question: type[Question] = Question,
    ) -> None:
        self._question = question
        self._addresses = addresses
        self._keys = keys
        self._clients = clients
        self._results: list[StreamResult] = []
        self.began = math.inf
        """When the first question was about to be sent, by the monotonic clock; creating clients takes a while."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()), name="traffic", daemon=True)

    def __enter__(self) -> Self:
        """Returns once every conversation had an answer; where one has none, the traffic ends at once."""
        self._thread.start()
        try:
            self.goes_on(self._clients)
        except AssertionError:
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        """Sends no new question, and waits for the answers in progress."""
        self._end()

    def goes_on(self, answers: int = 16) -> None:
        """Wait for this many more answers: requests have met what just changed."""
        seen = len(self._results)
        within = self._question.TIMEOUT_S
        eventually(lambda: len(self._results) >= seen + answers, f"{answers} more answers", within)

    @property
    def results(self) -> list[StreamResult]:
        """The outcomes so far."""
        return list(self._results)

    @property
    def report(self) -> Report:
        """The report so far."""
        return report(self.results)

    def _end(self) -> None:
        self._stop.set()
        self._thread.join()

    async def _all(self) -> None:
        """Spread conversations over the addresses and the keys."""
        async with AsyncExitStack() as opened:
            timeout_s = self._question.TIMEOUT_S
            connections = [client(address, key, timeout_s) for address in self._addresses for key in self._keys]
            clients = [await opened.enter_async_context(one) for one in connections]
            places = range(self._clients)
            self.began = time.monotonic()
            await asyncio.gather(*(self._converse(clients[place % len(clients)], place) for place in places))

    async def _converse(self, openai: AsyncOpenAI, place: int) -> None:
        """Hold one conversation; every third client requests its answers whole."""
        for turn in itertools.takewhile(lambda _: not self._stop.is_set(), itertools.count()):
            question = self._question(
                number=place + turn * self._clients,
                tokens=self._question.LENGTHS[(place + turn) % len(self._question.LENGTHS)],
                streams=place % 3 != 2,
            )
            result = await stream_once(openai, question)
            self._results.append(result)
            await asyncio.sleep(PAUSE_SECONDS if result.flaw else 0)


def client(address: str, key: str = NO_KEY, timeout_s: float = TIMEOUT_SECONDS) -> AsyncOpenAI:
    """The official client, without its retries."""
    return AsyncOpenAI(base_url=f"http://{address}/v1", api_key=key, max_retries=0, timeout=timeout_s)


async def stream_once(
    openai: AsyncOpenAI, question: Question, began: Callable[[], None] = lambda: None
) -> StreamResult:
    """Send one question and check the answer; `began` is called at its first piece."""
    started = time.monotonic()
    received = Receiving(question, began)
    try:
        await (received.stream(openai) if question.streams else received.whole(openai))
        flaw = received.flaw()
    except Exception as problem:  # noqa: BLE001  # any failure of a client is reported
        flaw = f"{type(problem).__name__}: {problem}"
    ended = time.monotonic()
    seconds = ended - started
    text = f"question {question.number} after {seconds:.1f} s: {flaw}" if flaw else ""
    return StreamResult(question=question, seconds=seconds, began=bool(received.text), flaw=text, ended=ended)


class Receiving:
    """One answer as it arrives."""

    def __init__(self, question: Question, began: Callable[[], None]) -> None:
        self._question = question
        self._began = began
        self.text = ""
        self._finish: str | None = None
        self._counted: int | None = None

    def flaw(self) -> str:
        """What is wrong with the answer now that it ended; empty when it is whole."""
        return self._question.flaw(self.text, self._finish, self._counted)

    async def stream(self, openai: AsyncOpenAI) -> None:
        """Read to the usage, which comes after the last token and so marks the end."""
        chunks = await openai.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": self._question.content}],
            max_tokens=self._question.tokens,
            extra_body={"ignore_eos": True},
            stream=True,
            stream_options={"include_usage": True},
        )
        async for chunk in chunks:
            self._counted = chunk.usage.completion_tokens if chunk.usage else self._counted
            for choice in chunk.choices:
                self._receive(choice.delta.content or "", choice.finish_reason)

    async def whole(self, openai: AsyncOpenAI) -> None:
        """The same without streaming."""
        answer = await openai.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": self._question.content}],
            max_tokens=self._question.tokens,
            extra_body={"ignore_eos": True},
        )
        self._counted = answer.usage.completion_tokens if answer.usage else None
        self._receive(answer.choices[0].message.content or "", answer.choices[0].finish_reason)

    def _receive(self, piece: str, finish: str | None) -> None:
        if piece and not self.text:
            self._began()
        self.text += piece
        self._finish = finish or self._finish
