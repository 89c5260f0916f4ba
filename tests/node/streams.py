"""Continuous traffic by the official client: many conversations at once, each answer checked to its last token.

A question knows what must be said to it, by a simulated engine to the letter, so an answer that lacks a word counts as
much as one that never came. Nothing is tried a second time: what a client would have to repeat is a failure here.
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
"""The client insists on one; routers without tenants do not look at it."""
LENGTHS: Final = (12, 60, 25, 45)
"""Tokens of an answer, in turn: at 40 ms a token the longest runs for more than two seconds."""
CONTEXT_TOKENS: Final = 2048
"""More than any conversation here has; the engines may have more."""
TIMEOUT_SECONDS: Final = 60.0
PAUSE_SECONDS: Final = 0.1
"""After a failure: a door that is shut is not battered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request, and what must come back from a simulated engine."""

    number: int
    tokens: int
    streams: bool
    LENGTHS: ClassVar[tuple[int, ...]] = LENGTHS
    TIMEOUT_S: ClassVar[float] = TIMEOUT_SECONDS
    """How long its client waits for the whole answer."""

    @property
    def content(self) -> str:
        """Different each time, so that no cache could answer."""
        return f"Tell me of voyage {self.number}"

    @property
    def answer(self) -> str:
        """What the engine says to it."""
        texts = [{"role": "user", "content": self.content}]
        document = {"messages": texts, "max_tokens": self.tokens, "ignore_eos": True}
        return expected_replies.chat_text(document, context_tokens=CONTEXT_TOKENS)

    def flaw(self, text: str, finish: str | None, counted: int | None) -> str:
        """What is wrong with an answer that ended; nothing when it is whole."""
        answer = self.answer
        if (text, finish, counted) == (answer, "length", self.tokens):
            return ""
        words = f"{len(text.split())} of {len(answer.split())} words"
        right = "the right ones" if answer.startswith(text) else "wrong ones"
        return f"{words}, {right}; finish {finish}, usage {counted}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamResult:
    """What became of one question."""

    question: Question
    seconds: float
    began: bool
    """Whether a first piece of the answer came."""
    flaw: str = ""
    ended: float = 0.0
    """When, by the monotonic clock."""

    @property
    def cut(self) -> bool:
        """A stream that began and is not whole."""
        return bool(self.flaw) and self.began and self.question.streams


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that was asked, and all that was wrong with the answers."""

    requests: int
    streams: int
    failed: tuple[str, ...]
    cut: tuple[str, ...]
    median_seconds: float
    longest_seconds: float

    @property
    def figures(self) -> dict[str, int]:
        """What a claim adds up."""
        numbers = {"requests": self.requests, "streams": self.streams}
        return numbers | {"failed": len(self.failed), "cut": len(self.cut)}


def report(results: list[StreamResult]) -> Report:
    """Add up what was told."""
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
    """Conversations that go on while the block lasts, in a thread of their own since stories wait for the cluster."""

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
        """When the first question was about to be sent, by the monotonic clock; clients take a while to be made."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()), name="traffic")

    def __enter__(self) -> Self:
        """It flows when every conversation had an answer; where it does not, it ends at once."""
        self._thread.start()
        try:
            self.goes_on(self._clients)
        except AssertionError:
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        """Nobody asks anew, and who is being answered hears the end."""
        self._end()

    def goes_on(self, answers: int = 16) -> None:
        """Wait until so many more are answered: what just changed has met requests."""
        seen = len(self._results)
        within = self._question.TIMEOUT_S
        eventually(lambda: len(self._results) >= seen + answers, f"{answers} more answers", within)

    @property
    def results(self) -> list[StreamResult]:
        """What became of every question until now."""
        return list(self._results)

    @property
    def report(self) -> Report:
        """What was told until now."""
        return report(self.results)

    def _end(self) -> None:
        self._stop.set()
        self._thread.join()

    async def _all(self) -> None:
        """Conversations are dealt out over the addresses and the keys."""
        async with AsyncExitStack() as opened:
            timeout_s = self._question.TIMEOUT_S
            connections = [client(address, key, timeout_s) for address in self._addresses for key in self._keys]
            clients = [await opened.enter_async_context(one) for one in connections]
            places = range(self._clients)
            self.began = time.monotonic()
            await asyncio.gather(*(self._converse(clients[place % len(clients)], place) for place in places))

    async def _converse(self, openai: AsyncOpenAI, place: int) -> None:
        """Every third client wants its answers whole."""
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
    """The official client, without its second tries."""
    return AsyncOpenAI(base_url=f"http://{address}/v1", api_key=key, max_retries=0, timeout=timeout_s)


async def stream_once(
    openai: AsyncOpenAI, question: Question, began: Callable[[], None] = lambda: None
) -> StreamResult:
    """Ask once and judge the answer; `began` is called at its first piece."""
    started = time.monotonic()
    received = Receiving(question, began)
    try:
        await (received.stream(openai) if question.streams else received.whole(openai))
        flaw = received.flaw()
    except Exception as problem:  # noqa: BLE001  # whatever a client meets is a failure to be told
        flaw = f"{type(problem).__name__}: {problem}"
    ended = time.monotonic()
    seconds = ended - started
    text = f"question {question.number} after {seconds:.1f} s: {flaw}" if flaw else ""
    return StreamResult(question=question, seconds=seconds, began=bool(received.text), flaw=text, ended=ended)


class Receiving:
    """One answer as it comes in."""

    def __init__(self, question: Question, began: Callable[[], None]) -> None:
        self._question = question
        self._began = began
        self.text = ""
        self._finish: str | None = None
        self._counted: int | None = None

    def flaw(self) -> str:
        """What is wrong with the answer now that it ended; nothing when it is whole."""
        return self._question.flaw(self.text, self._finish, self._counted)

    async def stream(self, openai: AsyncOpenAI) -> None:
        """The usage comes after the last token: who has it has heard the end."""
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
        """The same in one piece."""
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
