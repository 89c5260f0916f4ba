"""A fake API server for reconciles: it counts writes, and fails by their number or verb."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiRequest, no_answer, of_answer
from fairlead.cluster.kinds import Manifest, Resource
from tests.cluster.fake_objects import Objects, Status
from tests.controller import tried


class Crashed(Exception):
    """The operator was killed here."""


@dataclass(slots=True)
class Faults:
    """Failures, by the number of the write."""

    before: int | None = None
    """Killed before this write is sent."""
    after: int | None = None
    """Killed after it was carried out, before its answer."""
    answers: dict[int, int] = field(default_factory=dict)
    """Answered with this status instead of being carried out."""
    lost: frozenset[int] = frozenset()
    """Carried out, and the answer is lost."""
    forbidden: frozenset[tuple[str, str]] = frozenset()
    """Verb and kind's title for which the right is missing."""
    refused: dict[str, str] = field(default_factory=dict)
    """By kind's title, the message with which a cluster policy refuses a write."""
    unanswered: frozenset[tuple[str, str]] = frozenset()
    """Verb and kind's title of writes that get no answer in time, as while a policy's webhook hangs."""
    refused_with: int = 422
    """The status of these answers."""


class PretendServer:
    """The API server as a reconcile uses it; counts writes."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.faults = Faults()
        self.ends = False
        """Whether the namespace is being deleted: nothing new is accepted."""
        self.writes: list[tuple[str, str, str]] = []
        """Verb, kind's title, name; in order."""
        self.made: Counter[tuple[str, str]] = Counter()
        self.removed: Counter[tuple[str, str]] = Counter()
        self.graces: dict[str, int] = {}
        """Grace periods that replaced those of pods, by the pod's name."""
        self.logs: dict[tuple[str, bool], str] = {}
        """Logs of containers by name, and whether of the previous one."""
        self.logs_read = 0
        self.printed: dict[str, str] = {}
        """Output of an evaluation's pods, by name."""

    async def read(self, resource: Resource, namespace: str | None, name: str) -> Manifest | None:
        """Read one object."""
        self._permit(ApiRequest(verb="get", resource=resource, name=name), resource.title)
        where = (resource.title, namespace or "", name)
        live = self.objects.held.get(where)
        fields = self.objects.managed_fields(where)
        return live if live is None else live | {"metadata": live["metadata"] | {"managedFields": fields}}

    async def log(self, namespace: str, name: str, container: str, *, previous: bool) -> str:
        """Read a container's log."""
        self.logs_read += 1
        self._permit(
            ApiRequest(verb="get", resource=kinds.POD, namespace=namespace, name=name, subresource="log"), "pods/log"
        )
        return self.logs.get((container, previous), "")

    async def whole_log(self, namespace: str, name: str, container: str, max_bytes: int) -> str:
        """Read all output of a pod."""
        self._permit(
            ApiRequest(verb="get", resource=kinds.POD, namespace=namespace, name=name, subresource="log"), "pods/log"
        )
        assert container == "evaluation"
        return self.printed.get(name, "")[:max_bytes]

    async def apply(
        self,
        manifest: Manifest,
        *,
        manager: str = "fairlead-controller",
        force: bool = True,
        subresource: str | None = None,
    ) -> Manifest:
        """Server-side apply."""
        resource = kinds.of(manifest)
        metadata = manifest["metadata"]
        title = f"{resource.title}/{subresource}" if subresource else resource.title

        def act() -> Manifest:
            where = (resource.title, metadata["namespace"], metadata["name"])
            live = self.objects.held.get(where)
            missing = live is None and subresource is not None
            if "uid" in metadata and not missing and (live is None or live["metadata"]["uid"] != metadata["uid"]):
                raise Status(409, "Conflict", "the uid in the request is not the uid in record")
            self.made[(resource.title, metadata["name"])] += live is None
            return self.objects.apply(resource, manifest, manager, force, subresource)

        return self._write("patch", resource, title, metadata["name"], act)

    async def remove(
        self, manifest: Manifest, *, uid: str, resource_version: str | None = None, grace_seconds: int | None = None
    ) -> bool:
        """Delete exactly this object."""
        resource, metadata = kinds.of(manifest), manifest["metadata"]
        conditions = {"uid": uid} | ({"resourceVersion": resource_version} if resource_version else {})

        def act() -> Manifest:
            where = (resource.title, metadata["namespace"], metadata["name"])
            self.removed[(resource.title, metadata["name"])] += 1
            if grace_seconds is not None:
                self.graces[metadata["name"]] = grace_seconds
            return self.objects.remove(where, conditions)

        self._write("delete", resource, resource.title, metadata["name"], act)
        return True

    def _write(self, verb: str, resource: Resource, title: str, name: str, act: Callable[[], Manifest]) -> Manifest:
        number, faults = len(self.writes), self.faults
        self.writes.append((verb, title, name))
        if faults.before == number:
            tried.COUNT["crash_points"] += 1
            raise Crashed
        request = ApiRequest(verb=verb, resource=resource, name=name)
        if (code := faults.answers.get(number)) is not None:
            tried.COUNT["faults"] += 1
            raise of_answer(request, code, b'{"reason": "Scripted", "message": "by script"}')
        self._permit(request, title)
        try:
            done = act()
        except Status as no:
            raise of_answer(request, no.code, _json(no.body)) from no
        if faults.after == number:
            tried.COUNT["crash_points"] += 1
            raise Crashed
        if number in faults.lost:
            tried.COUNT["faults"] += 1
            raise of_answer(request, 503, b"")
        return done

    def _permit(self, request: ApiRequest, title: str) -> None:
        if (request.verb, title) in self.faults.forbidden:
            words = f'{title} "{request.name}" is forbidden: User "fairlead" cannot {request.verb} resource "{title}"'
            raise of_answer(request, 403, _json({"reason": "Forbidden", "message": words}))
        if self.ends and request.verb == "patch" and "/" not in title:
            cause = {"reason": "NamespaceTerminating", "message": "namespace default is being terminated"}
            body = {"reason": "Forbidden", "message": "is forbidden", "details": {"causes": [cause]}}
            raise of_answer(request, 403, _json(body))
        if (request.verb, title) in self.faults.unanswered:
            raise no_answer(request, TimeoutError())
        if request.verb != "get" and title in self.faults.refused:
            body = {"reason": "Refused", "message": self.faults.refused[title]}
            raise of_answer(request, self.faults.refused_with, _json(body))


def _json(body: object) -> bytes:
    return json.dumps(body).encode()
