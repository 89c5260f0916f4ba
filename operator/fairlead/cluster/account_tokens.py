"""A token of a ServiceAccount, for commands whose user has none: a client certificate cannot be passed on."""

import json
from typing import Final

import aiohttp

from fairlead.cluster import api_errors, kinds
from fairlead.cluster.api_errors import ApiRequest
from fairlead.cluster.connection import ApiConnection, HttpRequest
from fairlead.documents import json_document

LASTS_S: Final = 3600
_TIMEOUT: Final = aiohttp.ClientTimeout(total=10.0, sock_connect=5.0)


async def issue(connection: ApiConnection, namespace: str, name: str) -> str:
    """Request a token for an hour; raises an `ApiError` if the right to `create` it is missing."""
    wanted = ApiRequest(
        verb="create", resource=kinds.SERVICE_ACCOUNT, namespace=namespace, name=name, subresource="token"
    )
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": LASTS_S},
    }
    request = HttpRequest(
        method="POST",
        path=kinds.SERVICE_ACCOUNT.path(namespace, name, "token"),
        query={},
        body=json.dumps(body).encode(),
    )
    try:
        async with await connection.send(request, _TIMEOUT) as answer:
            content = await answer.read()
            connection.doubt_after(answer.status, answer.content_type, content)
            if answer.status not in (200, 201):
                raise api_errors.of_answer(wanted, answer.status, content)
            return str(json_document.read(content)["status"]["token"])
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError, LookupError, TypeError) as problem:
        raise api_errors.no_answer(wanted, problem) from problem
