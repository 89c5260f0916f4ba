"""The controller's fake cluster: an API server in memory, Kubernetes' controllers in small, a manual clock.

Faults are set by number: the n-th write crashes the operator before or after it, or gets an error.
"""

import asyncio
import atexit
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from fairlead.api import kinds as ours
from fairlead.cluster import kinds, package_data, pods
from fairlead.cluster.api_errors import ApiError
from fairlead.cluster.kinds import Manifest
from fairlead.controller.autoscaler_presence import AutoscalerPresence
from fairlead.controller.evaluations.item_reads import ItemReads
from fairlead.controller.evaluations.item_sets import ItemSets
from fairlead.controller.evaluations.quality_runs import RunnerPods
from fairlead.controller.evaluations.work_pods import WorkPods
from fairlead.controller.reconcile import ReconcileEnvironment, Reconciler, ReconcileSettings
from fairlead.controller.reference_cache import SteadyReferences
from fairlead.controller.work_queue import ReconcileOutcome
from fairlead.objects.installation import Installation
from fairlead.review.context import ObjectKey, ReviewContext
from tests.cluster.fake_objects import Objects
from tests.controller import tried
from tests.controller.kube import Kube
from tests.controller.pretend_environment import PretendPodClient, PretendWorld
from tests.controller.pretend_events import PretendEvents
from tests.controller.pretend_references import PretendReferences
from tests.controller.recording_runs import RecordingRuns
from tests.controller.server import PretendServer

NOON: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
CATALOGUE: Final = package_data.load_catalogue()
CONTEXT: Final = ReviewContext(catalogue=CATALOGUE)
ROUND: Final = timedelta(seconds=5)
_LOOP: Final = asyncio.Runner()
"""One for all worlds: a test reconciles a hundred times, and creating a loop costs as much as a reconcile."""
atexit.register(_LOOP.close)
MAX_TICKS: Final = 200
"""In one call; more means an operator that spins."""


Outcome = TypeVar("Outcome")


