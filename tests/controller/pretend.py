"""The controller's world, pretended: an API server in memory, Kubernetes' own controllers in small, time by hand.

Faults are set by number: the n-th write crashes the operator before or after it, or is answered with an error.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from fairlead.api import kinds as ours
from fairlead.cluster import kinds, package_data
from fairlead.cluster.api_errors import ApiError, Asked, of_answer
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.cluster.store import Store
from fairlead.controller import pods
from fairlead.controller.known import Key, Known
from fairlead.controller.queue import Outcome
from fairlead.controller.reconcile import Doors, Reconciler, Setting
from fairlead.fleet.endpoints import Endpoint, EndpointState
from fairlead.fleet.load import EngineLoad
from fairlead.fleet.wanted import EngineKind
from fairlead.objects.platform import Platform
from tests.controller.kube import Kube
from tests.reaching.fake_objects import Objects, Status

NOON: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
CATALOGUE: Final = package_data.load_catalogue()
ROUND: Final = timedelta(seconds=5)
MOST_TICKS: Final = 200
"""In one look; more is an operator that spins."""


class Crashed(Exception):
    """The operator was killed here."""


@dataclass(slots=True)
class Faults:
    """What is to go wrong, by the number of the write."""

    before: int | None = None
    """Killed before this write is sent."""
    after: int | None = None
    """Killed after it was carried out, before its answer."""
    answers: dict[int, int] = field(default_factory=dict)
    """Answered with this status instead of being carried out."""
    lost: frozenset[int] = frozenset()
    """Carried out, and the answer is lost on the way."""


class PretendServer:
    """The API server as a reconcile uses it; counts writes."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.faults = Faults()
        self.writes: list[tuple[str, str, str]] = []
        """Verb, kind's title, name; in order."""
        self.made: Counter[tuple[str, str]] = Counter()
        self.removed: Counter[tuple[str, str]] = Counter()

    async def read(self, resource: Resource, namespace: str | None, name: str) -> Manifest | None:
        """One object as it is now."""
        return self.objects.held.get((resource.title, namespace or "", name))

    async def apply(
        self, manifest: Manifest, *, manager: str = "fairlead-controller", force: bool = True, subresource: str | None = None
    ) -> Manifest:
        """Server-side apply."""
        resource = kinds.of(manifest)
        metadata = manifest["metadata"]
        title = f"{resource.title}/{subresource}" if subresource else resource.title

        def act() -> Manifest:
            where = (resource.title, metadata["namespace"], metadata["name"])
            live = self.objects.held.get(where)
            if "uid" in metadata and (live is None or live["metadata"]["uid"] != metadata["uid"]):
                raise Status(409, "Conflict", "the uid in the request is not the uid in record")
            self.made[(resource.title, metadata["name"])] += live is None
            return self.objects.apply(resource, manifest, manager, force, subresource)

        return self._write("patch", resource, title, metadata["name"], act)

    async def remove(self, manifest: Manifest, *, uid: str, resource_version: str | None = None) -> bool:
        """Delete this very object."""
        resource, metadata = kinds.of(manifest), manifest["metadata"]
        conditions = {"uid": uid} | ({"resourceVersion": resource_version} if resource_version else {})

        def act() -> Manifest:
            where = (resource.title, metadata["namespace"], metadata["name"])
            self.removed[(resource.title, metadata["name"])] += 1
            return self.objects.remove(where, conditions)

        self._write("delete", resource, resource.title, metadata["name"], act)
        return True

    def _write(
        self, verb: str, resource: Resource, title: str, name: str, act: Callable[[], Manifest]
    ) -> Manifest:
        number, faults = len(self.writes), self.faults
        self.writes.append((verb, title, name))
        if faults.before == number:
            raise Crashed
        asked = Asked(verb=verb, resource=resource, name=name)
        if (code := faults.answers.get(number)) is not None:
            raise of_answer(asked, code, b'{"reason": "Scripted", "message": "by script"}')
        try:
            done = act()
        except Status as no:
            raise of_answer(asked, no.code, _json(no.body)) from no
        if faults.after == number:
            raise Crashed
        if number in faults.lost:
            raise of_answer(asked, 503, b"")
        return done


