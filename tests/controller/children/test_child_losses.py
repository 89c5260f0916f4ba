"""What others strip or delete: a pod or Deployment that lost its labels is taken back, a deletion is named."""

import asyncio

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller.children import orphan_scan, orphans
from fairlead.controller.children.child_losses import ChildLoss, ChildLosses, LossKind
from fairlead.controller.pods.node_facts import RoomReader
from fairlead.objects.owner import Owner
from fairlead.review import deployment_review
from fairlead.review.context import ObjectKey, ReviewContext
from tests.controller.children.losses import Lister, relabelled, settled
from tests.controller.pretend import CATALOGUE, deployment
from tests.controller.server import Faults

STRIPPED = {
    "of all": (),
    "of what selects it": ("app.kubernetes.io/managed-by",),
    "of its template's hash": ("app.kubernetes.io/managed-by", "fairlead.dev/deployment", "fairlead.dev/role"),
}
"""Which of its labels a pod keeps."""


@pytest.mark.trial(4)
@pytest.mark.parametrize("kept", STRIPPED.values(), ids=STRIPPED.keys())
def test_an_engine_pod_that_lost_its_labels_is_taken_back_and_named(kept: tuple[str, ...]) -> None:
    """It kept its GPU, so the replacement by its ReplicaSet could never start."""
    world = settled()
    serving, before = world.serving(), world.fingerprint()
    pod = world.engine_pods()[0]
    relabelled(world, kinds.POD, pod, {name: pod["metadata"]["labels"][name] for name in kept})
    world.kube.round(world.now)
    world.settle()
    assert (world.serving(), world.fingerprint()) == (serving, before)
    assert len(world.objects.listed("pods", None, "")) == 4, "two engines, two routers, and nothing left over"
    (event,) = [one for one in world.event_sink.published if one.startswith("PutBack")]
    assert event.startswith(f"PutBack pod {pod['metadata']['name']}: ")
    assert "kept 1 nvidia.com/gpu" in event
    assert world.condition("Ready") == ("True", "Serving")


@pytest.mark.trial(4)
@pytest.mark.parametrize("seconds", [0, 1])
def test_a_pod_that_was_given_up_outlives_its_deployment_and_is_taken_over_by_the_next(seconds: int) -> None:
    """It has no owner then: without its labels it would run forever, with its GPU."""
    world = settled(gpus=4)
    pod = world.engine_pods()[0]
    relabelled(world, kinds.POD, pod, {})
    world.kube.round(world.now)
    (name,) = world.engines()
    world.kube.delete(kinds.DEPLOYMENT, "default", f"chat-{name}")
    world.rounds(seconds)
    world.settle()
    names = [one["metadata"]["name"] for one in world.engine_pods()]
    assert pod["metadata"]["name"] in names
    assert len(world.objects.listed("pods", None, "")) == 4, "two engines, two routers, and nothing left over"
    assert world.document()["status"]["readyReplicas"] == 2
    assert world.condition("Ready") == ("True", "Serving")


@pytest.mark.trial(4)
def test_a_pod_that_loses_labels_again_and_again_gets_all_of_them_each_time() -> None:
    """Those that were restored before are ours now, and an apply without them would remove them."""
    world = settled()
    name = world.engine_pods()[0]["metadata"]["name"]
    carried = world.engine_pods()[0]["metadata"]["labels"]
    for kept in ({}, {one: text for one, text in carried.items() if one != "fairlead.dev/role"}):
        relabelled(world, kinds.POD, world.objects.found(("pods", "default", name)), kept)
        world.settle()
        assert world.objects.found(("pods", "default", name))["metadata"]["labels"] == carried


@pytest.mark.trial(4)
def test_what_keeps_an_orphan_from_being_taken_back_is_a_condition_that_names_it() -> None:
    """With its GPU, which counts as taken; fixed once the right is there."""
    world = settled(gpus=3)
    pod = world.engine_pods()[0]
    world.server.faults = Faults(forbidden=frozenset({("patch", "pods")}))
    relabelled(world, kinds.POD, pod, {})
    world.kube.round(world.now)
    world.settle_or_fail()
    assert world.condition("Progressing") == ("False", "NoRight")
    message = world.message("Progressing")
    assert message.startswith(
        f"Pod {pod['metadata']['name']} lost its labels, serves no requests and keeps 1 nvidia.com/gpu: "
    )
    review = deployment_review.read(world.document(), ReviewContext(catalogue=CATALOGUE))
    room = RoomReader(world.world, nodes_grow=False).room(review, Owner(namespace="default", name="chat", uid="u"))
    assert (room.most, room.replicas) == (3, 0), "it holds one of three, as does each that serves"
    world.server.faults = Faults()
    world.settle()
    assert world.condition("Ready") == ("True", "Serving")
    assert len(world.engine_pods()) == 2


