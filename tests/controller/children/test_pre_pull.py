"""`spec.prePull`: a DaemonSet holds the images of the newest revision on the nodes of replicas, and blocks nothing."""

import copy
from typing import Any, Final

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from tests.controller.kube_daemon_sets import DaemonSets
from tests.controller.pretend import Pretend, deployment
from tests.controller.test_admitted_tolerations import TAINT, admitted, reserved

TITLE: Final = kinds.DAEMON_SET.title
HOLDER: Final = (TITLE, "default", "chat-prepull")
NEXT: Final = "registry.example.com/engine:2"


def pulling(**spec: Any) -> Manifest:  # noqa: ANN401  # fields of a spec
    """The deployment, with its images pulled in advance."""
    return deployment(**{"prePull": True, **spec})


def with_image(image: str) -> Manifest:
    """The same with another image."""
    return pulling(engine={"kind": "Simulated", "image": image, "context": {"maxTokens": 8192}})


def at_rest(document: Manifest | None = None) -> DaemonSets:
    """A world of two GPU nodes and another one, with all images pulled."""
    world = Pretend()
    world.kube.add_node("node-2", "NVIDIA-L4", 8)
    world.kube.add_host("host", "8", "16Gi")
    world.apply(pulling() if document is None else document)
    found = DaemonSets(world=world)
    found.settle()
    return found


def image_of(world: Pretend) -> str:
    return str(world.objects.found(HOLDER)["spec"]["template"]["spec"]["containers"][0]["image"])


def reported(world: Pretend) -> Manifest:
    """Where images are pulled in advance, as the status says."""
    return dict(world.document()["status"].get("prePull", {}))


def test_nodes_with_the_accelerator_hold_the_image_and_the_status_counts_them() -> None:
    world = Pretend()
    world.kube.add_node("node-2", "NVIDIA-L4", 8)
    world.kube.add_host("host", "8", "16Gi")
    world.apply(pulling())
    sets = DaemonSets(world=world)
    world.reconcile_now()
    image = image_of(world)
    assert reported(world) == {"image": image}, "nothing is counted before Kubernetes has"
    sets.rounds(1)
    assert (reported(world)["nodes"], reported(world)["holding"]) == (2, 0)
    assert "kubectl describe pods -l fairlead.dev/pre-pull=chat" in reported(world)["message"]
    sets.settle()
    assert reported(world) == {"image": image, "nodes": 2, "holding": 2}
    assert {one["spec"]["containers"][0]["image"] for one in world.engine_pods()} == {image}


def test_switching_it_on_and_off_restarts_no_engine_and_at_rest_nothing_is_written() -> None:
    """P3, P4"""
    world = Pretend()
    world.apply(deployment())
    world.settle()
    serving = world.serving()

    world.apply(pulling())
    DaemonSets(world=world).settle()
    assert HOLDER in world.objects.held
    written = len(world.server.writes)
    world.restart()
    world.settle()
    assert world.server.writes[written:] == []

    world.apply(deployment())
    world.settle()
    assert HOLDER not in world.objects.held
    assert "prePull" not in world.document()["status"]
    assert world.serving() == serving


def test_it_goes_with_its_deployment() -> None:
    sets = at_rest()
    sets.world.kube.delete(kinds.INFERENCE_DEPLOYMENT, "default", "chat")
    sets.world.kube.round(sets.world.now)
    assert HOLDER not in sets.world.objects.held


def test_at_zero_replicas_nodes_keep_the_image() -> None:
    sets = at_rest()
    sets.world.apply(pulling(replicas=0))
    sets.settle()
    assert sets.world.serving() == frozenset()
    assert (reported(sets.world)["nodes"], reported(sets.world)["holding"]) == (2, 2)


def test_a_new_image_is_pulled_before_the_first_replica_drains_for_it() -> None:
    sets = at_rest()
    world, serving = sets.world, sets.world.serving()
    world.apply(with_image(NEXT))
    world.tick()
    assert image_of(world) == NEXT
    assert world.serving() == serving
    sets.settle()
    assert reported(world) == {"image": NEXT, "nodes": 2, "holding": 2}
    assert {one["spec"]["containers"][0]["image"] for one in world.engine_pods()} == {NEXT}


def test_the_check_before_a_rollout_goes_on_beside_it() -> None:
    sets = at_rest(pulling(replicas=1))
    sets.world.apply(pulling(replicas=1, context=4096))
    sets.settle()
    checks = [name for (title, name) in sets.world.server.made if title == "pods"]
    assert [name.endswith("-check") for name in checks] == [True]
    assert sets.world.serving_of(4096)
    assert reported(sets.world)["holding"] == 2


