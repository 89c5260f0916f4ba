"""One request's way: to an engine, elsewhere if that fails before the first byte, and back as the bytes come.

After the first byte nothing is repeated: a stream that breaks ends with an error frame, any other answer with a
closed connection. Whoever leaves early, client or engine, the other side is let go at once.
"""

import asyncio
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from fairlead.fleet.gateways import Routing
from fairlead.router import answers, headers
from fairlead.router.answers import Problem
from fairlead.router.asked import Asked
from fairlead.router.endpoints import Endpoint
from fairlead.router.router import Router
from fairlead.router.verdicts import Verdict, stillborn, verdict

LARGE_BYTES: Final = 2**20
"""A longer body is sent in pieces, so that it does not hold up everybody else's tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setback:
    """An attempt that failed before the client saw a byte, and what the client gets if it was the last."""

    again: bool
    answer: web.Response
    untouched: bool = False
    """No engine did any work for it."""


class Exchange:
    """From the request's arrival to the last byte of its answer."""

    def __init__(self, router: Router, client: web.Request, asked: Asked) -> None:
        self._router = router
        self._client = client
        self._asked = asked
        self._routing: Routing = router.settings.routing
        self._endpoint: Endpoint | None = None
        self._response: web.StreamResponse | None = None
        self._tail = b""
        self._unread = False
        """Whether the client has still to take what was written: it would take no last words either."""

    async def run(self) -> web.StreamResponse:
        """The answer, within the total time-out; waiting for an engine counts."""
        total = self._routing.timeouts.total_seconds
        self._router.budget.asked(self._routing.retries.budget)
        try:
            async with asyncio.timeout(total):
                return await self._attempts()
        except TimeoutError:
            problem = self._too_late(total)
            return refusal(problem, self._asked.request_id) if self._response is None else await self._end(problem)

    def _too_late(self, total: float) -> Problem:
        if self._endpoint is None:
            return answers.nobody(total, f"a request may take {total:g} s in all")
        return answers.too_slow(self._endpoint.address, "did not finish", total)

    async def _attempts(self) -> web.StreamResponse:
        tried: list[Endpoint] = []
        while True:
            chosen = await self._router.room.endpoint(self._routing.hold, tried)
            if isinstance(chosen, Problem):
                return refusal(chosen, self._asked.request_id)
            self._endpoint = chosen
            tried.append(chosen)
            with self._router.table.carrying(chosen):
                outcome = await self._attempt(chosen)
            if not isinstance(outcome, Setback):
                return outcome
            last = len(tried) >= self._routing.retries.max_attempts
            if not outcome.again or last or not self._router.budget.maybe_spend(free=outcome.untouched):
                return outcome.answer

    async def _attempt(self, endpoint: Endpoint) -> web.StreamResponse | Setback:
        opened = await self._opened(endpoint)
        if isinstance(opened, Setback):
            return opened
        upstream, first = opened
        try:
            if upstream.status >= 500 or stillborn(first):
                return await self._judged(endpoint, upstream, first)
            return await self._relayed(endpoint, upstream, first)
        finally:
            upstream.close()

    async def _opened(self, endpoint: Endpoint) -> tuple[aiohttp.ClientResponse, bytes] | Setback:
        """The engine's answer and its first bytes; a stream's must come within the time-out for the first token."""
        patience = self._routing.timeouts.first_token_seconds
        try:
            async with asyncio.timeout(patience if self._asked.streams else None):
                upstream = await self._send(endpoint)
                return upstream, await _first(upstream)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as problem:
            return self._lost(endpoint, f"no connection ({problem})", at_once=True)
        except TimeoutError:
            self._router.table.failed(endpoint, f"no first token within {patience:g} s")
            slow = answers.too_slow(endpoint.address, "said nothing", patience)
            return Setback(again=False, answer=refusal(slow, self._asked.request_id))
        except aiohttp.ClientError as problem:
            return self._lost(endpoint, f"the connection broke ({type(problem).__name__})")

    async def _send(self, endpoint: Endpoint) -> aiohttp.ClientResponse:
        asked, timeouts = self._asked, self._routing.timeouts
        return await self._router.session.post(
            URL(f"http://{endpoint.address}{asked.path}", encoded=True),
            data=asked.body if len(asked.body) <= LARGE_BYTES else BytesIO(asked.body),
            headers=asked.headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=timeouts.connect_seconds),
        )

    def _lost(self, endpoint: Endpoint, why: str, *, at_once: bool = False) -> Setback:
        """The engine went away before it said anything: another may answer as well."""
        self._router.table.failed(endpoint, why, at_once=at_once)
        problem = answers.unreachable(endpoint.address, why)
        return Setback(again=True, answer=refusal(problem, self._asked.request_id), untouched=at_once)

    async def _judged(self, endpoint: Endpoint, upstream: aiohttp.ClientResponse, first: bytes) -> Setback:
        """An engine's own error, read whole before anybody sees it."""
        try:
            body = first + await upstream.content.read()
        except aiohttp.ClientError as problem:
            return self._lost(endpoint, f"the connection broke ({type(problem).__name__})")
        meaning = verdict(upstream.status, body)
        if meaning in (Verdict.LEAVING, Verdict.DYING):
            self._router.table.failed(endpoint, "shutting down", at_once=True)
        elif meaning is Verdict.FAILED:
            self._router.table.failed(endpoint, f"status {upstream.status} again and again")
        told = headers.to_client(upstream.headers, self._asked.request_id)
        answer = web.Response(status=upstream.status, body=body, headers=told)
        again = meaning in (Verdict.LEAVING, Verdict.DYING, Verdict.BUSY)
        return Setback(again=again, answer=answer, untouched=meaning is Verdict.LEAVING)

    async def _relayed(self, endpoint: Endpoint, upstream: aiohttp.ClientResponse, first: bytes) -> web.StreamResponse:
        told = headers.to_client(upstream.headers, self._asked.request_id)
        self._response = response = web.StreamResponse(status=upstream.status, headers=told)
        await response.prepare(self._client)
        between = self._routing.timeouts.between_tokens_seconds if self._asked.streams else None
        chunk = first
        while chunk:
            self._unread = True
            await response.write(chunk)
            self._unread = False
            self._tail = (self._tail + chunk)[-4:]
            try:
                async with asyncio.timeout(between):
                    chunk = await upstream.content.readany()
            except TimeoutError:
                return await self._broken(endpoint, f"silent for {between:g} s")
            except aiohttp.ClientError as problem:
                return await self._broken(endpoint, f"the connection broke ({type(problem).__name__})")
        await response.write_eof()
        self._router.table.served(endpoint)
        return response

    async def _broken(self, endpoint: Endpoint, why: str) -> web.StreamResponse:
        self._router.table.failed(endpoint, why)
        return await self._end(answers.cut(endpoint.address, why))

    async def _end(self, problem: Problem) -> web.StreamResponse:
        """End an answer that has begun, so that nobody takes it for a whole one; a client that reads nothing is cut."""
        assert self._response is not None
        self._router.counts.cut += 1
        if self._response.content_type == "text/event-stream" and not self._unread:
            await self._response.write(problem.frame(self._tail))
            await self._response.write_eof()
        elif self._client.transport is not None:
            self._client.transport.abort()
        return self._response


async def _first(upstream: aiohttp.ClientResponse) -> bytes:
    """The first bytes of an answer; whoever stops waiting for them lets the engine go."""
    arrived = False
    try:
        first = await upstream.content.readany()
        arrived = True
        return first
    finally:
        if not arrived:
            upstream.close()


def refusal(problem: Problem, request_id: str) -> web.Response:
    """A problem as a whole answer."""
    told = CIMultiDict({headers.REQUEST_ID: request_id, "Content-Type": "application/json"})
    if problem.retry_after_seconds is not None:
        told["Retry-After"] = str(problem.retry_after_seconds)
    return web.Response(status=problem.status, body=problem.body, headers=told)
