"""Pods that lost their labels and whose revision was retired meanwhile: nothing adopts them, so they are ended."""

import asyncio
from typing import Any

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller.children import orphan_scan
from tests.controller.children.losses import Lister, relabelled, settled
from tests.controller.pretend import Pretend, deployment
from tests.controller.server import Faults


def uids(world: Pretend) -> set[str]:
    """Of all pods."""
    return {one["metadata"]["uid"] for one in world.objects.listed("pods", None, "")}


def abandoned_pod(world: Pretend) -> Manifest:
    """A pod without labels whose revision is no longer the spec's, and whose Deployment is gone."""
    pod = world.engine_pods()[0]
    relabelled(world, kinds.POD, pod, {})
    world.kube.round(world.now)
    world.apply(deployment(context=4096))
    world.kube.delete(kinds.DEPLOYMENT, "default", f"chat-{pod['metadata']['labels']['fairlead.dev/revision']}")
    return pod


@pytest.mark.trial(4)
@pytest.mark.parametrize("restarts", [False, True])
def test_a_pod_that_was_given_up_and_whose_revision_is_retired_is_ended_and_named(restarts: bool) -> None:
    """Nothing adopts it: it would keep its GPU forever."""
    world = settled(gpus=4)
    pod = abandoned_pod(world)
    if restarts:
        world.restart()
        asyncio.run(orphan_scan.find(Lister(world), world.world))
    world.settle()
    assert pod["metadata"]["uid"] not in uids(world)
    assert len(world.serving_of(4096)) == 2
    (event,) = [one for one in world.event_sink.published if one.startswith(f"PutBack pod {pod['metadata']['name']} ")]
    assert "belongs to no ReplicaSet any more, and kept 1 nvidia.com/gpu" in event
    assert event.endswith("No Deployment adopts it, so it is ended after its streams")
    assert world.condition("Ready") == ("True", "Serving")


@pytest.mark.trial(4)
def test_a_pod_that_was_given_up_does_not_keep_the_only_gpu_from_the_deployment_that_is_made_again() -> None:
    """There was no room for a Deployment that could have adopted it."""
    world = settled(gpus=2)
    for pod in world.engine_pods():
        relabelled(world, kinds.POD, pod, {})
    (name,) = world.engines()
    world.kube.round(world.now)
    world.kube.delete(kinds.DEPLOYMENT, "default", f"chat-{name}")
    world.rounds(2)
    world.settle()
    assert len(world.objects.listed("pods", None, "")) == 4, "two engines, two routers, and nothing left over"
    assert world.condition("Ready") == ("True", "Serving")


@pytest.mark.trial(4)
def test_a_pod_that_got_its_labels_back_after_its_deployment_was_deleted_is_ended_too() -> None:
    """The two writes crossed: it served on, and no status counted it."""
    world = settled(gpus=4)
    pod = world.engine_pods()[0]
    relabelled(world, kinds.POD, pod, {})
    world.kube.round(world.now)
    world.apply(deployment(context=4096))
    world.kube.delete(kinds.DEPLOYMENT, "default", f"chat-{pod['metadata']['labels']['fairlead.dev/revision']}")
    live = world.objects.found(("pods", "default", pod["metadata"]["name"]))
    relabelled(world, kinds.POD, live, pod["metadata"]["labels"])
    world.settle()
    assert pod["metadata"]["uid"] not in uids(world)
    assert world.document()["status"]["replicas"] == len(world.engine_pods()) == 2


@pytest.mark.trial(4)
@pytest.mark.parametrize("gpus", [2, 4])
def test_a_pod_whose_deployment_is_made_again_under_another_hash_is_ended_when_it_is_not_needed(gpus: int) -> None:
    """Kubernetes picks another hash while the name of the first ReplicaSet is taken: the next never adopts the pod."""
    world = settled(gpus=gpus)
    pod = world.engine_pods()[0]
    relabelled(world, kinds.POD, pod, {})
    world.kube.round(world.now)
    world.kube.template_hash = "5c6b7d8f99"
    world.kube.delete(kinds.DEPLOYMENT, "default", f"chat-{pod['metadata']['labels']['fairlead.dev/revision']}")
    world.rounds(2)
    world.settle()
    assert pod["metadata"]["uid"] not in uids(world)
    assert world.document()["status"]["replicas"] == len(world.engine_pods()) == 2
    assert world.condition("Ready") == ("True", "Serving")
    assert any("belongs to no ReplicaSet any more" in one for one in world.event_sink.published)


@pytest.mark.trial(4)
def test_what_keeps_a_pod_of_a_retired_revision_from_being_ended_is_a_condition() -> None:
    world = settled(gpus=4)
    pod = abandoned_pod(world)
    world.server.faults = Faults(forbidden=frozenset({("delete", "pods")}))
    world.settle_or_fail()
    assert world.condition("Progressing") == ("False", "NoRight")
    assert world.message("Progressing").startswith(f"Pod {pod['metadata']['name']} lost its labels, serves no requests")
    world.server.faults = Faults()
    world.settle()
    assert len(world.objects.listed("pods", None, "")) == 4, "two engines, two routers, and nothing left over"


@pytest.mark.trial(4)
def test_while_the_spec_is_refused_a_pod_that_was_given_up_waits_for_a_revision() -> None:
    """A user may correct the spec to what the pod was created from."""
    world = settled(gpus=4)
    pod = abandoned_pod(world)
    world.apply(deployment(engine={"kind": "Simulated", "context": {"maxTokens": -1}}))
    world.settle_or_fail()
    assert pod["metadata"]["uid"] in uids(world)


@pytest.mark.trial(4)
@pytest.mark.parametrize(
    "given",
    [
        {"generateName": "chat-batchjob-7d9f8b6c5d-"},
        {"generateName": "shop-d53b50a4-7d9f8b6c5d-"},
        {"generateName": ""},
        {"controller": True},
        {"container": "shop"},
    ],
    ids=lambda given: next(iter(given)),
)
def test_a_foreign_pod_is_not_mistaken_for_one_of_a_retired_revision(given: dict[str, Any]) -> None:
    world, change = settled(gpus=4), dict(given)
    pod = abandoned_pod(world)
    live = world.objects.found(("pods", "default", pod["metadata"]["name"]))
    spec = live["spec"] | {"containers": [live["spec"]["containers"][0] | {"name": change.pop("container", "engine")}]}
    if change.pop("controller", False):
        shop = world.objects.put(kinds.CONFIG_MAP, {"metadata": {"name": "shop", "namespace": "default"}})["metadata"]
        change["ownerReferences"] = [{"kind": "ConfigMap", "name": "shop", "uid": shop["uid"], "controller": True}]
    world.objects.put(kinds.POD, live | {"metadata": live["metadata"] | change, "spec": spec})
    world.restart()
    asyncio.run(orphan_scan.find(Lister(world), world.world))
    world.settle()
    assert pod["metadata"]["uid"] in uids(world)
