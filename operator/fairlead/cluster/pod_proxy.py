"""A page of a pod, read through the API server: for commands on a user's machine, which cannot reach pods directly.

Needs the right `get` on `pods/proxy`. Does not interpret the page.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

import aiohttp

from fairlead.cluster import api_errors, kinds
from fairlead.cluster.api_errors import ApiRequest
from fairlead.cluster.connection import ApiConnection, HttpRequest

_TIMEOUT: Final = aiohttp.ClientTimeout(total=10.0, sock_connect=5.0)
"""As `api_server.ApiLimits`: a pod answers from memory."""


class PodPage(NamedTuple):
    """The answer of a pod, or of the API server in its place."""

    status: int
    content_type: str
    content: bytes
    policy: str = ""
    """The pod's Content-Security-Policy for the page."""


async def read_page(connection: ApiConnection, pod: tuple[str, str], port: int, page: str) -> bytes:
    """Return the page's content; otherwise raises an `ApiError` with the server's or the pod's own message."""
    answer = await fetch_page(connection, pod, port, page)
    if answer.status == 200:
        return answer.content
    raise api_errors.of_answer(_api_request(pod, port), answer.status, answer.content)


async def fetch_page(
    connection: ApiConnection,
    pod: tuple[str, str],
    port: int,
    page: str,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> PodPage:
    """Send a request, with or without a query, and return any answer; raises an `ApiError` without one."""
    api_request = _api_request(pod, port)
    path, _, query = page.partition("?")
    request = HttpRequest(
        method="GET",
        path=f"{kinds.POD.path(pod[0], api_request.name, 'proxy')}{path}",
        query=dict(parse_qsl(query)),
        headers=headers,
    )
    try:
        async with await connection.send(request, _TIMEOUT) as answer:
            content = await answer.read()
            connection.doubt_after(answer.status, answer.content_type, content)
            policy = answer.headers.get("Content-Security-Policy", "")
            return PodPage(answer.status, answer.content_type, content, policy)
    except (aiohttp.ClientError, TimeoutError, OSError) as problem:
        raise api_errors.no_answer(api_request, problem) from problem


def _api_request(pod: tuple[str, str], port: int) -> ApiRequest:
    return ApiRequest(verb="get", resource=kinds.POD, namespace=pod[0], name=f"{pod[1]}:{port}", subresource="proxy")