@pytest.mark.trial(4)
def test_an_orphan_that_ended_or_got_another_controller_is_left_alone() -> None:
    world = settled(gpus=4)
    first, second = world.engine_pods()
    shop = world.objects.put(kinds.CONFIG_MAP, {"metadata": {"name": "shop", "namespace": "default"}})
    owner = {"kind": "ReplicaSet", "name": "shop", "uid": shop["metadata"]["uid"], "controller": True}
    theirs = first["metadata"] | {"labels": {"app": "shop"}, "ownerReferences": [owner]}
    world.objects.put(kinds.POD, first | {"metadata": theirs})
    world.objects.put(
        kinds.POD, second | {"metadata": second["metadata"] | {"labels": {}}, "status": {"phase": "Failed"}}
    )
    world.reconcile_now()
    assert not [one for one in world.event_sink.published if one.startswith("PutBack")]
    assert world.objects.found(("pods", "default", first["metadata"]["name"]))["metadata"]["labels"] == {"app": "shop"}


@pytest.mark.trial(4)
@pytest.mark.parametrize("kept", [(), ("app.kubernetes.io/managed-by",), ("taken over",)])
def test_a_revisions_deployment_that_lost_its_labels_keeps_its_count_and_its_past(kept: tuple[str, ...]) -> None:
    """It was waited for endlessly, as something "we have not heard of yet"."""
    world = settled()
    serving, before = world.serving(), world.fingerprint()
    (live,) = world.objects.listed(kinds.DEPLOYMENT.title, None, "fairlead.dev/role=engine")
    carried = live["metadata"]["labels"]
    theirs = carried | {"app.kubernetes.io/managed-by": "Helm"}
    left = theirs if kept == ("taken over",) else {name: carried[name] for name in kept}
    relabelled(world, kinds.DEPLOYMENT, live, left)
    world.settle()
    assert (world.serving(), world.fingerprint()) == (serving, before)
    (event,) = [one for one in world.event_sink.published if one.startswith("PutBack")]
    assert event.startswith(
        f"PutBack Deployment {live['metadata']['name']}: metadata.labels was changed by an unknown client"
    )


@pytest.mark.trial(4)
def test_an_old_revision_that_lost_its_labels_is_still_emptied() -> None:
    """Its replicas would hold their GPUs forever, since nothing counted them."""
    world = settled()
    (live,) = world.objects.listed(kinds.DEPLOYMENT.title, None, "fairlead.dev/role=engine")
    world.apply(deployment(context=4096))
    world.rounds(2)
    live = world.objects.found((kinds.DEPLOYMENT.title, "default", live["metadata"]["name"]))
    relabelled(world, kinds.DEPLOYMENT, live, {})
    world.settle()
    assert len(world.serving_of(4096)) == 2
    assert len(world.engines()) == 1


@pytest.mark.trial(9)
def test_a_child_that_another_client_deleted_is_named_when_it_is_recreated() -> None:
    world = settled()
    events_before = len(world.event_sink.published)
    world.kube.delete(kinds.SERVICE, "default", "chat-router")
    world.tick()
    (answer,) = world.event_sink.published[events_before:]
    assert answer.startswith("PutBack Service chat-router was deleted, not by Fairlead; it is recreated: change or del")
    (engine,) = world.objects.listed(kinds.DEPLOYMENT.title, None, "fairlead.dev/role=engine")
    world.kube.delete(kinds.DEPLOYMENT, "default", engine["metadata"]["name"])
    world.settle()
    name = engine["metadata"]["name"]
    (answer,) = [one for one in world.event_sink.published[events_before:] if name in one]
    assert answer.startswith(f"PutBack Deployment {name} was deleted, not by Fairlead")
    assert world.condition("Ready") == ("True", "Serving")


