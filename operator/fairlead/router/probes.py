"""Probes: an engine that is ready by its own health check must produce one token before it gets requests.

Health alone is not enough: an engine can pass its health checks for an hour and never answer a request.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final, NamedTuple, Protocol

from fairlead.documents import json_document
from fairlead.fleet.endpoints import EndpointState
from fairlead.router import upstream_requests
from fairlead.router.upstream_pool import UpstreamPool
from fairlead.router.upstream_requests import NoUpstreamAnswer, UpstreamAnswer
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.endpoint_table import UNPROVED, EndpointTable


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeBackoff:
    """Wait between two attempts; it doubles."""

    least_seconds: float = 0.2
    most_seconds: float = 2.0


PROBE_BACKOFF: Final = ProbeBackoff()
_POOLING: Final = frozenset({400, 404, 405})
"""Statuses of models without a completions endpoint; the probe requests an embedding instead, then a ranking."""


class ProbedTarget(Protocol):
    """The target whose engines are probed."""

    @property
    def base(self) -> str:
        """The engines' name for their model; empty if any name works."""

    @property
    def is_probed(self) -> bool:
        """Whether its endpoints answer probes; if not, one that failed is used again after a pause."""

    @property
    def probe_seconds(self) -> float:
        """How long a probe may take."""

    def pool(self, endpoint: Endpoint) -> UpstreamPool:
        """Return the connection pool of this endpoint."""

    def probe_failed(self, endpoint: Endpoint) -> None:
        """Called when a reachable engine did not answer a probe, or answered with an error."""


class ProbeFailure(NamedTuple):
    """Why a probe failed."""

    words: str
    connected: bool = True
    """Whether a connection was made: a machine that is gone says nothing about an engine."""
    silent: bool = False
    """Whether the engine took the probe and did not answer it in time."""


class EngineProber:
    """One task for each engine that needs a probe, and none otherwise."""

    def __init__(self, table: EndpointTable, target: ProbedTarget, backoff: ProbeBackoff) -> None:
        self._table = table
        self._target = target
        self._backoff = backoff
        self._tasks: dict[Endpoint, asyncio.Task[None]] = {}

    def endpoint_changed(self, endpoint: Endpoint) -> None:
        """Start or stop probing an endpoint whose state changed."""
        if (running := self._tasks.pop(endpoint, None)) is not None:
            running.cancel()
        if endpoint.state in UNPROVED:
            self._tasks[endpoint] = asyncio.create_task(self._prove(endpoint), name=f"prove {endpoint.address}")

    async def close(self) -> None:
        """Stop all probes."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _prove(self, endpoint: Endpoint) -> None:
        pause = self._backoff.least_seconds
        if not self._target.is_probed:
            if endpoint.state is EndpointState.EJECTED:
                await asyncio.sleep(self._backoff.most_seconds)
            self._tasks.pop(endpoint, None)
            self._table.probe_succeeded(endpoint)
            return
        sent = monotonic()
        while (wrong := await self._wrong(endpoint)) and self._table.holds(endpoint):
            self._table.probe_failed(endpoint, wrong.words, sent if wrong.silent else None)
            if wrong.connected:
                self._target.probe_failed(endpoint)
            await asyncio.sleep(pause)
            sent = monotonic()
            pause = min(self._backoff.most_seconds, 2 * pause)
        if not wrong:
            self._tasks.pop(endpoint, None)
            self._table.probe_succeeded(endpoint)

    async def _wrong(self, endpoint: Endpoint) -> ProbeFailure | None:
        """Request one token, or what a model without tokens answers; return what went wrong, or None."""
        named = {"model": self._target.base} if self._target.base else {}
        seconds = self._target.probe_seconds
        try:
            answer = await self._post(
                endpoint, b"/v1/completions", named | {"prompt": "ping", "max_tokens": 1, **_COLD}
            )
            if answer.status in _POOLING and await self._pools(endpoint, named):
                return None
        except TimeoutError:
            return ProbeFailure(f"probe: no token within {seconds:g} s", silent=True)
        except NoUpstreamAnswer as problem:
            return ProbeFailure(f"probe: {problem}", connected=False)
        words = _wrong_with(answer)
        return ProbeFailure(words) if words else None

    async def _pools(self, endpoint: Endpoint, named: dict[str, str]) -> bool:
        """Whether it answers with an embedding, or ranks texts, as rerankers do that embed nothing."""
        for path, body, is_answer in _WITHOUT_TOKENS:
            answer = await self._post(endpoint, path, named | body)
            if answer.status == 200 and is_answer(answer.body):
                return True
        return False

    async def _post(self, endpoint: Endpoint, path: bytes, body: dict[str, Any]) -> UpstreamAnswer:
        pool = self._target.pool(endpoint)
        message = upstream_requests.upstream_message(pool, b"POST", path, json.dumps(body).encode())
        return await upstream_requests.fetch(pool, message, self._target.probe_seconds)


_COLD: Final = {"temperature": 0}


def _wrong_with(answer: UpstreamAnswer) -> str:
    if answer.status != 200:
        return f"probe: status {answer.status}: {answer.body[:120].decode(errors='replace')}"
    try:
        tokens = int(json_document.read(answer.body)["usage"]["completion_tokens"])
    except (ValueError, KeyError, TypeError):
        return "probe: the answer is not a completion"
    return "" if tokens >= 1 else "probe: an answer without a token"


def _has_vectors(body: bytes) -> bool:
    try:
        return bool(json_document.read(body)["data"][0]["embedding"])
    except (ValueError, KeyError, TypeError, IndexError):
        return False


def _has_ranks(body: bytes) -> bool:
    """Whether it ranks: vLLM has the results in an object, SGLang in a list."""
    try:
        document = json_document.read(body)
        results = document["results"] if isinstance(document, dict) else document
        return "index" in results[0]
    except (ValueError, KeyError, TypeError, IndexError):
        return False


_WITHOUT_TOKENS: Final[tuple[tuple[bytes, dict[str, Any], Callable[[bytes], bool]], ...]] = (
    (b"/v1/embeddings", {"input": "ping"}, _has_vectors),
    (b"/v1/rerank", {"query": "ping", "documents": ["ping"]}, _has_ranks),
)
