"""Sends chat requests of the console's playground from a local browser through the API server to a model.

They use the kubeconfig's permissions, reach only a router's chat path, and are accepted only from the console's own
page.
"""

import json
import re
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

import aiohttp
from aiohttp import web

from fairlead.cluster.api_errors import ApiError
from fairlead.cluster.service_proxy import ServiceAnswer, ServicePort

CHAT: Final = "/v1/chat/completions"
NAMESPACE: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
SERVICE: Final = re.compile(r"(https:)?[a-z]([-a-z0-9]{0,61}[a-z0-9])?:https?")
PASSED_ON: Final = ("X-Fairlead-Explain", "X-Api-Key")
PASSED_BACK: Final = ("Content-Type", "Server-Timing", "X-Request-Id", "Retry-After")
OURS: Final = "x-fairlead-"
JSON: Final = "application/json"


class ChatSource(Protocol):
    """Access to models."""

    def chat(
        self, service: ServicePort, body: bytes, headers: Mapping[str, str]
    ) -> AbstractAsyncContextManager[ServiceAnswer]:
        """Stream an answer; raises an `ApiError` if there is none."""


def unfit(request: web.Request) -> web.Response | None:
    """Refuse requests that none of our pages sends: another page's request, another form, another address."""
    if request.headers.get("Origin") != f"http://{request.host}":
        return refused(403, "send it from the playground's own page")
    if request.content_type != JSON:
        return refused(415, f"the body must be {JSON}")
    about = request.match_info
    if not NAMESPACE.fullmatch(about["namespace"]) or not SERVICE.fullmatch(about["service"]):
        return refused(404, f"{about['namespace']}/{about['service']} names no port of a router")
    return None


async def answered(request: web.Request, source: ChatSource, usual: Mapping[str, str]) -> web.StreamResponse:
    """Stream the model's answer as it arrives, with these additional headers."""
    service = ServicePort(request.match_info["namespace"], request.match_info["service"])
    headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
    try:
        async with source.chat(service, await request.read(), headers) as answer:
            return await _passed_on(request, answer, usual)
    except ApiError as problem:
        return refused(502, f"{problem}")


async def _passed_on(request: web.Request, answer: ServiceAnswer, usual: Mapping[str, str]) -> web.StreamResponse:
    """Pass the answer on; if one side breaks off, so does the other."""
    shown = web.StreamResponse(status=answer.status, headers={**usual, **_passed_back(answer)})
    try:
        await shown.prepare(request)
        async for part in answer.parts:
            await shown.write(part)
        await shown.write_eof()
    except (aiohttp.ClientError, TimeoutError, OSError):
        if request.transport is not None:
            request.transport.close()
    return shown


def refused(status: int, words: str) -> web.Response:
    """Format a refusal as routers do."""
    return web.Response(status=status, content_type=JSON, text=json.dumps({"error": {"message": words}}))


def _passed_back(answer: ServiceAnswer) -> dict[str, str]:
    own = {name: value for name, value in answer.headers.items() if name.lower().startswith(OURS)}
    return own | {name: answer.headers[name] for name in PASSED_BACK if name in answer.headers}
