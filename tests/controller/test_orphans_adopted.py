"""`kubectl delete --cascade=orphan`, and the object once more: its replicas serve on, whatever room is left."""

from dataclasses import replace
from typing import Final

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.objects import engine_deployment
from tests.controller.pretend import Pretend, deployment
from tests.objects.specs import OWNER
from tests.objects.test_engine_deployment import FACTS, POD

WHERE: Final = (kinds.INFERENCE_DEPLOYMENT.title, "default", "chat")


def full(replicas: int = 2) -> Pretend:
    """A deployment whose replicas have every GPU of the cluster."""
    world = Pretend(gpus=replicas)
    world.apply(deployment(replicas=replicas))
    world.settle()
    assert len(world.serving()) == replicas
    return world


def orphan(world: Pretend) -> None:
    """Delete the object and leave its children without an owner; their own children keep theirs."""
    uid = world.document()["metadata"]["uid"]
    for where, child in list(world.objects.held.items()):
        owners = child["metadata"].get("ownerReferences") or ()
        if any(one["uid"] == uid for one in owners):
            bare = {key: value for key, value in child["metadata"].items() if key != "ownerReferences"}
            world.objects.put(kinds.of(child), world.objects.held[where] | {"metadata": bare})
    world.objects.remove(WHERE, {})
    world.rounds(2)


def owners(world: Pretend) -> set[str]:
    """The UIDs of the objects that control its engines."""
    found: list[Manifest] = world.kube.of(kinds.DEPLOYMENT, "fairlead.dev/role=engine")
    return {one["metadata"]["ownerReferences"][0]["uid"] for one in found}


@pytest.mark.parametrize("restarted", [False, True])
def test_replicas_that_were_orphaned_on_purpose_serve_on_when_the_object_is_created_again(restarted: bool) -> None:
    """Their own GPUs counted as taken, so that the revision was made anew with none of its replicas."""
    world = full()
    served = world.serving()
    orphan(world)
    if restarted:
        world.restart()
    world.apply(deployment())
    for _ in range(6):
        world.rounds()
        assert world.serving() == served
    assert owners(world) == {world.document()["metadata"]["uid"]}
    assert world.condition("Ready") == ("True", "Serving")
    writes = len(world.server.writes)
    world.rounds(3)
    assert len(world.server.writes) == writes


def test_an_object_created_again_with_another_spec_rolls_out_from_what_was_orphaned() -> None:
    """Without an owner the old revision would have kept its GPUs, and the new one would have waited for them."""
    world = full()
    orphan(world)
    world.apply(deployment(context=4096))
    world.settle()
    assert world.serving_of(4096) == world.serving()
    assert (len(world.engines()), len(world.serving())) == (1, 2)


def test_a_copy_of_a_revision_that_a_person_made_is_none_of_its_own() -> None:
    world = full(replicas=1)
    (name,) = (one["metadata"]["name"] for one in world.kube.of(kinds.DEPLOYMENT, "fairlead.dev/role=engine"))
    live = world.objects.held[(kinds.DEPLOYMENT.title, "default", name)]
    mine = {key: value for key, value in live["metadata"].items() if key not in ("uid", "ownerReferences")}
    copy = live | {"metadata": mine | {"name": "chat-debug"}, "spec": live["spec"] | {"replicas": 0}}
    world.objects.put(kinds.DEPLOYMENT, copy)
    world.settle()
    assert len(world.serving()) == 1
    kept = world.objects.held[(kinds.DEPLOYMENT.title, "default", "chat-debug")]
    assert "ownerReferences" not in kept["metadata"]


def test_a_deployment_without_a_controller_belongs_to_who_has_its_name() -> None:
    """kubectl delete --cascade=orphan leaves it with its pods; a copy under another name is a person's own."""
    made = engine_deployment.manifest(OWNER, FACTS, POD, 2)
    other = replace(OWNER, uid="another")
    assert engine_deployment.belongs(made, OWNER)
    assert not engine_deployment.belongs(made, other)
    bare = made | {"metadata": {key: one for key, one in made["metadata"].items() if key != "ownerReferences"}}
    assert engine_deployment.belongs(bare, other)
    assert not engine_deployment.belongs(bare, replace(OWNER, name="mail"))
    assert not engine_deployment.belongs(bare | {"spec": {}}, OWNER)
