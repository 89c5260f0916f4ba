"""Requests to the API server: read, list, apply, create, replace, remove, watch; objects are plain dicts.

Each request has a time-out, so that a hung call never blocks, and the reads and writes in flight are limited. Never
decides, and never retries by itself: errors are those of `api_errors`, and the work queue retries.
"""

import time
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

import aiohttp

from fairlead.cluster import api_errors, http_requests, kinds, nested_json, watch_stream
from fairlead.cluster.api_errors import (
    ApiError,
    ApiRequest,
    Conflict,
    Gone,
    NotFound,
    RequestRefused,
    Throttled,
    Unreachable,
)
from fairlead.cluster.connection import ApiConnection
from fairlead.cluster.http_requests import Selector
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.cluster.slots import NamespaceSlots
from fairlead.cluster.watch_stream import WATCH_LIMITS, WatchEvent, WatchEventType, WatchLimits

__all__ = (
    "ApiError",
    "ApiLimits",
    "ApiServer",
    "Conflict",
    "Gone",
    "NotFound",
    "ObjectList",
    "RequestObserver",
    "RequestRefused",
    "Throttled",
    "Unreachable",
    "WatchEvent",
    "WatchEventType",
    "WatchLimits",
)

CONTROLLER: Final = "fairlead-controller"
"""The field manager of everything the controller applies."""

Answer = TypeVar("Answer")


RequestObserver = Callable[[str, str, int, float], None]
"""Called after each request with verb, resource, status (0: no answer) and seconds."""

