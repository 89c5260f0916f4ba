"""Sends requests when they are due, each a stream that is read to its end, without retries."""

import asyncio
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp

from fairlead.simulator.traffic.arrivals import RequestArrival

MODEL: Final = "replayed"
VOCABULARY: Final = range(1000, 100_000)
"""Tokens that every model of the demo has."""
LONGEST_S: Final = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The result of one request."""

    late_s: float
    """After it was due: a late client sends less load than intended."""
    events: int
    failed: str = ""


def body(number: int, request: RequestArrival) -> dict[str, object]:
    """A completion whose prompt tokens no other request has, so that no cache can answer for an engine."""
    chance = random.Random(f"prompt/{number}")  # noqa: S311  # text, no secret
    return {
        "model": MODEL,
        "prompt": chance.choices(VOCABULARY, k=request.prompt_tokens),
        "max_tokens": request.output_tokens,
        "ignore_eos": True,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


async def sent(address: str, requests: Sequence[RequestArrival], progress: Callable[[float], None]) -> list[Sent]:
    """Send all requests; return after the last answer."""
    timeout = aiohttp.ClientTimeout(total=LONGEST_S)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(f"http://{address}", timeout=timeout, connector=connector) as session:
        began, tasks = time.monotonic(), list[asyncio.Task[Sent]]()
        for number, one in enumerate(requests):
            await asyncio.sleep(began + one.time - time.monotonic())
            late = time.monotonic() - began - one.time
            tasks.append(asyncio.create_task(_sent(session, body(number, one), late)))
            progress(one.time)
        return list(await asyncio.gather(*tasks))


async def _sent(session: aiohttp.ClientSession, document: dict[str, object], late: float) -> Sent:
    events, ended = 0, False
    try:
        async with session.post("/v1/completions", json=document) as answer:
            problem = "" if answer.status == 200 else f"{answer.status}: {(await answer.text())[:200]}"
            async for line in answer.content:
                events += line.startswith(b"data: {") and b'"finish_reason"' in line
                ended = ended or line.startswith(b"data: [DONE]")
        problem = problem or ("" if ended else f"cut after {events} tokens")
    except (aiohttp.ClientError, OSError, json.JSONDecodeError, TimeoutError) as caught:
        problem = f"{type(caught).__name__}: {caught}"
    return Sent(late_s=late, events=events, failed=problem)
