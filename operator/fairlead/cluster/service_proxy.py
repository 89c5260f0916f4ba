"""Requests to a Service's pods through the API server, for commands on a machine that cannot reach Services.

The answer is read as it comes, and not interpreted, unless it refuses our own credentials. Needs the right `create` on
`services/proxy`.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final, NamedTuple

import aiohttp

from fairlead.cluster import api_errors, kinds
from fairlead.cluster.api_errors import ApiRequest
from fairlead.cluster.connection import ApiConnection, HttpRequest

_TIMEOUT: Final = aiohttp.ClientTimeout(sock_connect=5.0, sock_read=900.0)
"""A request may wait in a router's queue, and for a first replica to start."""
LONGEST_STATUS: Final = 4096
"""Bytes; the API server's own 401 has some 150."""


class ServicePort(NamedTuple):
    """One port of a Service."""

    namespace: str
    name: str
    """As the API server's proxy expects it: `chat-router:http`, or `https:chat-router:https` for TLS."""


class ServiceAnswer(NamedTuple):
    """The answer of a Service's pod, or of the API server in its place."""

    status: int
    headers: Mapping[str, str]
    """Their names may be written in any case."""
    parts: AsyncIterator[bytes]
    """Its content as it comes."""


@asynccontextmanager
async def post(
    connection: ApiConnection, service: ServicePort, page: str, body: bytes, headers: Mapping[str, str]
) -> AsyncIterator[ServiceAnswer]:
    """Give the block any answer; raises an `ApiError` without one. Errors while reading it are the block's to catch."""
    api_request = ApiRequest(
        verb="create", resource=kinds.SERVICE, namespace=service.namespace, name=service.name, subresource="proxy"
    )
    path = kinds.SERVICE.path(service.namespace, service.name, "proxy")
    request = HttpRequest(method="POST", path=f"{path}{page}", query={}, body=body, headers=headers)
    try:
        answer = await connection.send(request, _TIMEOUT)
    except (aiohttp.ClientError, TimeoutError, OSError) as problem:
        raise api_errors.no_answer(api_request, problem) from problem
    async with answer:
        try:
            head = await _head(answer)
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise api_errors.no_answer(api_request, problem) from problem
        connection.doubt_after(answer.status, answer.content_type, head)
        yield ServiceAnswer(answer.status, answer.headers, _parts(head, answer))


async def _head(answer: aiohttp.ClientResponse) -> bytes:
    """Read the whole of a 401 that is as short as the API server's own; of other answers, nothing."""
    if answer.status != HTTPStatus.UNAUTHORIZED:
        return b""
    try:
        return await answer.content.readexactly(LONGEST_STATUS)
    except asyncio.IncompleteReadError as end:
        return end.partial


async def _parts(head: bytes, answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    if head:
        yield head
    async for part in answer.content.iter_any():
        yield part
