"""A page of a pod, read through the API server: for commands on a user's machine, which cannot reach pods directly.

Needs the right `get` on `pods/proxy`. Does not interpret the page.
"""

from typing import Final

import aiohttp

from fairlead.cluster import api_errors, kinds
from fairlead.cluster.api_errors import ApiRequest
from fairlead.cluster.connection import ApiConnection, HttpRequest

_TIMEOUT: Final = aiohttp.ClientTimeout(total=10.0, sock_connect=5.0)
"""As `api_server.ApiLimits`: a pod answers from memory."""


async def read_page(connection: ApiConnection, pod: tuple[str, str], port: int, page: str) -> bytes:
    """The page's content; otherwise raises an `ApiError` with the server's or the pod's own message."""
    namespace, name = pod
    api_request = ApiRequest(
        verb="get", resource=kinds.POD, namespace=namespace, name=f"{name}:{port}", subresource="proxy"
    )
    path = f"{kinds.POD.path(namespace, api_request.name, 'proxy')}{page}"
    request = HttpRequest(method="GET", path=path, query={})
    try:
        async with await connection.send(request, _TIMEOUT) as answer:
            content = await answer.read()
            if answer.status == 200:
                return content
            raise api_errors.of_answer(api_request, answer.status, content)
    except (aiohttp.ClientError, TimeoutError, OSError) as problem:
        raise api_errors.no_answer(api_request, problem) from problem
