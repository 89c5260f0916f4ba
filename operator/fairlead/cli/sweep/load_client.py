"""The load of a sweep, and the metrics beside it: requests by token ids, whose replies are discarded."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp

from fairlead.cluster import pod_http
from fairlead.engines.engine_sample import EngineSample
from fairlead.engines.sweep import SweptEngine

_COMPLETIONS: Final = "/v1/completions"
_RESERVED: Final = 8
"""Tokens at the start of a vocabulary, which are often special tokens."""
_PATTERN: Final = 4
_TRIES: Final = 5
_CONNECT_S: Final = 10.0


class NoAnswer(Exception):
    """The engine refused a request, or its metrics cannot be read."""


@dataclass(slots=True, kw_only=True)
class LoadClient:
    """Sends requests to the engine that is measured."""

    kind: SweptEngine
    session: aiohttp.ClientSession
    url: str
    model: str
    vocabulary: int
    chance: random.Random
    repetitive: bool = False
    """Prompts repeat one short pattern, so that n-grams can predict the next tokens."""

    async def sample(self) -> EngineSample:
        """Scrape the metrics now."""
        for _ in range(_TRIES):
            found = await self._pages()
            sample = None if found is None else self.kind.sample(found)
            if sample is not None:
                return sample
        raise NoAnswer(f"no metrics of {self.kind.name} at {self.url}")

    async def version(self) -> str:
        """Return the engine and its version."""
        return self.kind.version(await pod_http.fetch(self.session, self.url + self.kind.version_page))

    async def read_prompt(self, tokens: int) -> None:
        """Send one prompt, with one token as the reply."""
        await self._complete(self.prompt(tokens), 1)

    def decode(self, tokens: int, most: int) -> "asyncio.Task[None]":
        """Start one request that decodes until it is cancelled, or has written `most` tokens."""
        return asyncio.create_task(self._complete(self.prompt(tokens), most))

    async def post(self, path: str) -> None:
        """Send a request without a body, for instance to sleep."""
        async with self.session.post(self.url + path) as answer:
            if answer.status != 200:
                raise NoAnswer(f"{path}: {answer.status} {(await answer.text())[:200]}")

    def prompt(self, tokens: int) -> list[int]:
        """Token ids that no other prompt begins with."""
        low, high = min(_RESERVED, self.vocabulary - 1), self.vocabulary - 1
        if not self.repetitive:
            return [self.chance.randint(low, high) for _ in range(tokens)]
        pattern = [self.chance.randint(low, high) for _ in range(_PATTERN)]
        return (pattern * (tokens // _PATTERN + 1))[:tokens]

    async def _pages(self) -> list[str] | None:
        """Fetch what makes one sample, one page after the other; None if one is missing."""
        found = []
        for path in self.kind.pages:
            page = await pod_http.fetch(self.session, self.url + path)
            if page is None:
                return None
            found.append(page)
        return found

    async def _complete(self, prompt: Sequence[int], most: int) -> None:
        body = {"model": self.model, "prompt": prompt, "max_tokens": most, "temperature": 0}
        async with self.session.post(
            self.url + _COMPLETIONS, json=body | {"ignore_eos": True, "stream": True}
        ) as answer:
            if answer.status != 200:
                raise NoAnswer(f"{_COMPLETIONS}: {answer.status} {(await answer.text())[:200]}")
            async for _ in answer.content.iter_any():
                pass


def session(keys: Sequence[str]) -> aiohttp.ClientSession:
    """Open a session without a connection limit, to an engine that may need a key."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S),
        headers={"Authorization": f"Bearer {keys[0]}"} if keys else {},
    )


async def leave(requests: Sequence["asyncio.Task[None]"]) -> None:
    """Close the connections: the engine aborts the replies."""
    for one in requests:
        one.cancel()
    await asyncio.gather(*requests, return_exceptions=True)
