"""The controller's fake cluster with adapters, and loaders that follow the list, or do as instructed."""

import json
from typing import Any, Final

from fairlead.adapting import load_list
from fairlead.adapting.load_list import LoadList
from fairlead.api import kinds as ours
from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller.adapters.adapter_reconcile import AdapterReconciler
from fairlead.controller.reconcile import ReconcileSettings
from fairlead.controller.work_queue import ReconcileOutcome
from fairlead.fleet.adapters import AdapterPlace, AdapterState
from fairlead.review.context import ObjectKey, ReviewContext
from tests.controller.gateways.gateway_world import GatewayWorld
from tests.controller.pretend import CATALOGUE, PLATFORM, deployment

FIRST: Final = f"sha256:{'a' * 64}"
SECOND: Final = f"sha256:{'b' * 64}"
ENGINE: Final[dict[str, Any]] = {"kind": "Simulated", "context": {"maxTokens": 8192}}
SLOTS: Final[dict[str, Any]] = {"engine": ENGINE | {"lora": {"slots": 4, "claimName": "adapters"}}}


def version(digest: str = FIRST, traffic: int = 100) -> Manifest:
    """One version, from the claim."""
    return {"digest": digest, "source": "pvc://adapters/sql", "traffic": traffic}


class AdapterWorld(GatewayWorld):
    """A deployment `chat` with two replicas and adapter slots."""

    def __init__(self) -> None:
        super().__init__()
        claim = {"metadata": {"name": "adapters", "namespace": "default"}, "spec": {}}
        self.objects.put(kinds.VOLUME_CLAIM, {"apiVersion": "v1", "kind": "PersistentVolumeClaim"} | claim)
        self.apply(deployment(**SLOTS))
        self.settle()

    def restart(self) -> None:
        """Restart the operator; adapters are reconciled anew too."""
        super().restart()
        setting = ReconcileSettings(context=ReviewContext(catalogue=CATALOGUE), installation=PLATFORM)
        self.adapters = AdapterReconciler(setting, self.environment)

    def put_adapter(self, name: str = "sql", *versions: Manifest, **spec: Any) -> None:  # noqa: ANN401  # any field
        """Store as kubectl apply does; the status stays."""
        live = self.objects.held.get((kinds.ADAPTER.title, "default", name), {})
        status = {"status": live["status"]} if "status" in live else {}
        written = {"deployment": "chat", "versions": list(versions or [version()])} | spec
        head = {"apiVersion": ours.API_VERSION, "kind": ours.ADAPTER.name}
        born = live.get("metadata", {}).get("creationTimestamp") or self.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        metadata = {"name": name, "namespace": "default", "creationTimestamp": born}
        self.objects.put(kinds.ADAPTER, head | {"metadata": metadata, "spec": written} | status)

    def remove_adapter(self, name: str = "sql") -> None:
        """Delete as kubectl delete does."""
        self.kube.delete(kinds.ADAPTER, "default", name)

    def reconcile_adapter(self, name: str = "sql") -> ReconcileOutcome:
        """Reconcile an adapter once, a second after the last time."""
        for pod in self.engine_pods():
            self.adapters.forget(pod["metadata"]["uid"])
        return self.run(self.adapters.reconcile(ObjectKey(ours.ADAPTER.name, "default", name), self.now))

    def status(self, name: str = "sql") -> Manifest:
        """The adapter's status."""
        found: Manifest = self.objects.held[(kinds.ADAPTER.title, "default", name)].get("status", {})
        return found

    def reason(self, kind: str = "Ready", name: str = "sql") -> tuple[str, str]:
        """Status and reason of one of its conditions."""
        found = next(one for one in self.status(name)["conditions"] if one["type"] == kind)
        return found["status"], found["reason"]

    def words(self, name: str = "sql") -> str:
        """The message of Ready."""
        return str(next(one for one in self.status(name)["conditions"] if one["type"] == "Ready")["message"])

    @property
    def listed(self) -> LoadList:
        """The list that loaders read."""
        found = self.objects.held[(kinds.CONFIG_MAP.title, "default", "chat-adapters")]
        return load_list.read(found["data"][load_list.KEY])

    def router_file(self, name: str = "chat-router") -> Manifest:
        """The file that routers read."""
        found = self.objects.held[(kinds.CONFIG_MAP.title, "default", name)]["data"]["router.json"]
        return dict(json.loads(found))

    def load(self) -> None:
        """Have every loader load what is on the list."""
        for pod in self.engine_pods():
            name = pod["metadata"]["name"]
            done = [AdapterPlace(name=one.name, state=AdapterState.LOADED) for one in self.listed.of(name)]
            self.pod_client.adapter_places[name] = tuple(done)
