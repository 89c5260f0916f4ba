"""Requests to a Service's pods through the API server, for commands on a machine that cannot reach Services.

The answer is read as it comes, and not interpreted. Needs the right `create` on `services/proxy`.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

import aiohttp

from fairlead.cluster import api_errors, kinds
from fairlead.cluster.api_errors import ApiRequest
from fairlead.cluster.connection import ApiConnection, HttpRequest

_TIMEOUT: Final = aiohttp.ClientTimeout(sock_connect=5.0, sock_read=900.0)
"""A request may wait in a router's queue, and for a first replica to start."""


class ServicePort(NamedTuple):
    """One port of a Service."""

    namespace: str
    name: str
    """As the API server's proxy expects it: `chat-router:http`, or `https:chat-router:https` for TLS."""


@asynccontextmanager
async def post(
    connection: ApiConnection, service: ServicePort, page: str, body: bytes, headers: Mapping[str, str]
) -> AsyncIterator[aiohttp.ClientResponse]:
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
        yield answer