@pytest.mark.trial(9)
@pytest.mark.parametrize("force", [False, True])
def test_a_pod_that_another_client_deleted_is_named(force: bool) -> None:
    world = settled(gpus=3)
    pod = world.engine_pods()[0]
    if force:
        world.objects.remove(("pods", "default", pod["metadata"]["name"]), {})
    else:
        world.kube.delete(kinds.POD, "default", pod["metadata"]["name"])
    world.settle()
    (event,) = [one for one in world.event_sink.published if one.startswith("Deleted")]
    assert event.startswith(
        f"Deleted pod {pod['metadata']['name']} was deleted, neither by Fairlead nor by a drain of its"
    )


@pytest.mark.trial(9)
def test_pods_that_a_scale_down_a_rollout_or_a_drain_ends_are_not_reported_as_deleted() -> None:
    world = settled(gpus=4)
    world.apply(deployment(replicas=1))
    world.settle()
    world.apply(deployment(replicas=2))
    world.settle()
    world.apply(deployment(context=4096))
    world.settle()
    pod = world.engine_pods()[0]
    drained = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}
    status = pod["status"] | {"conditions": [*pod["status"]["conditions"], drained]}
    world.objects.put(kinds.POD, pod | {"status": status})
    world.kube.delete(kinds.POD, "default", pod["metadata"]["name"])
    world.settle()
    world.kube.delete(kinds.INFERENCE_DEPLOYMENT, "default", "chat")
    world.rounds(6)
    assert not [one for one in world.event_sink.published if one.startswith(("Deleted", "PutBack"))]
    assert world.world.losses.of(world.key()) == ()


@pytest.mark.trial(4)
def test_what_lost_its_labels_while_no_operator_ran_is_found_when_one_leads() -> None:
    """No watch reports it: pods and Deployments without our label are listed once."""
    world = settled()
    serving, before = world.serving(), world.fingerprint()
    pod = world.engine_pods()[0]
    (live,) = world.objects.listed(kinds.DEPLOYMENT.title, None, "fairlead.dev/role=engine")
    relabelled(world, kinds.POD, pod, {})
    relabelled(world, kinds.DEPLOYMENT, live, {})
    world.kube.round(world.now)
    world.restart()
    asyncio.run(orphan_scan.find(Lister(world), world.world))
    world.settle()
    assert (world.serving(), world.fingerprint()) == (serving, before)
    assert len(world.objects.listed("pods", None, "")) == 4
    assert len([one for one in world.event_sink.published if one.startswith("PutBack")]) == 2


def test_a_namespace_that_cannot_be_listed_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    world = settled()
    lister = Lister(world)
    lister.fails = True
    asyncio.run(orphan_scan.find(lister, world.world))
    assert "cannot search for pods that lost their labels in namespace default" in caplog.text


def test_a_pod_is_known_by_the_name_it_was_generated_from() -> None:
    """And a longer name of another deployment's child does not match."""
    made_by: Manifest = {"metadata": {"name": "chat", "namespace": "default"}}
    ours: Manifest = {"metadata": {"generateName": "chat-7d9f8b6c5d-", "namespace": "default"}}
    longer: Manifest = {"metadata": {"generateName": "chat-router-7d9f8b6c5d-", "namespace": "default"}}
    elsewhere: Manifest = {"metadata": {"generateName": "chat-7d9f8b6c5d-", "namespace": "other"}}
    bare: Manifest = {"metadata": {"name": "chat-7d9f8b6c5d-x2x2x", "namespace": "default"}}
    found = [orphans.maker(pod, [made_by]) for pod in (ours, longer, elsewhere, bare)]
    assert found == [made_by, None, None, None]


def test_a_loss_that_is_reported_again_while_it_is_checked_is_checked_again() -> None:
    """A pod may lose its labels a second time right after they were restored."""
    losses, key = ChildLosses(), ObjectKey("InferenceDeployment", "default", "chat")
    pod = {"metadata": {"name": "p", "namespace": "default", "uid": "u"}}
    first, again = (ChildLoss(LossKind.RELABELLED, kinds.POD, pod) for _ in range(2))
    losses.suspect(key, first)
    losses.suspect(key, again)
    losses.settle(key, (first,))
    assert losses.of(key) == (again,)
    losses.settle(key, (again,))
    assert losses.of(key) == ()
