"""The controller's fake cluster with gateways: one process reconciles them and their deployments in turn."""

import json
from typing import Any, Final

from fairlead.api import kinds as ours
from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller.gateways.gateway_reconcile import GatewayReconciler
from fairlead.controller.reconcile import ReconcileEnvironment, ReconcileSettings
from fairlead.controller.work_queue import ReconcileOutcome
from fairlead.review.context import ObjectKey, ReviewContext
from tests.controller.pretend import CATALOGUE, PLATFORM, Pretend, deployment
from tests.controller.pretend_references import PretendReferences

MAX_TICKS: Final = 60


class GatewayWorld(Pretend):
    """A cluster with one gateway, `front`, or with what else is applied."""

    def restart(self) -> None:
        """Start a fresh operator without state."""
        super().restart()
        self.named = PretendReferences(self.objects)
        environment = ReconcileEnvironment(
            client=self.server,
            cluster=self.world,
            pod_access=self.pod_client,
            lookup=self.named,
            events=self.event_sink,
            logs=self.server,
            sets=self.sets,
            runs=self.runs,
        )
        self.fronts = GatewayReconciler(
            ReconcileSettings(context=ReviewContext(catalogue=CATALOGUE), installation=PLATFORM), environment
        )

    def put_gateway(self, name: str = "front", namespace: str = "default", **spec: Any) -> None:  # noqa: ANN401
        """Store as kubectl apply does; the status stays."""
        live = self.objects.held.get((kinds.INFERENCE_GATEWAY.title, namespace, name), {})
        status = {"status": live["status"]} if "status" in live else {}
        metadata = {"name": name, "namespace": namespace}
        head = {"apiVersion": ours.API_VERSION, "kind": ours.GATEWAY.name}
        self.objects.put(kinds.INFERENCE_GATEWAY, head | {"metadata": metadata, "spec": spec} | status)

    def join(self, name: str = "chat", **spec: Any) -> None:  # noqa: ANN401  # any field of a deployment
        """Add a deployment that names the gateway."""
        self.apply(deployment(name, **({"gateway": {"name": "front"}} | spec)))

    def gateway_tick(self, name: str = "front", namespace: str = "default") -> ReconcileOutcome:
        """Reconcile a gateway once."""
        return self.run(self.fronts.reconcile(ObjectKey(ours.GATEWAY.name, namespace, name), self.now))

    def reconcile_now(self, name: str = "") -> None:
        """Reconcile every object until nothing is left to do."""
        del name
        for _ in range(MAX_TICKS):
            before = self.objects.version
            for _, namespace, each in self._all(kinds.INFERENCE_DEPLOYMENT.title):
                assert namespace == "default"
                super().reconcile_now(each)
            for _, namespace, each in self._all(kinds.INFERENCE_GATEWAY.title):
                self.gateway_tick(each, namespace)
            if self.objects.version == before:
                return
        raise AssertionError(f"the operator spins: {self.server.writes[-12:]}")

    def gateway(self, name: str = "front", namespace: str = "default") -> Manifest:
        """The gateway as stored."""
        return self.objects.held[(kinds.INFERENCE_GATEWAY.title, namespace, name)]

    def gateway_condition(self, kind: str, name: str = "front") -> tuple[str, str]:
        """Status and reason of one of its conditions."""
        found = next(one for one in self.gateway(name)["status"]["conditions"] if one["type"] == kind)
        return found["status"], found["reason"]

    def gateway_message(self, kind: str, name: str = "front") -> str:
        """The message of a condition."""
        found = next(one for one in self.gateway(name)["status"]["conditions"] if one["type"] == kind)
        return str(found["message"])

    def configuration(self, name: str = "front", namespace: str = "default") -> Manifest:
        """The configuration of the gateway's routers."""
        held = self.objects.held[("configmaps", namespace, f"{name}-gateway")]
        return dict(json.loads(held["data"]["router.json"]))

    def children(self, name: str) -> set[str]:
        """Kind and name of every object whose name begins with this, except the engines' own."""
        names = (
            (title, each)
            for title, _, each in self.objects.held
            if title not in {"pods", "nodes", kinds.INFERENCE_DEPLOYMENT.title, kinds.INFERENCE_GATEWAY.title}
        )
        return {f"{title.partition('.')[0]}/{each}" for title, each in names if each.startswith(name)}

    def _all(self, title: str) -> list[tuple[str, str, str]]:
        return sorted(where for where in self.objects.held if where[0] == title)


def served(**spec: Any) -> GatewayWorld:  # noqa: ANN401  # any field of a gateway
    """A settled gateway with one deployment."""
    world = GatewayWorld()
    world.put_gateway(**spec)
    world.join()
    world.settle()
    return world
