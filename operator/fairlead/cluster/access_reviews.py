"""Whether the owner of a Kubernetes token may get a page: sends a SelfSubjectAccessReview with that token.

A SelfSubjectAccessReview needs no right but that of being authenticated, so this process needs no right to review
others.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import aiohttp

from fairlead.cluster import connection as connecting
from fairlead.cluster.connection import SERVICE_ACCOUNT, ApiConnection, HttpRequest
from fairlead.cluster.credentials import Credentials, NoCredentials
from fairlead.documents import json_document
from fairlead.fleet.token_rights import TokenRight

PATH: Final = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_TIMEOUT: Final = aiohttp.ClientTimeout(total=3.0, sock_connect=2.0)


async def may_get(
    token: str, page: str, environ: Mapping[str, str] | None = None, service_account: Path = SERVICE_ACCOUNT
) -> TokenRight:
    """Whether `get` of this non-resource path is granted to the token's owner."""
    if not token.isascii() or not token.isprintable():
        return TokenRight.UNKNOWN_TOKEN
    try:
        own = await connecting.source_of(os.environ if environ is None else environ, service_account)()
        async with (
            _in_name_of(token, own) as connection,
            await connection.send(_review_request(page), _TIMEOUT) as answer,
        ):
            return _read(answer.status, await answer.read())
    except (NoCredentials, aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return TokenRight.NO_ANSWER


def _in_name_of(token: str, own: Credentials) -> ApiConnection:
    """Connect with nothing of our own that would name another user than the token's owner."""
    theirs = replace(own, scheme="Bearer", token=token, certificate_path=None, private_key_path=None, impersonation=())

    async def source() -> Credentials:
        return theirs

    return ApiConnection(source, theirs)


def _review_request(page: str) -> HttpRequest:
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"nonResourceAttributes": {"path": page, "verb": "get"}},
    }
    return HttpRequest(method="POST", path=PATH, query={}, body=json.dumps(review).encode())


def _read(status: int, content: bytes) -> TokenRight:
    if status == 401:
        return TokenRight.UNKNOWN_TOKEN
    if status == 403:
        return TokenRight.DENIED
    if status not in (200, 201):
        return TokenRight.NO_ANSWER
    review = json_document.read(content)
    answer = review.get("status") if isinstance(review, dict) else None
    allowed = isinstance(answer, dict) and answer.get("allowed") is True
    return TokenRight.ALLOWED if allowed else TokenRight.DENIED
