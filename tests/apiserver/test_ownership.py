"""Ownership on a real API server: children that others strip, delete or squat on, and an uninstalled operator's.

Kubernetes' own controllers run: ReplicaSets, garbage collection and scheduling of GPUs are real; what runs in pods is
not.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest

from devcluster.door import Embedded
from house.tree import ROOT
from tests import api_reader
from tests.controller.pretend import deployment
from tests.faults.operator import OperatorProcess
from tests.faults.small_cluster import small_cluster
from tests.waiting import eventually

ENGINES: Final = "fairlead.dev/deployment=chat,fairlead.dev/role=engine"
BARE: Final = '[{"op": "remove", "path": "/metadata/labels"}]'
RUNS_US: Final[dict[str, Any]] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "fairlead", "namespace": "default"},
    "spec": {
        "replicas": 0,
        "selector": {"matchLabels": {"app": "fairlead"}},
        "template": {
            "metadata": {"labels": {"app": "fairlead"}},
            "spec": {"containers": [{"name": "operator", "image": "fairlead"}]},
        },
    },
}
"""As the chart installs the operator; its process runs outside the cluster."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One deployment of two engines on two GPUs, and the operator."""

    door: Embedded
    operator: OperatorProcess

    def listed(self, kind: str, *words: str) -> list[dict[str, Any]]:
        """Objects as they are now."""
        return list(json.loads(self.door.kubectl("get", kind, "-o", "json", *words))["items"])

    def serving(self) -> frozenset[str]:
        """Engine pods by uid; empty while one is terminating."""
        found = api_reader.reader(self.door.kubeconfig).objects("pods", "default", ENGINES)
        leaving = any("deletionTimestamp" in one["metadata"] for one in found)
        return frozenset() if leaving else frozenset(one["metadata"]["uid"] for one in found)

    def engine(self) -> dict[str, Any]:
        """The oldest engine pod."""
        return min(self.listed("pods", "-l", ENGINES), key=lambda one: str(one["metadata"]["name"]))

    def events(self, reason: str) -> list[str]:
        """Events about our objects."""
        events = self.listed("events.events.k8s.io")
        return [str(one["note"]) for one in events if one["reason"] == reason]

    def condition(self, name: str, kind: str) -> dict[str, Any]:
        """One condition of a deployment."""
        found = api_reader.reader(self.door.kubeconfig).objects("infd", "default")
        status: dict[str, Any] = next((one.get("status", {}) for one in found if one["metadata"]["name"] == name), {})
        return next((one for one in status.get("conditions", ()) if one["type"] == kind), {})

    def rests(self) -> bool:
        """Whether the rollout is complete."""
        return self.condition("chat", "Progressing").get("reason") == "Complete" and len(self.serving()) == 2


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """All of it, settled."""
    with small_cluster(gpus=2, addresses="127.0.97.1/24") as door:
        door.kubectl("apply", "-f", "-", text=json.dumps(RUNS_US))
        folder = tmp_path_factory.mktemp("owner")
        (folder / "products.yaml").write_text("products:\n  - {product: NVIDIA-L4, priceUsdHour: 0.125}\n")
        flags = ("--deployment", "fairlead", "--webhook-port", "9444", "--products", str(folder / "products.yaml"))
        operator = OperatorProcess(kubeconfig=door.kubeconfig, folder=folder, host="127.0.0.23", flags=flags)
        operator.start()
        try:
            operator.wait_ready()
            door.kubectl("apply", "-f", "-", text=json.dumps(deployment()))
            made = Stage(door=door, operator=operator)
            eventually(made.rests, "the deployment serves")
            yield made
        finally:
            operator.kill()


def test_costs_are_calculated_with_the_prices_of_the_installation(stage: Stage) -> None:
    (found,) = api_reader.reader(stage.door.kubeconfig).objects("infd", "default")
    assert found["status"]["cost"]["perHour"] == "0.25"
    (routers,) = stage.listed("configmaps", "-l", "fairlead.dev/role=router")
    assert float(json.loads(routers["data"]["router.json"])["pricePerHour"]) == 0.125


@pytest.mark.trial(4)
def test_an_engine_pod_stripped_of_its_labels_is_taken_back_by_its_replica_set(stage: Stage) -> None:
    """It kept its GPU, so its replacement could never start, and nothing named it."""
    serving, pod = stage.serving(), stage.engine()
    stage.door.kubectl("patch", "pod", pod["metadata"]["name"], "--type=json", "-p", BARE)
    eventually(lambda: stage.events("PutBack"), "an Event tells of it", 20)
    eventually(lambda: stage.serving() == serving and stage.rests(), "the same two engines serve, and none beside", 30)
    live = stage.listed("pods", "--field-selector", f"metadata.name={pod['metadata']['name']}")
    assert [one["metadata"]["labels"] for one in live] == [pod["metadata"]["labels"]]
    assert live[0]["metadata"]["ownerReferences"][0]["kind"] == "ReplicaSet"
    (event,) = stage.events("PutBack")
    assert event.startswith(f"pod {pod['metadata']['name']}: 9 labels were removed or changed, not by Fairlead, so its")
    assert "It kept 1 nvidia.com/gpu meanwhile." in event
    assert len(stage.listed("pods")) == 4, "two engines, two routers"