_PAGE: Final = "50"
"""Objects of a page: metadata of one may have 300 kB, nearly all of it annotations."""
_LOG_LINES: Final = "400"
"""Two tracebacks of an engine, and its other output meanwhile."""
_BROKEN: Final = (aiohttp.ClientError, TimeoutError, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiLimits:
    """How long a request may take and how many writes may be in flight."""

    request_s: float = 10.0
    list_s: float = 30.0
    """Enough for thousands of pods over a slow connection."""
    write_s: float = 35.0
    """Longer than a policy's webhook may take, which is 30 s: only the answer says that it failed, and which one."""
    connect_s: float = 5.0
    writes: int = 16
    """Less than a tenth of the seats that API Priority and Fairness gives to all service accounts together."""
    reads: int = 16
    """Of single objects. Each needs a connection of its own, and TLS takes 256 KiB for one (`bench.operator_scale`)."""

    def seconds(self, request: ApiRequest) -> float:
        """Return how long a request may take; one for a Lease is tried again before that ends."""
        if request.resource is kinds.LEASE:
            return self.request_s
        return {"get": self.request_s, "list": self.list_s}.get(request.verb, self.write_s)


LIMITS: Final = ApiLimits()


class ObjectList(NamedTuple):
    """The objects of a list, and the resourceVersion to watch from."""

    items: list[Manifest]
    resource_version: str


def unobserved(verb: str, resource: str, status: int, seconds: float) -> None:
    """An observer that does nothing."""


class ApiServer:
    """The API server, over one connection."""

    def __init__(
        self, connection: ApiConnection, observer: RequestObserver = unobserved, limits: ApiLimits = LIMITS
    ) -> None:
        self._connection = connection
        self._observer = observer
        self._limits = limits
        self._writing = NamespaceSlots(limits.writes)
        self._reading = NamespaceSlots(limits.reads)

    async def read(self, resource: Resource, namespace: str | None, name: str) -> Manifest | None:
        """Read one object as it is now, `managedFields` included; None if there is none."""
        request = ApiRequest(verb="get", resource=resource, namespace=namespace, name=name)
        try:
            return await self._in_turn(request)
        except NotFound:
            return None

    async def log(self, namespace: str, name: str, container: str, *, previous: bool) -> str:
        """Return the last lines that a container logged, or the one before it; may refuse if a node does not answer."""
        request = ApiRequest(verb="get", resource=kinds.POD, namespace=namespace, name=name, subresource="log")
        query = {"container": container, "tailLines": _LOG_LINES, "previous": "true" if previous else "false"}
        return await self._exchange(request, lambda content: content.decode(errors="replace"), query)

    async def whole_log(self, namespace: str, name: str, container: str, max_bytes: int) -> str:
        """Return all that a container logged, up to so many bytes; may refuse if a node does not answer."""
        request = ApiRequest(verb="get", resource=kinds.POD, namespace=namespace, name=name, subresource="log")
        query = {"container": container, "limitBytes": str(max_bytes)}
        return await self._exchange(request, lambda content: content.decode(errors="replace"), query)

    async def listing(self, resource: Resource, namespace: str | None = None, selector: Selector = "") -> ObjectList:
        """List a kind, in one namespace or all; with apiVersion and kind, which lists leave out of items."""
        request = ApiRequest(verb="list", resource=resource, namespace=namespace)
        return _listed(request, await self._send(request, http_requests.selection(selector)))

    async def metadata(
        self, resource: Resource, namespace: str | None = None, selector: Selector = ""
    ) -> AsyncGenerator[Manifest, None]:
        """Yield the metadata of all objects of a list, a page at a time: however large they are, and however many."""
        request = ApiRequest(verb="list", resource=resource, namespace=namespace, metadata_only=True)
        query = http_requests.selection(selector) | {"limit": _PAGE}
        while True:
            found = await self._send(request, query)
            for item in _listed(request, found).items:
                yield item
            rest = found["metadata"].get("continue")
            if not rest:
                return
            query["continue"] = rest

    async def apply(
        self, manifest: Manifest, *, manager: str = CONTROLLER, force: bool = True, subresource: str | None = None
    ) -> Manifest:
        """Apply all fields that one manager sets, server-side; it gives up those that the manifest no longer has."""
        query = {"fieldManager": manager, "force": "true" if force else "false"}
        return await self._in_turn(http_requests.of_object("patch", manifest, subresource), query, manifest)

    async def create(self, manifest: Manifest) -> Manifest:
        """Create an object; `Conflict` if the name is taken."""
        request = http_requests.of_object("create", manifest)
        return await self._in_turn(request, {"fieldManager": CONTROLLER}, manifest)

    async def replace(self, manifest: Manifest) -> Manifest:
        """Replace the whole object unless it changed since it was read, which takes a resourceVersion to detect."""
        if not manifest["metadata"].get("resourceVersion"):
            raise ValueError(f"replacing {manifest['metadata'].get('name')} needs the resourceVersion that was read")
        return await self._in_turn(http_requests.of_object("update", manifest), {"fieldManager": CONTROLLER}, manifest)

    async def remove(
        self, manifest: Manifest, *, uid: str, resource_version: str | None = None, grace_seconds: int | None = None
    ) -> bool:
        """Delete the object with this UID, children in the background; False if gone; `Conflict` if the UID differs.

        `grace_seconds` replaces the grace period in a pod's spec.
        """
        conditions = {"uid": uid} | ({"resourceVersion": resource_version} if resource_version else {})
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": conditions,
        } | ({} if grace_seconds is None else {"gracePeriodSeconds": grace_seconds})
        try:
            await self._in_turn(http_requests.of_object("delete", manifest), {}, options)
        except NotFound:
            return False
        return True

    async def watch(
        self,
        resource: Resource,
        namespace: str | None,
        selector: Selector,
        resource_version: str,
        *,
        stay: WatchLimits = WATCH_LIMITS,
    ) -> AsyncGenerator[WatchEvent, None]:
        """Yield events after a resourceVersion until the server ends the watch; close with `contextlib.aclosing`."""
        request = ApiRequest(verb="watch", resource=resource, namespace=namespace)
        query = {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(stay.seconds),
        } | http_requests.selection(selector)
        timeout = aiohttp.ClientTimeout(sock_connect=self._limits.connect_s, sock_read=stay.silence_s)
        started, status = time.monotonic(), 0
        try:
            async with await self._connection.send(http_requests.of(request, query, None), timeout) as answer:
                status = answer.status
                if status != 200:
                    raise self._error(request, answer, await answer.read())
                self._observer(request.verb, resource.title, status, time.monotonic() - started)
                yield WatchEvent(WatchEventType.OPENED, {}, resource_version)
                try:
                    async for line in watch_stream.lines(answer.content):
                        yield watch_stream.event(request, line)
                finally:
                    watch_stream.hang_up(answer)
        except _BROKEN as problem:
            status = 0
            raise api_errors.no_answer(request, problem) from problem
        finally:
            if status != 200:
                self._observer(request.verb, resource.title, status, time.monotonic() - started)

    async def _in_turn(
        self, request: ApiRequest, query: Mapping[str, str] | None = None, body: Manifest | None = None
    ) -> Manifest:
        """Wait while too many are in flight; a Lease's request does not, or our own burst could lose us the Lease.

        A policy's webhook that hangs in one namespace holds up writes there, and no others.
        """
        if request.resource is kinds.LEASE:
            return await self._send(request, query, body)
        slots = self._reading if request.verb == "get" else self._writing
        async with slots.taken(request.namespace or ""):
            return await self._send(request, query, body)

    async def _send(
        self, request: ApiRequest, query: Mapping[str, str] | None = None, body: Manifest | None = None
    ) -> Manifest:
        return await self._exchange(request, _object, query, body)

    async def _exchange(
        self,
        request: ApiRequest,
        read: Callable[[bytes], Answer],
        query: Mapping[str, str] | None = None,
        body: Manifest | None = None,
    ) -> Answer:
        timeout = aiohttp.ClientTimeout(total=self._limits.seconds(request), sock_connect=self._limits.connect_s)
        http_request, started, status = http_requests.of(request, query or {}, body), time.monotonic(), 0
        try:
            async with await self._connection.send(http_request, timeout) as answer:
                content = await answer.read()
                status = answer.status
            if not 200 <= status < 300:
                raise self._error(request, answer, content)
            found = read(content)
        except (*_BROKEN, ValueError, TypeError) as problem:
            status = 0
            raise api_errors.no_answer(request, problem) from problem
        finally:
            self._observer(request.verb, request.resource.title, status, time.monotonic() - started)
        return found

    def _error(self, request: ApiRequest, answer: aiohttp.ClientResponse, content: bytes) -> ApiError:
        if answer.status == 401:
            self._connection.doubt()
        return api_errors.of_answer(request, answer.status, content, answer.headers.get("Retry-After"))


def _object(content: bytes) -> Manifest:
    return dict(nested_json.loads(content))


def _listed(request: ApiRequest, found: Manifest) -> ObjectList:
    named = {"apiVersion": request.resource.api_version, "kind": request.resource.kind}
    try:
        items = [named | kinds.trimmed(item) for item in found["items"] or ()]
        return ObjectList(items, str(found["metadata"]["resourceVersion"]))
    except (KeyError, TypeError, AttributeError) as problem:
        raise api_errors.no_answer(request, problem) from problem
