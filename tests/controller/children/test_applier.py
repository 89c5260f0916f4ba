"""Objects are checked before they are deleted or created: nothing changed, foreign or terminating is touched."""

import copy

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from tests.controller.pretend import Pretend, deployment
from tests.controller.server import Faults


def emptied() -> tuple[Pretend, Manifest]:
    """A change of model one step before the old revision goes, and that revision."""
    world = Pretend(gpus=4)
    world.apply(deployment())
    world.settle()
    (old,) = world.objects.listed(kinds.DEPLOYMENT.title, None, "fairlead.dev/role=engine")
    world.apply(deployment(context=4096))
    world.server.faults = Faults(forbidden=frozenset({("delete", kinds.DEPLOYMENT.title)}))
    world.rounds(12)
    world.server.faults = Faults()
    return world, world.objects.found((kinds.DEPLOYMENT.title, "default", old["metadata"]["name"]))


def test_a_revision_that_is_requested_again_is_not_removed() -> None:
    """P16: the live count is read just before the write."""
    world, old = emptied()
    world.world.receive()
    world.world.receives = False
    world.objects.put(kinds.DEPLOYMENT, old | {"spec": old["spec"] | {"replicas": 1}})
    world.settle_or_fail()
    assert old["metadata"]["name"] in {one["metadata"]["name"] for one in world.kube.of(kinds.DEPLOYMENT)}


def test_a_namesake_of_an_empty_revision_is_not_removed() -> None:
    """P7: another object under the same name."""
    world, old = emptied()
    world.world.receive()
    world.world.receives = False
    where = (kinds.DEPLOYMENT.title, "default", old["metadata"]["name"])
    world.objects.remove(where, {})
    head = {key: value for key, value in old["metadata"].items() if key not in {"uid", "ownerReferences"}}
    world.objects.put(kinds.DEPLOYMENT, old | {"metadata": head})
    world.settle_or_fail()
    assert where in world.objects.held


def test_children_that_leave_or_are_others_are_not_pruned() -> None:
    """P19: of an earlier spec, only what is ours and stays is removed."""
    world = Pretend()
    world.apply(deployment())
    world.settle()
    where = (kinds.SERVICE.title, "default", "chat-older")
    going = copy.deepcopy(world.objects.found((kinds.SERVICE.title, "default", "chat-router")))
    going["metadata"] |= {"name": "chat-older", "deletionTimestamp": world.objects.moment}
    world.objects.put(kinds.SERVICE, going)
    labels = {"fairlead.dev/deployment": "chat", "app.kubernetes.io/managed-by": "fairlead"}
    theirs: Manifest = {"metadata": {"name": "theirs", "namespace": "default", "labels": labels}, "data": {}}
    world.objects.put(kinds.CONFIG_MAP, theirs)
    owners = going["metadata"]["ownerReferences"]
    ours = {"metadata": {"name": "chat-earlier", "namespace": "default", "labels": labels, "ownerReferences": owners}}
    world.objects.put(kinds.CONFIG_MAP, ours | {"data": {}})
    world.apply(deployment(replicas=1))
    world.reconcile_now()
    assert where in world.objects.held
    assert (kinds.CONFIG_MAP.title, "default", "theirs") in world.objects.held
    assert (kinds.CONFIG_MAP.title, "default", "chat-earlier") not in world.objects.held


def test_a_refused_spec_keeps_a_revision_whose_template_annotation_is_missing() -> None:
    """P15, P31: the live object is then the only record."""
    world = Pretend()
    world.apply(deployment())
    world.settle()
    served = world.serving()
    (engine,) = world.objects.listed(kinds.DEPLOYMENT.title, None, "fairlead.dev/role=engine")
    torn = copy.deepcopy(engine)
    torn["metadata"]["annotations"].pop("fairlead.dev/template")
    world.objects.put(kinds.DEPLOYMENT, torn)
    world.apply(deployment(context=10_000_000))
    world.settle()
    (after,) = world.objects.listed(kinds.DEPLOYMENT.title, None, "fairlead.dev/role=engine")
    assert after["spec"]["template"] == engine["spec"]["template"]
    assert world.serving() == served


def test_a_terminating_namespace_causes_no_alarming_condition() -> None:
    """P18: a child that may no longer be created there causes no alarming condition."""
    world = Pretend()
    world.apply(deployment())
    world.server.ends = True
    assert world.tick().after_s == 1.0
    assert "NoRight" not in str(world.document().get("status"))
    assert "ClusterRefuses" not in str(world.document().get("status"))
    assert world.objects.listed(kinds.DEPLOYMENT.title, None, "") == []