@pytest.mark.trial(4)
def test_what_was_stripped_while_no_operator_ran_is_found_by_the_next_one(stage: Stage) -> None:
    """Both a pod and the Deployment of its revision; the ReplicaSet released the pod long ago."""
    serving, pod = stage.serving(), stage.engine()
    (engines,) = stage.listed("deploy", "-l", ENGINES)
    assert stage.operator.stop() == 0
    stage.door.kubectl("patch", "deploy", engines["metadata"]["name"], "--type=json", "-p", BARE)
    stage.door.kubectl("patch", "pod", pod["metadata"]["name"], "--type=json", "-p", BARE)
    name = f"metadata.name={pod['metadata']['name']}"
    eventually(
        lambda: "ownerReferences" not in stage.listed("pods", "--field-selector", name)[0]["metadata"],
        "its ReplicaSet let go of it",
        20,
    )
    stage.operator.start()
    eventually(lambda: stage.serving() == serving and stage.rests(), "the same two engines serve, and none beside", 40)
    (after,) = stage.listed("deploy", "-l", ENGINES)
    assert after["metadata"]["uid"] == engines["metadata"]["uid"]
    assert after["spec"] == engines["spec"]
    named = f"Deployment {engines['metadata']['name']}: metadata.labels was changed by"
    assert [one for one in stage.events("PutBack") if one.startswith(named)]


@pytest.mark.trial(9)
def test_what_a_user_deletes_is_named_in_an_event(stage: Stage) -> None:
    """For a child, that it is created again; for a pod, who creates another one."""
    stage.door.kubectl("delete", "service", "chat-router")
    pod = stage.engine()["metadata"]["name"]
    stage.door.kubectl("delete", "pod", pod, "--wait=false")
    eventually(lambda: stage.events("Deleted"), "an Event names the pod", 20)
    eventually(stage.rests, "another engine serves", 60)
    (event,) = stage.events("Deleted")
    assert event.startswith(
        f"pod {pod} was deleted, neither by Fairlead nor by a drain of its node; its ReplicaSet creates"
    )
    named = "Service chat-router was deleted, not by Fairlead; it is recreated"
    assert [one for one in stage.events("PutBack") if one.startswith(named)]
    (engines,) = stage.listed("deploy", "-l", ENGINES)
    name = engines["metadata"]["name"]
    stage.door.kubectl("delete", "deploy", name)
    eventually(lambda: any(name in one and "recreated" in one for one in stage.events("PutBack")), "and a Deployment")
    eventually(stage.rests, "its engines were started anew", 60)
    stage.door.kubectl("scale", "infd", "chat", "--replicas=1")
    eventually(lambda: len(stage.serving()) == 1, "one engine is enough")
    assert len(stage.events("Deleted")) == 1, "what a smaller count ends was nobody's deletion"


@pytest.mark.trial(7)
def test_no_engine_is_started_whose_routers_name_is_taken(stage: Stage) -> None:
    """Its GPU would be wasted, since no request reaches it."""
    taken = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop-router"}}
    stage.door.kubectl("apply", "-f", "-", text=json.dumps(taken | {"spec": {"ports": [{"port": 80}]}}))
    stage.door.kubectl("apply", "-f", "-", text=json.dumps(deployment("shop", replicas=1)))
    eventually(lambda: stage.condition("shop", "Accepted").get("reason") == "NameTaken", "the name is taken")
    assert stage.listed("deploy,pods,cm", "-l", "fairlead.dev/deployment=shop") == []
    message = stage.condition("shop", "Ready")["message"]
    assert (
        "Service shop-router exists already and is not Fairlead's; it is left alone, and nothing is started" in message
    )
    assert "keep" not in message
    stage.door.kubectl("delete", "service", "shop-router")
    stage.door.kubectl("annotate", "infd", "shop", "look=again")
    eventually(lambda: stage.condition("shop", "Available").get("status") == "True", "it starts then")
    stage.door.kubectl("delete", "infd", "shop")


@pytest.mark.trial(22)
def test_a_standby_logs_that_it_does_not_lead_and_takes_over_a_released_lease(stage: Stage) -> None:
    """A second process on the same Lease."""
    folder = stage.operator.folder / "standby"
    folder.mkdir()
    flags = ("--webhook", "off", "--deployment", "fairlead")
    standby = OperatorProcess(kubeconfig=stage.door.kubeconfig, folder=folder, host="127.0.0.24", flags=flags)
    standby.start()
    try:
        eventually(lambda: "stands by: " in standby.log.read_text(encoding="utf-8"), "it says so", 90)
        held = stage.door.kubectl("get", "lease", "fairlead-controller", "-o", "jsonpath={.spec.holderIdentity}")
        assert f"{held} holds the Lease default/fairlead-controller; if its renewals stop" in standby.log.read_text()
        assert stage.operator.stop() == 0
        eventually(lambda: f"which {held} released: it leads" in standby.log.read_text(), "it took over", 30)
    finally:
        standby.kill()


@pytest.mark.trial(8)
def test_of_an_uninstalled_operator_neither_lease_nor_secret_stays_and_explain_says_so(stage: Stage) -> None:
    """Its rights go first, so it can release nothing: the garbage collector does, by owner reference."""
    assert [
        one["metadata"]["name"] for one in stage.listed("secrets", "--field-selector", "metadata.name=fairlead-webhook")
    ]
    stage.operator.kill()
    assert stage.condition("chat", "Available")["status"] == "True", "the status goes on saying so"
    stage.door.kubectl("delete", "deploy", "fairlead")
    left = "secret/fairlead-webhook", "lease/fairlead-controller"
    eventually(lambda: stage.door.kubectl("get", *left, "--ignore-not-found") == "", "nothing of it is left", 30)
    environment = os.environ | {"KUBECONFIG": str(stage.door.kubeconfig), "PYTHONPATH": str(ROOT / "operator")}
    words = [sys.executable, "-m", "fairlead", "explain", "chat"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert "No operator is at work: there is no Lease fairlead-system/fairlead-controller" in done.stderr
    assert "the status was last changed " in done.stderr