def test_an_image_that_cannot_be_pulled_raises_no_alarm_and_the_old_one_stays_on_nodes() -> None:
    """What a rollout to it comes to is the rollout's own message."""
    sets = at_rest(pulling(rollout={"paused": True}))
    sets.absent.add(NEXT)
    paused = with_image(NEXT)
    paused["spec"]["rollout"] = {"paused": True}
    sets.world.apply(paused)
    sets.settle()
    found = reported(sets.world)
    assert (found["nodes"], found["holding"]) == (2, 0)
    assert "say how long a pull took or why it fails" in found["message"]
    assert sets.world.condition("Ready") == ("True", "Serving")
    alarms = [one for one in sets.world.document()["status"]["conditions"] if one["type"] == "Stalled"]
    assert alarms == []
    assert sets.world.objects.found(HOLDER)["status"]["numberReady"] == 2, "the old pods hold the old image"


def test_a_node_that_comes_later_is_counted() -> None:
    sets = at_rest()
    sets.world.kube.add_node("node-3", "NVIDIA-L4", 8)
    sets.world.kube.add_node("other", "NVIDIA-H100-80GB-HBM3", 8)
    sets.rounds(1)
    assert (reported(sets.world)["nodes"], reported(sets.world)["holding"]) == (3, 2)
    sets.settle()
    assert (reported(sets.world)["nodes"], reported(sets.world)["holding"]) == (3, 3)


def test_nodes_whose_taint_admission_lets_replicas_tolerate_hold_the_image_too() -> None:
    """P3: also of a new revision, whose own pods do not show it yet, and at zero replicas."""
    world = Pretend()
    world.apply(deployment(replicas=2))
    world.settle()
    admitted(world)
    reserved(world)
    world.apply(pulling(replicas=2))
    sets = DaemonSets(world=world)
    sets.settle()
    assert (reported(world)["nodes"], reported(world)["holding"]) == (1, 1)
    stated = world.objects.found(HOLDER)["spec"]["template"]["spec"]["tolerations"]
    assert stated[-1] == {**TAINT, "operator": "Equal"}

    written = len(world.server.writes)
    world.restart()
    sets.settle()
    assert world.server.writes[written:] == []

    next_one = with_image(NEXT)
    next_one["spec"]["rollout"] = {"paused": True}
    world.apply(next_one)
    sets.settle()
    assert (image_of(world), reported(world)["nodes"]) == (NEXT, 1)
    world.apply(pulling(replicas=0))
    sets.settle()
    assert world.serving() == frozenset()
    assert (reported(world)["nodes"], reported(world)["holding"]) == (1, 1)


def test_without_a_node_for_replicas_the_status_says_so() -> None:
    sets = at_rest(pulling(accelerator={"product": "NVIDIA-H100-80GB-HBM3"}))
    assert reported(sets.world)["nodes"] == 0
    assert reported(sets.world)["message"].startswith("no node has the labels and taints that replicas need")


def test_an_edited_or_deleted_one_is_restored_and_reported() -> None:
    """P19"""
    sets = at_rest()
    world, whole = sets.world, sets.world.objects.found(HOLDER)["spec"]
    edited = copy.deepcopy(world.objects.found(HOLDER))
    edited["spec"]["template"]["spec"]["nodeSelector"] = {}
    world.objects.put(kinds.DAEMON_SET, edited)
    world.settle()
    assert world.objects.found(HOLDER)["spec"] == whole
    world.objects.remove(HOLDER, {})
    world.settle()
    assert world.objects.found(HOLDER)["spec"] == whole
    notes = [one for one in world.event_sink.published if one.startswith("PutBack ") and "chat-prepull" in one]
    assert ["nodeSelector" in one for one in notes] == [True, False]


def test_two_deployments_with_the_same_image_hold_it_twice() -> None:
    """Harmless: the second pod finds the image on the node. Neither depends on the other."""
    sets = at_rest()
    sets.world.apply(deployment("other", prePull=True))
    sets.world.settle("other")
    names = [one["metadata"]["name"] for one in sets.world.kube.of(kinds.DAEMON_SET)]
    assert names == ["chat-prepull", "other-prepull"]
    sets.world.apply(deployment("other"))
    sets.world.settle("other")
    assert [one["metadata"]["name"] for one in sets.world.kube.of(kinds.DAEMON_SET)] == ["chat-prepull"]


def test_a_refused_spec_leaves_it_as_it_is() -> None:
    sets = at_rest()
    before = sets.world.objects.found(HOLDER)
    sets.world.apply(deployment(context=10_000_000))
    sets.settle()
    assert sets.world.condition("Accepted")[0] == "False"
    assert sets.world.objects.found(HOLDER) == before
    assert reported(sets.world)["holding"] == 2


def test_a_refused_first_spec_pulls_nothing() -> None:
    world = Pretend()
    world.apply(pulling(context=10_000_000))
    world.settle()
    assert (HOLDER in world.objects.held, reported(world)) == (False, {})
