"""The campaign's own client of the API server: direct, unaffected by the operator's faults, with its own watches.

Not the product's informers: an observer that depended on them would share their errors.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp

from fairlead.cluster import connection

Manifest = dict[str, Any]

PODS: Final = "/api/v1/pods"
NAMESPACES: Final = "/api/v1/namespaces"
NODES: Final = "/api/v1/nodes"
DEPLOYMENTS: Final = "/apis/apps/v1/deployments"
INFERENCE_DEPLOYMENTS: Final = "/apis/fairlead.dev/v1alpha1/inferencedeployments"
TIMEOUT: Final = aiohttp.ClientTimeout(total=20)
AGAIN_S: Final = 0.5
AWAY_S: Final = 120.0
BUSY: Final = frozenset({500, 503, 504})
"""429 is missing, since it also answers an eviction."""
JSON: Final = "application/json"
NOTHING: Final[Mapping[str, str]] = {}
GONE: Final = 404
NO_SUCH: Final = frozenset({404, 409, 422, 429})
"""Answers that a move may get if the world has changed meanwhile."""


class Refusal(Exception):
    """The API server's error answer."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"{status}: {words}")
        self.status = status
        self.words = words


class Kube:
    """One session."""

    def __init__(self, session: aiohttp.ClientSession, server: str) -> None:
        self._session = session
        self._server = server

    async def get(self, path: str, **query: str) -> Manifest | None:
        """Get one object or a list; None if there is none."""
        try:
            return await self._call("GET", path, None, query)
        except Refusal as problem:
            if problem.status == GONE:
                return None
            raise

    async def listed(self, path: str, selector: str = "") -> list[Manifest]:
        """List a collection."""
        found = await self._call("GET", path, None, {"labelSelector": selector} if selector else {})
        return list(found["items"])

    async def post(self, path: str, body: Manifest) -> None:
        """Create an object."""
        await self._call("POST", path, body, {})

    async def patch(self, path: str, body: Manifest | list[Manifest]) -> None:
        """Merge-patch an object; a list is a JSON patch."""
        kind = "application/json-patch+json" if isinstance(body, list) else "application/merge-patch+json"
        await self._call("PATCH", path, body, {}, kind)

    async def apply(self, path: str, body: Manifest) -> None:
        """Server-side apply as a user would."""
        query = {"fieldManager": "kubectl", "force": "true"}
        await self._call("PATCH", path, body, query, "application/apply-patch+yaml")

    async def delete(self, path: str, body: Manifest | None = None) -> None:
        """Delete it; gone is fine."""
        with contextlib.suppress(Refusal):
            await self._call("DELETE", path, body or {"propagationPolicy": "Background"}, {})

    async def lines(self, path: str, version: str) -> AsyncIterator[Manifest]:
        """Watch a collection from this version on."""
        query = {"watch": "1", "resourceVersion": version, "allowWatchBookmarks": "true", "timeoutSeconds": "600"}
        timeout = aiohttp.ClientTimeout(total=None)
        async with self._session.get(self._server + path, params=query, timeout=timeout) as answer:
            rest = b""
            async for chunk in answer.content.iter_any():
                *whole, rest = (rest + chunk).split(b"\n")
                for one in filter(None, whole):
                    yield json.loads(one)

    async def _call(self, method: str, path: str, body: object, query: Mapping[str, str], kind: str = JSON) -> Manifest:
        """Send a request; wait for a restarting server, which is not under test."""
        until = time.monotonic() + AWAY_S
        while True:
            try:
                return await self.once(method, path, body, query, kind)
            except (aiohttp.ClientError, TimeoutError):
                if time.monotonic() > until:
                    raise
            except Refusal as problem:
                if problem.status not in BUSY or time.monotonic() > until:
                    raise
            await asyncio.sleep(AGAIN_S)

    async def once(
        self, method: str, path: str, body: object = None, query: Mapping[str, str] = NOTHING, kind: str = JSON
    ) -> Manifest:
        """Send one request without retries."""
        data = None if body is None else json.dumps(body)
        headers = {"Content-Type": kind} if data is not None else {}
        async with self._session.request(
            method, self._server + path, params=query, data=data, headers=headers, timeout=TIMEOUT
        ) as answer:
            text = await answer.text()
            if answer.status >= 300:
                raise Refusal(answer.status, text[:400])
            return dict(json.loads(text))


def path(pod: Manifest) -> str:
    """A pod's path in the API."""
    where = pod["metadata"]
    return f"/api/v1/namespaces/{where['namespace']}/pods/{where['name']}"


@asynccontextmanager
async def reached(kubeconfig: Path) -> AsyncIterator[Kube]:
    """Connect to the API server of a kubeconfig."""
    async with await connection.connect({"KUBECONFIG": str(kubeconfig)}, Path("/nonexistent")) as way:
        who = await way.credentials()
    connector = aiohttp.TCPConnector(limit=0, ssl=who.trust())
    async with aiohttp.ClientSession(connector=connector, headers=who.headers) as session:
        yield Kube(session, who.server)


class Eye:
    """All objects of one kind, from a list and a watch."""

    def __init__(self, kube: Kube, path: str) -> None:
        self._kube = kube
        self._path = path
        self._held: dict[str, dict[str, Manifest]] = {}
        self.seen = asyncio.Event()

    def of(self, namespace: str) -> Iterator[Manifest]:
        """Objects of a namespace; those of a kind without namespaces are under the empty one."""
        yield from tuple(self._held.get(namespace, {}).values())

    def every(self) -> Iterator[Manifest]:
        """All of them."""
        for some in tuple(self._held.values()):
            yield from tuple(some.values())

    def named(self, namespace: str, name: str) -> Manifest | None:
        """One object by name."""
        return self._held.get(namespace, {}).get(name)

    async def follow(self) -> None:
        """Watch until cancelled; a watch that breaks starts again with a list."""
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, Refusal, ValueError):
                await self._once()
            await asyncio.sleep(AGAIN_S)

    async def _once(self) -> None:
        listed = await self._kube.get(self._path) or {"items": [], "metadata": {"resourceVersion": "0"}}
        self._held.clear()
        for one in listed["items"]:
            self._put(one)
        self.seen.set()
        async for event in self._kube.lines(self._path, listed["metadata"]["resourceVersion"]):
            match event["type"]:
                case "ADDED" | "MODIFIED":
                    self._put(event["object"])
                case "DELETED":
                    where = event["object"]["metadata"]
                    self._held.get(where.get("namespace", ""), {}).pop(where["name"], None)
                case "ERROR":
                    return

    def _put(self, one: Manifest) -> None:
        where = one["metadata"]
        where.pop("managedFields", None)
        self._held.setdefault(where.get("namespace", ""), {})[where["name"]] = one
