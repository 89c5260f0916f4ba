"""Gateways with a real operator on an API server: children, moves under its garbage collection, scaling."""

import json
import time
from typing import Any, Final

from fairlead.objects import router_config
from tests.apiserver.scaling.conftest import Stage
from tests.controller.gateways.admitted_routers import admits_own
from tests.controller.pretend import deployment
from tests.waiting import eventually

CHILDREN: Final = (
    "deployments",
    "services",
    "configmaps",
    "roles",
    "rolebindings",
    "networkpolicies",
    "poddisruptionbudgets",
)
AT_REST_S: Final = 20.0


def gateway(stage: Stage, name: str, **spec: object) -> None:
    """A gateway, as a user writes it."""
    head = {"apiVersion": "fairlead.dev/v1alpha1", "kind": "InferenceGateway"}
    stage.apply(head | {"metadata": {"name": name, "namespace": "default"}, "spec": spec})


def joined(stage: Stage, name: str, front: str | None, **spec: Any) -> None:  # noqa: ANN401  # any field of a spec
    """A deployment of that gateway, or with its own router."""
    stage.apply(deployment(name, **({"gateway": {"name": front} if front else None} | spec)))


def status_of(stage: Stage, name: str) -> dict[str, Any]:
    """The whole status of a gateway."""
    found = (one for one in stage.objects("infg") if one["metadata"]["name"] == name)
    return dict(next(found, {}).get("status") or {})


def condition(status: dict[str, Any], kind: str) -> tuple[str, str]:
    """Status and reason of one condition."""
    found = (one for one in status.get("conditions", ()) if one["type"] == kind)
    return next(((one["status"], one["reason"]) for one in found), ("", ""))


def named(stage: Stage, name: str) -> set[str]:
    """The kinds of the children of this name."""
    return {kind for kind in CHILDREN for one in stage.objects(kind) if one["metadata"]["name"] == name}


def targets(stage: Stage, front: str) -> list[str]:
    """The deployments that the gateway's routers know."""
    found = [one for one in stage.objects("configmaps") if one["metadata"]["name"] == f"{front}-gateway"]
    return [str(one["target"]) for one in json.loads(found[0]["data"][router_config.FILE])["targets"]] if found else []


def versions(stage: Stage) -> dict[str, str]:
    """Every object of ours, with its version."""
    heads = [(kind, one["metadata"]) for kind in ("infd", "infg", *CHILDREN) for one in stage.objects(kind)]
    return {f"{kind}/{head['name']}": head["resourceVersion"] for kind, head in heads}


def reached_by_own(stage: Stage, name: str) -> bool:
    """Whether its engines accept connections of its own routers."""
    (wall,) = [one for one in stage.objects("networkpolicies") if one["metadata"]["name"] == f"{name}-engine"]
    return admits_own(wall, name)


def test_a_model_moves_to_a_gateway_and_back_and_all_of_it_goes_with_its_owners(stage: Stage) -> None:
    gateway(stage, "front", replicas=2, models=[{"name": "talk", "deployment": "moves"}])
    joined(stage, "moves", None, replicas=1, router={"replicas": 1})
    eventually(lambda: condition(stage.status("moves"), "Ready")[0] == "True", "it serves by its own router", 90)
    eventually(lambda: condition(status_of(stage, "front"), "Routable")[1] == "NoneReady", "nobody answers talk", 60)
    joined(stage, "moves", "front", replicas=1)
    eventually(lambda: targets(stage, "front") == ["default/moves"], "the gateway's routers know it", 60)
    eventually(lambda: named(stage, "moves-router") == {"services"}, "only its address is left of its router", 90)
    eventually(lambda: condition(status_of(stage, "front"), "Routable") == ("True", "Routable"), "talk is answered", 60)
    address = "http://front-gateway.default.svc/v1"
    eventually(lambda: stage.status("moves")["endpoint"] == address, "its status gives the new address", 30)
    (service,) = [one for one in stage.objects("services") if one["metadata"]["name"] == "moves-router"]
    assert service["spec"]["selector"] == {"fairlead.dev/gateway": "front", "fairlead.dev/role": "router"}
    (model,) = status_of(stage, "front")["models"]
    assert model == {"name": "talk", "ready": True, "targets": [{"name": "default/moves", "ready": 1, "routable": 1}]}

    eventually(lambda: not reached_by_own(stage, "moves"), "its own routers have drained, and reach no engine", 90)
    before = versions(stage)
    time.sleep(AT_REST_S)
    assert versions(stage) == before

    joined(stage, "moves", None, replicas=1, router={"replicas": 1})
    eventually(lambda: targets(stage, "front") == [], "the gateway's routers know it no more", 90)
    (service,) = [one for one in stage.objects("services") if one["metadata"]["name"] == "moves-router"]
    assert service["spec"]["selector"] == {"fairlead.dev/deployment": "moves", "fairlead.dev/role": "router"}
    stage.door.kubectl("delete", "infg", "front")
    eventually(lambda: named(stage, "front-gateway") == set(), "its children go with it", 60)


def test_a_deployment_of_a_gateway_is_scaled_by_what_waits_for_it_alone(stage: Stage) -> None:
    gateway(stage, "shared", replicas=1)
    scaling = {"minReplicas": 1, "maxReplicas": 6, "policy": {"name": "queue"}}
    for name in ("busy", "calm"):
        joined(stage, name, "shared", replicas=None, scaling=scaling)
    eventually(lambda: sorted(targets(stage, "shared")) == ["default/busy", "default/calm"], "both joined", 60)
    eventually(lambda: stage.recommended("busy") == stage.recommended("calm") == 1, "both are decided", 90)
    stage.pods.load("busy").waiting = 6
    stage.reaches("busy", 3)
    assert stage.replicas("calm") == 1
