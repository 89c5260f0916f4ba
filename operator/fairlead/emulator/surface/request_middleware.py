"""Wraps every handler of every kind: turns errors into responses, checks API keys, and counts requests."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final

from aiohttp import hdrs, web

from fairlead.emulator.surface import errors
from fairlead.emulator.surface.engine_interface import EngineControl, RequestObservation
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.fields import FieldTypeError
from fairlead.emulator.surface.streams import ConnectionCut
from fairlead.emulator.surface.utility_routes import json_response

LARGEST_BODY: Final = 64 * 2**20
FAULTS: Final = "/fairlead/v1/faults"
"""The only path that still works while the engine hangs: it ends the hang."""
RouteHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpManners:
    """How kinds of engines differ around their handlers."""

    keys: tuple[str, ...]
    """API keys that are accepted; none: no key is required."""
    is_guarded: Callable[[web.Request], bool]
    """Whether a request needs a key if there are any."""
    error_body: Callable[[web.Request, ErrorResponse], Mapping[str, Any]]
    """Returns an error as JSON in the form of the request's route."""


class RequestMiddleware:
    """Turns errors into responses, checks API keys, and counts requests, for all handlers."""

    def __init__(self, control: EngineControl, manners: HttpManners, uncounted: frozenset[str]) -> None:
        self._control = control
        self._manners = manners
        self._uncounted = uncounted
        self._keys = [sha256(key.encode()).digest() for key in manners.keys]

    @web.middleware
    async def middleware(self, request: web.Request, handler: RouteHandler) -> web.StreamResponse:
        if self._control.hung and request.path != FAULTS:
            await asyncio.Event().wait()
        begun = asyncio.get_running_loop().time()
        body = self._manners.error_body
        try:
            if self._keys and not self._allowed(request):
                response: web.StreamResponse = json_response({"error": "Unauthorized"}, 401)
            else:
                response = await handler(request)
        except ErrorResponse as no:
            response = json_response(body(request, no), no.status)
        except FieldTypeError as no:
            response = json_response(body(request, errors.invalid_body(no.detail)), 400)
        except web.HTTPException as no:
            response = json_response({"detail": no.reason}, no.status)
        except ConnectionCut:
            return _drop_connection(request)
        self._count(request, response, asyncio.get_running_loop().time() - begun)
        return response

    def _allowed(self, request: web.Request) -> bool:
        """Return whether the API key is valid; all keys are compared, so that timing reveals nothing."""
        if request.method == hdrs.METH_OPTIONS or not self._manners.is_guarded(request):
            return True
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        given = sha256(key.encode()).digest()
        matches = [compare_digest(given, accepted) for accepted in self._keys]
        return scheme.lower() == "bearer" and any(matches)

    def _count(self, request: web.Request, response: web.StreamResponse, seconds: float) -> None:
        resource = request.match_info.route.resource
        route = resource.canonical if resource is not None else "none"
        if route in self._uncounted:
            return
        written = response.content_length if isinstance(response, web.Response) else response.body_length
        self._control.observed(
            RequestObservation(
                route=route,
                method=request.method,
                status=response.status,
                seconds=seconds,
                request_bytes=request.content_length or 0,
                response_bytes=written or 0,
            )
        )


def _drop_connection(request: web.Request) -> web.Response:
    """Abort the connection; the returned response is never sent."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
