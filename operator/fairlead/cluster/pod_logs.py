"""The log of a pod, read line by line through the API server. Needs the right `get` on `pods/log`."""

from collections.abc import AsyncIterator, Mapping
from typing import Final

import aiohttp

from fairlead.cluster import api_errors, kinds
from fairlead.cluster.api_errors import ApiRequest
from fairlead.cluster.connection import ApiConnection, HttpRequest

_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, sock_connect=5.0, sock_read=30.0)
"""A log may be long, so only silence of the kubelet is a time-out."""
LONGEST_LINE: Final = 1_000_000
"""Bytes; the rest of a longer line is left out."""


async def lines(connection: ApiConnection, pod: tuple[str, str], query: Mapping[str, str]) -> AsyncIterator[bytes]:
    """Yield lines without their ends; raises an `ApiError` with the server's message without a log."""
    namespace, name = pod
    api_request = ApiRequest(verb="get", resource=kinds.POD, namespace=namespace, name=name, subresource="log")
    request = HttpRequest(method="GET", path=kinds.POD.path(namespace, name, "log"), query=query)
    try:
        async with await connection.send(request, _TIMEOUT) as answer:
            if answer.status != 200:
                content = await answer.read()
                connection.doubt_after(answer.status, answer.content_type, content)
                raise api_errors.of_answer(api_request, answer.status, content)
            rest = b""
            async for piece in answer.content.iter_any():
                *whole, rest = (rest + piece).split(b"\n")
                rest = rest[:LONGEST_LINE]
                for line in whole:
                    yield line
            if rest:
                yield rest
    except (aiohttp.ClientError, TimeoutError, OSError) as problem:
        raise api_errors.no_answer(api_request, problem) from problem
