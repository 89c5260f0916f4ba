"""A client of an OpenAI-compatible endpoint for evaluations: retries what may pass, and stops at final errors."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import aiohttp

from fairlead.cluster import openai_endpoints
from fairlead.evaluating import replies, requests
from fairlead.evaluating.items import EvaluationItem
from fairlead.evaluating.journal import RequestSettings
from fairlead.evaluating.replies import ItemReply
from fairlead.fleet import retry_after

TRIES: Final = 4
FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 30.0
_CONNECT_S: Final = 10.0
_BUSY: Final = frozenset({408, 429})
"""And all from 500 on: hosted APIs have some of their own."""
NOT_LISTED: Final = 404
"""How an API without a list of models answers; a request of a model that it lacks gets the same."""
_FINAL: Final = {
    401: "it wants another key",
    403: "the key is not permitted to use it",
    404: "it has no such model or path",
}


class EndpointUnusable(Exception):
    """The endpoint answers nothing; the message names it and says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointAddress:
    """The address of an endpoint, and how it is used."""

    name: str
    """Its name in messages: baseline or candidate."""
    url: str
    model: str = ""
    """Empty: the only model that it serves."""
    key: str = ""
    proxy: str | None = None
    """None: connect directly."""
    time_out_s: float = 600.0


class EndpointClient:
    """A client of one side's endpoint."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        address: EndpointAddress,
        settings: RequestSettings,
        now: Callable[[], datetime],
    ) -> None:
        self._session = session
        self._now = now
        self._address = address
        self._settings = settings
        self._base = address.url.rstrip("/").removesuffix("/v1")
        self._headers = dict(requests.HEADERS) | ({"Authorization": f"Bearer {address.key}"} if address.key else {})
        self.model = address.model
        self._is_plain = False
        """It refused the usual settings, and took the others."""

    async def find_model(self) -> None:
        """Take the only model, unless one was chosen; raises `EndpointUnusable` without an answer or a right.

        Not every API lists its models: the first request says whether a chosen one exists.
        """
        try:
            listed = self._session.get(f"{self._base}/v1/models", headers=self._headers, proxy=self._address.proxy)
            async with listed as reply:
                if self.model and reply.status == NOT_LISTED:
                    return
                self._refuse_final(reply.status)
                is_read = reply.status == 200 and not self.model
                served = openai_endpoints.model_names(await reply.read()) if is_read else ()
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as problem:
            raise EndpointUnusable(
                f"{self._address.name} {self._address.url}: it does not answer: {openai_endpoints.why_lost(problem)}; "
                "check the address, and that a port-forward still runs"
            ) from None
        if not self.model and len(served) != 1:
            raise EndpointUnusable(
                f"{self._address.name} {self._address.url}: it serves {', '.join(served[:5]) or 'no model'}; "
                f"choose with --{self._address.name}-model"
            )
        self.model = self.model or served[0]

    async def answer(self, item: EvaluationItem) -> ItemReply:
        """Return one answer, or an error after several attempts."""
        return await self._answered(requests.body(item, self.model, self._settings))

    async def answer_as_judge(self, item: EvaluationItem) -> ItemReply:
        """Return a judge's answer; one that refuses the usual settings is sent the question without them."""
        if not self._is_plain:
            reply = await self.answer(item)
            if not reply.error.startswith(f"{requests.REFUSED} "):
                return reply
        reply = await self._answered(requests.plain_body(item, self.model, self._settings))
        self._is_plain = not reply.error
        return reply

    async def _answered(self, body: bytes) -> ItemReply:
        wait, reply = FIRST_WAIT_S, ItemReply()
        for attempt in range(TRIES):
            if attempt:
                await asyncio.sleep(wait)
            reply, wait = await self._attempt(body, min(wait * 2, LONGEST_WAIT_S))
            if wait == 0:
                return reply
        return reply

    async def _attempt(self, body: bytes, wait: float) -> tuple[ItemReply, float]:
        """Return the reply, and the delay before a retry; 0: none."""
        try:
            async with self._session.post(
                self._base + requests.PATH,
                data=body,
                headers=self._headers,
                proxy=self._address.proxy,
                timeout=aiohttp.ClientTimeout(total=self._address.time_out_s, sock_connect=_CONNECT_S),
            ) as reply:
                self._refuse_final(reply.status)
                content = await reply.read()
                if reply.status == 200:
                    return replies.read(content), 0.0
                error = ItemReply(error=f"{reply.status} {content[:120].decode(errors='replace')}")
                may_pass = reply.status in _BUSY or reply.status >= 500
                written = reply.headers.get("Retry-After", "")
                return error, retry_delay(written, self._now(), wait) if may_pass else 0.0
        except (aiohttp.ClientError, OSError, TimeoutError) as problem:
            unreachable = isinstance(problem, aiohttp.ClientConnectorError)
            return ItemReply(error=openai_endpoints.why_lost(problem), unreachable=unreachable), wait

    def _refuse_final(self, status: int) -> None:
        if status in _FINAL:
            raise EndpointUnusable(
                f"{self._address.name} {self._address.url}: it answers {status}: {_FINAL[status]}; "
                f"check --{self._address.name}-key-env and --{self._address.name}-model"
            )


def opened(concurrency: int) -> aiohttp.ClientSession:
    """Open connections for both sides; the caller closes them."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=2 * concurrency),
        timeout=aiohttp.ClientTimeout(total=_CONNECT_S),
    )


def retry_delay(written: str, now: datetime, wait: float) -> float:
    """Return the delay that the header wants, within bounds; `wait` if it names none."""
    given = retry_after.seconds(written, now)
    return wait if given is None else min(max(given, 0.1), LONGEST_WAIT_S)
