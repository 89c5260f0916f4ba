"""Nodes with a taint that a webhook, not the spec, lets replicas tolerate: there is room for more where some run."""

import copy

from fairlead.cluster import kinds
from fairlead.objects import engine_deployment
from tests.controller.pretend import Pretend, deployment

TAINT = {"key": "dedicated", "value": "llm", "effect": "NoSchedule"}


def reserved(world: Pretend) -> None:
    """Reserve the node, as a cluster does whose webhook adds the toleration to pods of this namespace."""
    (node,) = world.objects.listed(kinds.NODE.title, None, "")
    world.objects.put(kinds.NODE, node | {"spec": {**(node.get("spec") or {}), "taints": [TAINT]}})


def admitted(world: Pretend) -> None:
    """What the webhook added to the pods that exist."""
    for pod in world.engine_pods():
        mutated = copy.deepcopy(pod)
        mutated["spec"].setdefault("tolerations", []).append({**TAINT, "operator": "Equal"})
        world.objects.put(kinds.POD, mutated)


def served_on_reserved_nodes() -> Pretend:
    """Two replicas, on nodes whose taint only admission lets them tolerate."""
    world = Pretend()
    world.apply(deployment(replicas=2))
    world.settle()
    admitted(world)
    reserved(world)
    return world


def test_a_deployment_grows_on_nodes_whose_taint_admission_lets_its_replicas_tolerate() -> None:
    world = served_on_reserved_nodes()
    world.apply(deployment(replicas=3))
    world.reconcile_now()
    assert list(world.engines().values()) == [3]


def test_a_new_revision_is_rolled_out_there_too() -> None:
    world = served_on_reserved_nodes()
    rollout = {"strategy": "Surge", "maxSurge": 1, "maxUnavailable": 0}
    world.apply(deployment(replicas=2, context=4096, rollout=rollout))
    world.rounds(2)
    assert sorted(world.engines().values()) == [1, 2], "one more is requested, and the scheduler decides"


def test_without_it_nothing_is_requested_and_the_taint_is_named() -> None:
    world = Pretend()
    world.apply(deployment(replicas=2))
    world.settle()
    reserved(world)
    world.apply(deployment(replicas=3))
    world.reconcile_now()
    assert list(world.engines().values()) == [2]
    assert "spec.placement.tolerations does not name the taint dedicated=llm:NoSchedule" in world.message("Scheduled")


def test_a_deployment_that_scaled_to_zero_there_starts_again() -> None:
    """No pod is left that shows what admission adds, so the revision's Deployment keeps it, over a restart too."""
    world = served_on_reserved_nodes()
    world.apply(deployment(replicas=0))
    world.settle()
    assert world.engine_pods() == []
    world.restart()
    world.apply(deployment(replicas=2))
    world.reconcile_now()
    assert list(world.engines().values()) == [2]


def test_a_new_revision_made_at_zero_starts_there_too() -> None:
    world = served_on_reserved_nodes()
    world.apply(deployment(replicas=0))
    world.settle()
    world.apply(deployment(replicas=0, context=4096))
    world.settle()
    world.apply(deployment(replicas=2, context=4096))
    world.reconcile_now()
    assert sorted(world.engines().values()) == [0, 2], "the Deployment of the older one stays until this one served"


def test_what_admission_adds_no_more_is_forgotten_once_a_pod_without_it_has_a_node() -> None:
    world = Pretend()
    world.apply(deployment(replicas=1))
    world.settle()
    admitted(world)
    world.settle()
    (engine,) = world.objects.listed(kinds.DEPLOYMENT.title, "default", "fairlead.dev/role=engine")
    assert '"key":"dedicated"' in engine["metadata"]["annotations"][engine_deployment.TOLERATED]
    (pod,) = world.engine_pods()
    world.objects.put(kinds.POD, pod | {"spec": pod["spec"] | {"tolerations": []}})
    world.settle()
    (engine,) = world.objects.listed(kinds.DEPLOYMENT.title, "default", "fairlead.dev/role=engine")
    assert engine_deployment.TOLERATED not in engine["metadata"]["annotations"]
