"""What the console depends on: a leader with objects and decisions, and an API server that reviews tokens."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import aiohttp

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiError, ApiRequest, RequestRefused, Unreachable
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.cluster.store import ObjectStore
from fairlead.process import console_server, ports
from fairlead.process.console_access import ConsoleAccess
from fairlead.process.console_reports import ConsoleReports
from fairlead.process.console_source import ConsoleSource
from fairlead.scaling.explain.decision_record import DecisionRecord
from tests.cli.decisions import AT


@dataclass
class Reviews:
    """Knows some tokens and what each may get in which namespace; an empty namespace is all. Holds ConfigMaps."""

    tokens: dict[str, str] = field(default_factory=dict)
    rights: set[tuple[str, str, str]] = field(default_factory=set)
    """User, plural, namespace."""
    down: bool = False
    seen: list[str] = field(default_factory=list)
    config_maps: list[Manifest] = field(default_factory=list)
    lists: int = 0
    """How often ConfigMaps were listed."""
    lost: set[str | None] = field(default_factory=set)
    """Namespaces whose ConfigMaps the operator may not read; None: all together."""

    async def read(self, resource: Resource, namespace: str | None, name: str) -> Manifest | None:
        """One ConfigMap."""
        assert resource is kinds.CONFIG_MAP
        self._check("get", namespace)
        found = (one for one in self.config_maps if one["metadata"]["namespace"] == namespace)
        return next((one for one in found if one["metadata"]["name"] == name), None)

    async def metadata(
        self, resource: Resource, namespace: str | None = None, selector: str = ""
    ) -> AsyncGenerator[Manifest, None]:
        """The metadata of those with a given label."""
        assert resource is kinds.CONFIG_MAP
        self.lists += 1
        self._check("list", namespace)
        key, _, value = selector.partition("=")
        for one in self.config_maps:
            here = namespace in (None, one["metadata"]["namespace"])
            if here and (one["metadata"].get("labels") or {}).get(key) == value:
                yield {"metadata": one["metadata"]}

    def _check(self, verb: str, namespace: str | None) -> None:
        if namespace in self.lost or None in self.lost:
            request = ApiRequest(verb=verb, resource=kinds.CONFIG_MAP, namespace=namespace)
            raise RequestRefused(request, 403, {"reason": "Forbidden", "message": "configmaps is forbidden"})

    async def create(self, manifest: Manifest) -> Manifest:
        """The review with its status."""
        self.seen.append(manifest["kind"])
        if self.down:
            raise _unreachable()
        spec = manifest["spec"]
        if manifest["kind"] == "TokenReview":
            name = self.tokens.get(spec["token"])
            user = {"username": name, "uid": "7", "groups": ["staff"], "extra": {"scopes": ["a"]}} if name else {}
            return manifest | {"status": {"authenticated": name is not None, "user": user}}
        where = spec["resourceAttributes"]
        wanted = {(spec["user"], where["resource"], place) for place in ("", where["namespace"])}
        return manifest | {"status": {"allowed": bool(wanted & self.rights)}}


def _unreachable() -> ApiError:
    request = ApiRequest(verb="create", resource=kinds.TOKEN_REVIEW)
    return Unreachable(request, 0, {"message": "connection refused"})


class World:
    """What the leader watches."""

    def __init__(self) -> None:
        self.stores: dict[Resource, ObjectStore] = {}

    def of(self, resource: Resource) -> ObjectStore:
        """Objects of one kind."""
        return self.stores.setdefault(resource, ObjectStore())

    def has_listed(self, _: Resource) -> bool:
        """Always true."""
        return True

    def put(self, resource: Resource, document: dict[str, Any]) -> None:
        """Store a document as if it came from a watch."""
        self.of(resource).put(document | {"metadata": document["metadata"] | {"resourceVersion": "1"}})


class Leader:
    """Leads until the test ends it."""

    def __init__(self) -> None:
        self.watched: World | None = World()
        self.decided: list[DecisionRecord] = []

    def world(self) -> World | None:
        """What is watched."""
        return self.watched

    def records(self) -> Iterable[DecisionRecord]:
        """The last decisions."""
        return self.decided


class Console(NamedTuple):
    """A served console, and what it depends on."""

    leader: Leader
    reviews: Reviews
    source: ConsoleSource
    address: str
    clock: list[float]
    """The time, as its one entry."""

    async def get(self, path: str, token: str | None = "good", **headers: str) -> tuple[int, str]:  # noqa: S107  # a made-up one
        """Status and text."""
        status, text, _ = await self.answer(path, token, **headers)
        return status, text

    async def answer(self, path: str, token: str | None = "good", **headers: str) -> tuple[int, str, str]:  # noqa: S107  # a made-up one
        """With what a browser may load for it."""
        sent = ({"Authorization": f"Bearer {token}"} if token else {}) | headers
        async with aiohttp.ClientSession() as session, session.get(f"{self.address}{path}", headers=sent) as answer:
            return answer.status, await answer.text(), answer.headers["Content-Security-Policy"]


@asynccontextmanager
async def served(namespaces: tuple[str, ...] = (), home: str = "fairlead-system") -> AsyncIterator[Console]:
    """A console with one reader, `good`, who may read everything, for an operator of these namespaces or all."""
    rights = {("sre", kind, "") for kind in ("inferencedeployments", "inferencegateways", "configmaps")}
    reviews = Reviews(tokens={"good": "sre", "team": "dev", "poor": "nobody"}, rights=rights)
    leader = Leader()
    clock = [AT]
    source = ConsoleSource(leader, clock=lambda: clock[0])
    server = console_server.of(source, ConsoleAccess(reviews), ConsoleReports(reviews, namespaces), home)
    async with ports.serve("127.0.0.1", 0, server.routes()) as runner:
        port = runner.addresses[0][1]
        yield Console(leader, reviews, source, f"http://127.0.0.1:{port}", clock)
