"""`kubectl delete --cascade=orphan`, and the object once more: it is scaled by the pods that it took back."""

import asyncio

from fairlead.autoscaler import deployment_pods
from fairlead.cluster.kinds import Manifest
from tests.autoscaler.fleets import SUBJECT, Fleet, PretendWorld, deployment, pod, policy, written_at


def part_of(name: str, role: str, uid: str | None) -> Manifest:
    """The Deployment of a role's pods, as old as they are, that the object with this UID controls, or none."""
    labels = dict(pod("chat", role, 0)["metadata"]["labels"])
    if role == "router":
        del labels["fairlead.dev/revision"]
    owners = [] if uid is None else [{"kind": "InferenceDeployment", "uid": uid, "controller": True}]
    metadata = {"name": name, "namespace": "team", "uid": f"uid-{name}", "creationTimestamp": written_at(0)}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata | {"labels": labels, "ownerReferences": owners},
        "spec": {"selector": {"matchLabels": labels}},
    }


def created_again() -> Manifest:
    """The object once more, an hour after its pods."""
    document = deployment("chat")
    return document | {"metadata": document["metadata"] | {"creationTimestamp": written_at(3600)}}


def names_of(world: PretendWorld) -> list[str]:
    """All pods by which the new object is scaled."""
    family = deployment_pods.of(world, created_again())
    return [one["metadata"]["name"] for one in (*family.engines, *family.routers)]


def test_pods_that_a_deletion_orphaned_on_purpose_scale_the_object_that_took_back_their_deployment() -> None:
    world = PretendWorld()
    for role in ("engine", "router"):
        world.receive(pod("chat", role, 0))
    world.receive(part_of("chat-00000001", "engine", None))
    world.receive(part_of("chat-router", "router", "uid-of-another"))
    assert names_of(world) == ["chat-engine-0"], "nobody has taken the routers yet"
    world.receive(part_of("chat-00000001", "engine", "uid-chat"))
    world.receive(part_of("chat-router", "router", "uid-chat"))
    assert names_of(world) == ["chat-engine-0", "chat-router-0"]


def test_pods_of_a_deleted_object_of_the_same_name_are_left_out() -> None:
    world = PretendWorld()
    for role in ("engine", "router"):
        world.receive(pod("chat", role, 0))
    assert names_of(world) == []
    for name, role in (("chat-00000001", "engine"), ("chat-router", "router")):
        world.receive(part_of(name, role, "uid-of-the-deleted"))
    assert names_of(world) == []


def test_replicas_that_serve_are_not_removed_because_they_are_older_than_their_object() -> None:
    """Caches are as full as they may be, and no request waits: without its engines the fleet seemed to do nothing."""

    async def report() -> None:
        fleet = Fleet()
        signals = {"queueDepth": {"targetPerReplica": 2}, "kvCache": {"target": "0.10"}}
        fleet.world.receive(policy(signals=signals, behavior={"scaleDown": {"stabilizationWindowSeconds": 60}}))
        fleet.subjects["chat"] = SUBJECT
        fleet.clock.now += 3600.0
        fleet.world.receive(created_again() | {"status": {"desiredReplicas": 4}})
        fleet.world.receive(part_of("chat-00000001", "engine", "uid-chat"))
        for number in range(4):
            fleet.world.receive(pod("chat", "engine", number))
        router = pod("chat", "router", 9)
        fleet.world.receive(router | {"metadata": router["metadata"] | {"creationTimestamp": written_at(3605)}})
        await fleet.rounds(200)
        assert fleet.scaling()["recommended"] == 4
        await fleet.sources.close()

    asyncio.run(report())