class PretendWorld:
    """What the operator last heard; it hears when it is told to."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._stores: dict[Resource, Store] = {}
        self.blind: frozenset[Resource] = frozenset()
        self.hears = True

    def of(self, resource: Resource) -> Store:
        """Objects of one kind."""
        return self._stores.setdefault(resource, Store())

    def knows(self, resource: Resource) -> bool:
        """Whether that kind can be seen."""
        return resource not in self.blind

    def note(self, manifest: Manifest) -> None:
        """The answer of our own write."""
        self.of(kinds.of(manifest)).put(manifest)

    def hear(self) -> None:
        """Everything as it is now, as a list tells it."""
        if not self.hears:
            return
        for resource in WATCHED:
            held = self._objects.listed(resource.title, None, "")
            tuple(self.of(resource).relist(held, str(self._objects.version)))


WATCHED: Final = tuple(
    one for one in kinds.KNOWN if one not in {kinds.SECRET, kinds.EVENT, kinds.LEASE, kinds.VALIDATING_WEBHOOK}
)


class PretendLooks:
    """Routers see every ready engine and use those that answer."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self.mute: set[str] = set()
        """Revisions whose engines answer no request with a token."""
        self.silent = False

    async def endpoints(self, router: Manifest) -> tuple[Endpoint, ...] | None:
        """What a router sees."""
        if self.silent:
            return None
        name = router["metadata"]["labels"]["fairlead.dev/deployment"]
        selector = f"fairlead.dev/deployment={name},fairlead.dev/role=engine"
        return tuple(self._seen(pod) for pod in self._objects.listed("pods", None, selector) if pods.is_ready(pod))

    def _seen(self, pod: Manifest) -> Endpoint:
        mute = pod["metadata"]["labels"]["fairlead.dev/revision"] in self.mute
        state, reason = (EndpointState.PROBING, "no token in 5 s") if mute else (EndpointState.ROUTABLE, "")
        return Endpoint(pod=pod["metadata"]["name"], address="198.18.0.9:8000", state=state, inflight=0, reason=reason)

    async def load(self, pod: Manifest, kind: EngineKind) -> EngineLoad | None:  # noqa: ARG002
        """What an engine measured."""
        return EngineLoad(engines=1, capacity_tokens=50_000)


class PretendReferences:
    """Secrets, ConfigMaps and claims by name."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    async def present(self, named: Sequence[Key]) -> Mapping[Key, frozenset[str]]:
        """Those that are there."""
        titles = {"Secret": "secrets", "ConfigMap": "configmaps", "PersistentVolumeClaim": "persistentvolumeclaims"}
        found = {key: self._objects.held.get((titles[key.kind], key.namespace, key.name)) for key in named}
        return {key: frozenset(live.get("data") or ()) for key, live in found.items() if live is not None}


class PretendTeller:
    """Keeps what people would read."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def transition(self, about: Manifest, condition: Manifest, at: datetime) -> None:  # noqa: ARG002
        """A condition turned."""
        self.told.append(f"{condition['type']}={condition['status']}:{condition['reason']}")

    def step(self, about: Manifest, reason: str, note: str, at: datetime) -> None:  # noqa: ARG002
        """A step."""
        self.told.append(reason)


