"""Many clients that stream greedy answers of one model name: each answer must come from one version only."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

import aiohttp

TOKENS: Final = 24
TIMEOUT_S: Final = 240.0
PROMPTS: Final = (
    "tell me a story about the sea",
    "the harbour master walks along the quay",
    "in winter storms keep everybody inside",
    "count from one to ten , please",
)


def body(model: str, prompt: str, *, stream: bool) -> dict[str, object]:
    """A greedy question."""
    return {
        "model": model,
        "prompt": prompt,
        "max_tokens": TOKENS,
        "temperature": 0,
        "ignore_eos": True,
        "stream": stream,
    }


@dataclass
class VersionedStreams:
    """Clients that go on during the block, in their own thread."""

    address: str
    model: str
    right: Mapping[tuple[str, str], str]
    """The answer of each version to each prompt."""
    clients: int = 32
    statuses: Counter[int] = field(default_factory=Counter)
    versions: list[str] = field(default_factory=list)
    """The version of each whole answer, in the order in which they ended."""
    wrong: list[str] = field(default_factory=list)
    """Answers that match no version, and streams that broke."""
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()), name="versions", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self._stop.set()
        assert self._thread is not None
        self._thread.join()

    async def _all(self) -> None:
        connector = aiohttp.TCPConnector(limit=self.clients)
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            await asyncio.gather(*(self._converse(session, number) for number in range(self.clients)))

    async def _converse(self, session: aiohttp.ClientSession, number: int) -> None:
        turn = number
        while not self._stop.is_set():
            prompt = PROMPTS[turn % len(PROMPTS)]
            turn += 1
            try:
                await self._complete(session, prompt)
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as problem:
                self.wrong.append(f"{type(problem).__name__}: {problem}")
                await asyncio.sleep(0.2)

    async def _complete(self, session: aiohttp.ClientSession, prompt: str) -> None:
        url = f"http://{self.address}/v1/completions"
        async with session.post(url, json=body(self.model, prompt, stream=True)) as answer:
            self.statuses[answer.status] += 1
            if answer.status != 200:
                await asyncio.sleep(0.2)
                return
            events = [line async for line in answer.content if line.startswith(b"data: {")]
        texts, models = _pieces(events)
        text = "".join(texts)
        (version,) = models or {"none"}
        if len(models) == 1 and self.right.get((version, prompt)) == text:
            self.versions.append(version)
        else:
            self.wrong.append(f"{sorted(models)} to {prompt!r}: {text[:80]!r}")


def _pieces(events: Sequence[bytes]) -> tuple[list[str], set[str]]:
    found = [json.loads(line.removeprefix(b"data: ")) for line in events]
    return [one["choices"][0]["text"] for one in found if one.get("choices")], {one["model"] for one in found}
