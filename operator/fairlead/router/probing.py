"""Proving engines: an engine that is ready by its own word must produce one token before it gets requests.

Health alone is not believed: an engine can answer its probes for an hour and never a request.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from fairlead.router.endpoints import UNPROVED, Endpoint, Table
from fairlead.router.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait between two tries; it doubles."""

    least_seconds: float = 0.2
    most_seconds: float = 2.0


PATIENCE: Final = Patience()

_JSON: Final = {"Content-Type": "application/json"}
"""Said aloud: the session adds no header of its own to what clients sent, and vLLM refuses a body without this one."""


class Prober:
    """One task for each engine that is to be proved, and none otherwise."""

    def __init__(
        self, session: aiohttp.ClientSession, table: Table, settings: Callable[[], Settings], patience: Patience
    ) -> None:
        self._session = session
        self._table = table
        self._settings = settings
        self._patience = patience
        self._tasks: dict[Endpoint, asyncio.Task[None]] = {}

    def look(self, endpoint: Endpoint) -> None:
        """An engine changed: begin to prove it, or stop."""
        if (running := self._tasks.pop(endpoint, None)) is not None:
            running.cancel()
        if endpoint.state in UNPROVED:
            self._tasks[endpoint] = asyncio.create_task(self._prove(endpoint), name=f"prove {endpoint.address}")

    async def close(self) -> None:
        """Prove nobody any more."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _prove(self, endpoint: Endpoint) -> None:
        pause = self._patience.least_seconds
        while (wrong := await self._wrong(endpoint)) and self._table.holds(endpoint):
            self._table.doubted(endpoint, wrong)
            await asyncio.sleep(pause)
            pause = min(self._patience.most_seconds, 2 * pause)
        if not wrong:
            self._tasks.pop(endpoint, None)
            self._table.proved(endpoint)

    async def _wrong(self, endpoint: Endpoint) -> str:
        """Ask for one token; what went wrong, or nothing."""
        settings = self._settings()
        body: dict[str, Any] = {"prompt": "ping", "max_tokens": 1, "temperature": 0}
        if settings.models:
            body["model"] = settings.models[0]
        timeouts = settings.routing.timeouts
        patience = aiohttp.ClientTimeout(total=timeouts.first_token_seconds, sock_connect=timeouts.connect_seconds)
        url = f"http://{endpoint.address}/v1/completions"
        try:
            async with self._session.post(url, json=body, headers=_JSON, timeout=patience) as answer:
                return _wrong_with(answer.status, await answer.read())
        except TimeoutError:
            return f"probe: no token within {timeouts.first_token_seconds:g} s"
        except (aiohttp.ClientError, OSError) as problem:
            return f"probe: {problem}"


def _wrong_with(status: int, body: bytes) -> str:
    if status != 200:
        return f"probe: status {status}: {body[:120].decode(errors='replace')}"
    try:
        told = json.loads(body)
        tokens = int(told["usage"]["completion_tokens"])
    except (ValueError, KeyError, TypeError):
        return "probe: the answer is no completion"
    return "" if tokens >= 1 else "probe: an answer without a token"
