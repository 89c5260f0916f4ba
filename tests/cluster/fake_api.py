"""A fake API server on 127.0.0.1 with real behaviour: versions, watches, preconditions, apply, and scripted faults.

It answers as the real one does; tests/apiserver/test_api_client.py sends the same requests to both.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from fairlead.cluster.connection import ApiConnection
from fairlead.cluster.credentials import Credentials
from fairlead.cluster.kinds import REGISTERED, Manifest, Resource
from tests.cluster import served_app
from tests.cluster.fake_objects import Objects, Status

VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeRequest:
    """A parsed request."""

    verb: str
    resource: Resource
    namespace: str | None
    name: str
    subresource: str | None
    query: dict[str, str]
    metadata_only: bool = False

    @property
    def selector(self) -> str:
        """Labels and fields alike."""
        return self.query.get("labelSelector") or self.query.get("fieldSelector", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A scripted answer, instead of the real one or after the request was carried out."""

    code: int = 0
    """0: the connection is cut."""
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    carried_out: bool = False


@dataclass(slots=True, kw_only=True)
class Stream:
    """An open watch."""

    request: FakeRequest
    sent_version: int
    """The version up to which it has sent events."""
    words: asyncio.Queue[str | None] = field(default_factory=asyncio.Queue)


class FakeApi:
    """Objects, open watches, and scripted faults."""

    def __init__(self) -> None:
        self.objects = Objects()
        self.address = ""
        self.requests: list[FakeRequest] = []
        self.faults: list[tuple[Callable[[FakeRequest], bool], Fault]] = []
        """Each is used once, for the first request that it matches."""
        self.forbidden: set[tuple[str, str]] = set()
        self.granted_in: dict[tuple[str, str], str] = {}
        """Rights of a Role: granted in this namespace alone."""
        self.absent: set[str] = set()
        self.graces: list[int] = []
        """Grace periods with which objects were deleted, where one was stated."""
        self.oldest = 0
        """Watches from before this version get 410."""
        self.muted = False
        """Watches are open and send nothing."""
        self._streams: list[Stream] = []

    def fail(self, fault: Fault, verb: str, times: int = 1) -> None:
        """Make the next requests with this verb fail."""
        self.faults += [(lambda request: request.verb == verb, fault)] * times

    def count(self, verb: str) -> int:
        """How many requests had this verb."""
        return sum(1 for one in self.requests if one.verb == verb)

    @property
    def watchers(self) -> int:
        """How many watches are open."""
        return len(self._streams)

    def send_line(self, line: dict[str, Any] | str) -> None:
        """Send a line of the test's choice to every open watch."""
        for stream in self._streams:
            stream.words.put_nowait(line if isinstance(line, str) else json.dumps(line))

    def put(self, resource: Resource, manifest: Manifest) -> Manifest:
        """Write an object as another client would."""
        done = self.objects.put(resource, manifest)
        self.publish()
        return done

    def remove(self, resource: Resource, namespace: str, name: str) -> None:
        """Delete an object as another client would."""
        self.objects.remove((resource.title, namespace, name), {})
        self.publish()

    def publish(self) -> None:
        """Send every open watch its pending events, unless watches are muted."""
        for stream in () if self.muted else self._streams:
            request = stream.request
            selector = request.selector
            for event in self.objects.events(request.resource.title, request.namespace, selector, stream.sent_version):
                stream.words.put_nowait(json.dumps(event))
            stream.sent_version = self.objects.version

    def lose(self) -> None:
        """Drop the events that open watches have not received yet."""
        for stream in self._streams:
            stream.sent_version = self.objects.version

    def bookmark(self) -> None:
        """Send a bookmark with the current version."""
        version = {"resourceVersion": str(self.objects.version)}
        self.send_line({"type": "BOOKMARK", "object": {"kind": "Any", "apiVersion": "v1", "metadata": version}})

    def expire(self) -> None:
        """Compact the history: open watches get 410, and so do new ones from an older version."""
        self.oldest = self.objects.version
        self.send_line({"type": "ERROR", "object": Status(410, "Expired", "too old resource version").body})

    def cut(self) -> None:
        """Break off every open watch."""
        for stream in self._streams:
            stream.words.put_nowait(None)

    @asynccontextmanager
    async def served(self) -> AsyncIterator["FakeApi"]:
        """Serve for as long as the block runs."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        async with served_app.served(app) as self.address:
            try:
                yield self
            finally:
                self.cut()

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[ApiConnection]:
        """Serve, and yield one connection."""
        async with self.served():
            credentials = Credentials(server=self.address)

            async def same() -> Credentials:
                return credentials

            async with ApiConnection(same, credentials) as connection:
                yield connection

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        try:
            sent = self._understood(request)
            self.requests.append(sent)
            body = json.loads(await request.read() or b"null")
            fault = self._fault(sent)
            if fault is not None and not fault.carried_out:
                return await self._faulty(request, fault)
            answer = await self._carry_out(request, sent, body)
            if fault is not None:
                answer = await self._faulty(request, fault)
        except Status as status:
            return web.json_response(status.body, status=status.code)
        self.publish()
        return answer

    async def _faulty(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        await asyncio.sleep(fault.delay)
        if not fault.code and request.transport is not None:
            request.transport.close()
        return web.Response(status=fault.code or 500, text=fault.body, headers=fault.headers)

    def _fault(self, request: FakeRequest) -> Fault | None:
        for number, (fits, fault) in enumerate(self.faults):
            if fits(request):
                del self.faults[number]
                return fault
        return None

    def _understood(self, request: web.Request) -> FakeRequest:
        words = request.path.strip("/").split("/")
        group, words = ("", words[2:]) if words[0] == "api" else (words[1], words[3:])
        namespace, words = (words[1], words[2:]) if words[0] == "namespaces" and len(words) > 2 else (None, words)
        resource = next((one for one in REGISTERED if (one.group, one.plural) == (group, words[0])), None)
        if resource is None or resource.title in self.absent:
            raise Status(404, "NotFound", "the server could not find the requested resource")
        name = words[1] if len(words) > 1 else ""
        reading = "get" if name else "watch" if request.query.get("watch") else "list"
        verb = VERBS.get(request.method, reading)
        granted = self.granted_in.get((verb, resource.title), namespace)
        if (verb, resource.title) in self.forbidden or namespace != granted:
            text = f'cannot {verb} resource "{resource.plural}" in API group "{resource.group}"'
            raise Status(403, "Forbidden", f'{resource.title} is forbidden: User "test" {text}')
        return FakeRequest(
            verb=verb,
            resource=resource,
            namespace=namespace,
            name=name,
            subresource=words[2] if len(words) > 2 else None,
            query=dict(request.query),
            metadata_only="as=PartialObjectMetadataList" in request.headers.get("Accept", ""),
        )

    async def _carry_out(self, request: web.Request, sent: FakeRequest, body: Manifest) -> web.StreamResponse:
        kind, where = sent.resource, (sent.resource.title, sent.namespace or "", sent.name)
        match sent.verb:
            case "watch":
                return await self._watch(request, sent)
            case "list":
                done = self._list(sent)
            case "get":
                done = self.objects.found(where)
            case "create":
                done = self.objects.create(kind, _placed(sent, body))
            case "update":
                done = self.objects.replace(kind, _placed(sent, body))
            case "patch":
                manager, force = sent.query["fieldManager"], sent.query["force"] == "true"
                done = self.objects.apply(kind, _placed(sent, body), manager, force, sent.subresource)
            case _:
                done = self.objects.remove(where, body.get("preconditions", {}))
                self.graces += [body["gracePeriodSeconds"]] if "gracePeriodSeconds" in body else []
        return web.json_response(done)

    def _list(self, request: FakeRequest) -> Manifest:
        """A page begins where the one before it ended; objects that come and go between two pages shift it."""
        found = self.objects.listed(request.resource.title, request.namespace, request.selector)
        first, most = int(request.query.get("continue", 0)), int(request.query.get("limit", len(found)))
        about = {"resourceVersion": str(self.objects.version)}
        if first + most < len(found):
            about["continue"] = str(first + most)
        partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
        left_out = ("apiVersion", "kind")
        bare = [
            partial | {"metadata": one["metadata"]}
            if request.metadata_only
            else {key: value for key, value in one.items() if key not in left_out}
            for one in found[first : first + most]
        ]
        return {"kind": "List", "metadata": about, "items": bare}

    async def _watch(self, request: web.Request, sent: FakeRequest) -> web.StreamResponse:
        since = int(sent.query["resourceVersion"])
        if since < self.oldest:
            raise Status(410, "Expired", f"too old resource version: {since} ({self.oldest})")
        answer = web.StreamResponse(headers={"Content-Type": "application/json"})
        await answer.prepare(request)
        stream = Stream(request=sent, sent_version=since)
        self._streams.append(stream)
        self.publish()
        try:
            async with asyncio.timeout(float(sent.query["timeoutSeconds"])):
                while (line := await stream.words.get()) is not None:
                    await answer.write(line.encode() + b"\n")
            if request.transport is not None:
                request.transport.abort()
        except (ConnectionError, TimeoutError):
            pass
        finally:
            self._streams.remove(stream)
        return answer


def _placed(request: FakeRequest, body: Manifest) -> Manifest:
    """Take the namespace from the URL where the manifest has none."""
    if request.namespace is None:
        return body
    return body | {"metadata": {"namespace": request.namespace} | body["metadata"]}