class Pretend:
    """The whole of it, with an operator that can be killed and started anew."""

    def __init__(self, gpus: int = 8, product: str = "NVIDIA-L4") -> None:
        self.objects = Objects()
        self.kube = Kube(objects=self.objects)
        self.server = PretendServer(self.objects)
        self.looks = PretendLooks(self.objects)
        self.teller = PretendTeller()
        self.now = NOON
        self.kube.add_node("node-1", product, gpus)
        self.restart()

    def restart(self) -> None:
        """A fresh operator that remembers nothing."""
        self.world = PretendWorld(self.objects)
        self.world.hear()
        doors = Doors(
            server=self.server,
            world=self.world,
            looks=self.looks,
            named=PretendReferences(self.objects),
            teller=self.teller,
        )
        self.operator = Reconciler(Setting(known=Known(catalogue=CATALOGUE), platform=PLATFORM), doors)

    def apply(self, document: Manifest) -> None:
        """As kubectl apply does it; the status stays."""
        where = (kinds.INFERENCE_DEPLOYMENT.title, document["metadata"]["namespace"], document["metadata"]["name"])
        live = self.objects.held.get(where, {})
        status = {"status": live["status"]} if "status" in live else {}
        self.objects.put(kinds.INFERENCE_DEPLOYMENT, document | status)

    def tick(self, name: str = "chat") -> Outcome:
        """One reconcile."""
        self.world.hear()
        return asyncio.run(self.operator.tick(Key(ours.DEPLOYMENT.name, "default", name), self.now))

    def look(self, name: str = "chat") -> None:
        """Reconcile until there is nothing to do at this moment; an error of the API is tried again."""
        for _ in range(MOST_TICKS):
            try:
                outcome = self.tick(name)
            except ApiError:
                continue
            if outcome.after_s != 0 and not outcome.failed:
                return
            if outcome.failed:
                return
        raise AssertionError(f"the operator spins: {self.server.writes[-12:]}")

    def rounds(self, count: int = 1, name: str = "chat") -> None:
        """Let the world and the operator take turns."""
        for _ in range(count):
            self.kube.round(self.now)
            self.look(name)
            self.now += ROUND

    def settle(self, name: str = "chat", most: int = 60) -> None:
        """Until nothing changes any more for some rounds."""
        quiet = 0
        for _ in range(most):
            before = self.objects.version
            self.rounds(1, name)
            quiet = quiet + 1 if self.objects.version == before else 0
            if quiet >= 4:
                return
        raise AssertionError(f"no rest after {most} rounds: {self.server.writes[-12:]}")

    def document(self, name: str = "chat") -> Manifest:
        """The deployment as stored."""
        return self.objects.held[(kinds.INFERENCE_DEPLOYMENT.title, "default", name)]

    def condition(self, kind: str, name: str = "chat") -> tuple[str, str]:
        """Status and reason of one condition."""
        found = next(one for one in self.document(name)["status"]["conditions"] if one["type"] == kind)
        return found["status"], found["reason"]

    def message(self, kind: str, name: str = "chat") -> str:
        """What it says."""
        found = next(one for one in self.document(name)["status"]["conditions"] if one["type"] == kind)
        return str(found["message"])

    def engines(self, name: str = "chat") -> dict[str, int]:
        """Counts asked for, by revision."""
        found = self.objects.listed(kinds.DEPLOYMENT.title, "default", f"fairlead.dev/deployment={name},fairlead.dev/role=engine")
        return {one["metadata"]["labels"]["fairlead.dev/revision"]: one["spec"]["replicas"] for one in found}

    def serving(self, name: str = "chat") -> frozenset[str]:
        """Ready engine pods that stay, by uid."""
        selector = f"fairlead.dev/deployment={name},fairlead.dev/role=engine"
        return frozenset(
            pod["metadata"]["uid"]
            for pod in self.objects.listed("pods", "default", selector)
            if pods.is_ready(pod)
        )

    def fingerprint(self) -> dict[str, Any]:
        """All children without what the server or chance sets; facts of the past are left out too."""
        return {
            f"{where[0]}/{where[2]}": _essence(one)
            for where, one in self.objects.held.items()
            if where[0] not in {"pods", "nodes"}
        }


PLATFORM: Final = Platform(
    image="fairlead:test", operator_namespace="fairlead-system", operator_labels=(("app.kubernetes.io/name", "fairlead"),)
)
FORGOTTEN: Final = ("fairlead.dev/wanted-since", "fairlead.dev/grown-at", "fairlead.dev/applied", "fairlead.dev/failure")


def deployment(name: str = "chat", *, replicas: int = 2, context: int = 8192, **spec: object) -> Manifest:
    """A small deployment on simulated engines, as somebody would write it."""
    written: Manifest = {
        "model": {"source": "hf://meta-llama/Llama-3.1-8B-Instruct"},
        "engine": {"kind": "Simulated", "context": {"maxTokens": context}},
        "accelerator": {"product": "NVIDIA-L4"},
        "replicas": replicas,
    }
    written = {key: value for key, value in (written | spec).items() if value is not None}
    return {
        "apiVersion": "fairlead.dev/v1alpha1",
        "kind": "InferenceDeployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": written,
    }


def _essence(one: Manifest) -> Manifest:
    metadata = one["metadata"]
    notes = {key: value for key, value in (metadata.get("annotations") or {}).items() if key not in FORGOTTEN}
    found = {"labels": metadata.get("labels"), "annotations": notes, "spec": one.get("spec"), "data": one.get("data")}
    said = [(c["type"], c["status"], c["reason"]) for c in (one.get("status") or {}).get("conditions") or ()]
    return found | {"conditions": sorted(said)}


def _json(body: object) -> bytes:
    return json.dumps(body).encode()
