"""The API server as the campaign speaks to it: straight, past the operator's faults, with an eye of its own on a kind.

Not the product's informers: an observer that sees through the eyes of the observed would share their blindness.
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
"""A 429 is an eviction's answer too, so it is not among them."""
JSON: Final = "application/json"
NOTHING: Final[Mapping[str, str]] = {}
GONE: Final = 404
NO_SUCH: Final = frozenset({404, 409, 422, 429})
"""Answers that a move may get when the world has gone on meanwhile."""


class Refusal(Exception):
    """What the API server said instead of doing it."""

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
        """One object or a list; nothing where there is none."""
        try:
            return await self._call("GET", path, None, query)
        except Refusal as problem:
            if problem.status == GONE:
                return None
            raise

    async def listed(self, path: str, selector: str = "") -> list[Manifest]:
        """All of a collection."""
        found = await self._call("GET", path, None, {"labelSelector": selector} if selector else {})
        return list(found["items"])

    async def post(self, path: str, body: Manifest) -> None:
        """Make it."""
        await self._call("POST", path, body, {})

    async def patch(self, path: str, body: Manifest | list[Manifest]) -> None:
        """Merge it in; a list is a JSON patch."""
        kind = "application/json-patch+json" if isinstance(body, list) else "application/merge-patch+json"
        await self._call("PATCH", path, body, {}, kind)

    async def apply(self, path: str, body: Manifest) -> None:
        """Server-side apply as a user would."""
        query = {"fieldManager": "kubectl", "force": "true"}
        await self._call("PATCH", path, body, query, "application/apply-patch+yaml")

    async def delete(self, path: str, body: Manifest | None = None) -> None:
        """Remove it; gone is gone."""
        with contextlib.suppress(Refusal):
            await self._call("DELETE", path, body or {"propagationPolicy": "Background"}, {})

    async def lines(self, path: str, version: str) -> AsyncIterator[Manifest]:
        """What happens to a collection from now on."""
        query = {"watch": "1", "resourceVersion": version, "allowWatchBookmarks": "true", "timeoutSeconds": "600"}
        timeout = aiohttp.ClientTimeout(total=None)
        async with self._session.get(self._server + path, params=query, timeout=timeout) as answer:
            rest = b""
            async for chunk in answer.content.iter_any():
                *whole, rest = (rest + chunk).split(b"\n")
                for one in filter(None, whole):
                    yield json.loads(one)

    async def _call(self, method: str, path: str, body: object, query: Mapping[str, str], kind: str = JSON) -> Manifest:
        """A server that starts anew is waited for: it is the operator that is tried."""
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
        """One request, whatever comes of it."""
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
    """A pod's place in the API."""
    where = pod["metadata"]
    return f"/api/v1/namespaces/{where['namespace']}/pods/{where['name']}"


@asynccontextmanager
async def reached(kubeconfig: Path) -> AsyncIterator[Kube]:
    """The API server that a kubeconfig names."""
    async with await connection.connect({"KUBECONFIG": str(kubeconfig)}, Path("/nonexistent")) as way:
        who = await way.credentials()
    connector = aiohttp.TCPConnector(limit=0, ssl=who.trust())
    async with aiohttp.ClientSession(connector=connector, headers=who.headers) as session:
        yield Kube(session, who.server)


class Eye:
    """All objects of one kind, as a list and a watch tell them."""

    def __init__(self, kube: Kube, path: str) -> None:
        self._kube = kube
        self._path = path
        self._held: dict[str, dict[str, Manifest]] = {}
        self.seen = asyncio.Event()

    def of(self, namespace: str) -> Iterator[Manifest]:
        """Those of one namespace, or all of a kind without namespaces under the empty one."""
        yield from tuple(self._held.get(namespace, {}).values())

    def every(self) -> Iterator[Manifest]:
        """All of them."""
        for some in tuple(self._held.values()):
            yield from tuple(some.values())

    def named(self, namespace: str, name: str) -> Manifest | None:
        """One of them."""
        return self._held.get(namespace, {}).get(name)

    async def follow(self) -> None:
        """Until cancelled; a watch that breaks begins anew with a list."""
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