class Pretend:
    """The whole cluster, with an operator that can be killed and restarted."""

    ROUND: Final = ROUND

    def __init__(self, gpus: int = 8, product: str = "NVIDIA-L4", *, nodes_grow: bool = False) -> None:
        tried.COUNT["histories"] += 1
        self.objects = Objects()
        self.kube = Kube(objects=self.objects)
        self.server = PretendServer(self.objects)
        self.pod_client = PretendPodClient(self.objects)
        self.event_sink = PretendEvents()
        self.now = NOON
        self.kube.add_node("node-1", product, gpus)
        self.server.printed = self.kube.printed
        self.setting = ReconcileSettings(context=CONTEXT, installation=PLATFORM, nodes_grow=nodes_grow)
        self.presence = AutoscalerPresence()
        self.restart()

    def restart(self) -> None:
        """Start a fresh operator without state."""
        self.world = PretendWorld(self.objects)
        self.world.receive()
        self.references = PretendReferences(self.objects)
        work = WorkPods(self.server, self.server)
        self.sets = ItemSets(ItemReads(self.server, work, PLATFORM))
        self.runs = RecordingRuns(self.server, self.pod_client, self.sets, RunnerPods(pods=work, installation=PLATFORM))
        self.environment = environment = ReconcileEnvironment(
            client=self.server,
            cluster=self.world,
            pod_access=self.pod_client,
            lookup=SteadyReferences(self.references),
            events=self.event_sink,
            logs=self.server,
            sets=self.sets,
            runs=self.runs,
            presence=self.presence,
        )
        self.operator = Reconciler(self.setting, environment)

    def twin(self) -> "Pretend":
        """A second world in the same state as this one, with a fresh operator."""
        other = Pretend(gpus=0)
        other.objects.__dict__.update(self.objects.copied().__dict__)
        other.kube.take_over(self.kube)
        other.now, other.setting = self.now, self.setting
        other.restart()
        return other

    def second_operator(self) -> "Pretend":
        """Another operator on this same cluster."""
        other = Pretend(gpus=0)
        other.objects, other.kube, other.server, other.now = self.objects, self.kube, self.server, self.now
        other.pod_client, other.setting = self.pod_client, self.setting
        other.restart()
        return other

    def apply(self, document: Manifest) -> None:
        """Store as kubectl apply does; the status stays."""
        where = (kinds.INFERENCE_DEPLOYMENT.title, document["metadata"]["namespace"], document["metadata"]["name"])
        live = self.objects.held.get(where, {})
        status = {"status": live["status"]} if "status" in live else {}
        self.objects.put(kinds.INFERENCE_DEPLOYMENT, document | status)

    def tick(self, name: str = "chat") -> ReconcileOutcome:
        """Reconcile once."""
        return self.run(self.operator.reconcile(self.key(name), self.now))

    def run(self, reconcile: Coroutine[Any, Any, Outcome]) -> Outcome:
        """Run one reconcile, with the current state of the world."""
        self.world.receive()
        return _LOOP.run(reconcile)

    @staticmethod
    def key(name: str = "chat") -> ObjectKey:
        """The key of a deployment."""
        return ObjectKey(ours.DEPLOYMENT.name, "default", name)

    def reconcile_now(self, name: str = "chat") -> None:
        """Reconcile until there is nothing left to do; an API error is retried."""
        for _ in range(MAX_TICKS):
            try:
                outcome = self.tick(name)
            except ApiError:
                continue
            if outcome.after_s != 0 and not outcome.failed:
                return
            if outcome.failed:
                return
        raise AssertionError(f"the operator spins: {self.server.writes[-12:]}")

    def settle_or_fail(self, name: str = "chat") -> None:
        """Reconcile as often as an operator with back-off would in a while; failing is allowed."""
        for _ in range(12):
            try:
                if self.tick(name).after_s != 0:
                    return
            except ApiError:
                continue

    def rounds(self, count: int = 1, name: str = "chat") -> None:
        """Alternate rounds of the cluster and reconciles."""
        for _ in range(count):
            self.kube.round(self.now)
            self.reconcile_now(name)
            self.now += ROUND

    def settle(self, name: str = "chat", most: int = 60) -> None:
        """Run until nothing changes for some rounds."""
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
        """The message of a condition."""
        found = next(one for one in self.document(name)["status"]["conditions"] if one["type"] == kind)
        return str(found["message"])

    def engines(self, name: str = "chat") -> dict[str, int]:
        """Requested replicas, by revision."""
        found = self.objects.listed(
            kinds.DEPLOYMENT.title, "default", f"fairlead.dev/deployment={name},fairlead.dev/role=engine"
        )
        return {one["metadata"]["labels"]["fairlead.dev/revision"]: one["spec"]["replicas"] for one in found}

    def engine_pods(self, name: str = "chat") -> list[Manifest]:
        """All engine pods, including terminating ones."""
        return self.objects.listed("pods", "default", f"fairlead.dev/deployment={name},fairlead.dev/role=engine")

    def serving(self, name: str = "chat") -> frozenset[str]:
        """Ready engine pods that are not terminating, by uid."""
        return frozenset(pod["metadata"]["uid"] for pod in self.engine_pods(name) if pods.is_ready(pod))

    def serving_of(self, context: int, name: str = "chat") -> frozenset[str]:
        """Those of them that serve this context length."""
        found = (pod for pod in self.engine_pods(name) if pods.is_ready(pod))
        return frozenset(one["metadata"]["uid"] for one in found if str(context) in str(one["spec"]["containers"]))

    def fingerprint(self) -> dict[str, Any]:
        """All children without what the server or chance sets, and without facts of the past."""
        return {
            f"{where[0]}/{where[2]}": _essence(one)
            for where, one in self.objects.held.items()
            if where[0] not in {"pods", "nodes"}
        }


PLATFORM: Final = Installation(image="fairlead:test", operator_namespace="fairlead-system")
FORGOTTEN: Final = frozenset(
    f"fairlead.dev/{fact}"
    for fact in ("wanted-since", "grown-at", "served", "applied", "failure", "checked", "start-ends", "tolerated")
)
"""What is written on a revision about its past."""


def deployment(name: str = "chat", *, replicas: int | None = 2, context: int = 8192, **spec: object) -> Manifest:
    """A small deployment on simulated engines, as a user would write it."""
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
    rest = {key: value for key, value in one.items() if key not in {"metadata", "status"}}
    found = rest | {"labels": metadata.get("labels"), "annotations": notes}
    entries = [(c["type"], c["status"], c["reason"]) for c in (one.get("status") or {}).get("conditions") or ()]
    return found | {"conditions": sorted(entries)}
