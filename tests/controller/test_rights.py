"""Missing rights and refusing policies: named, harmless to all else, forgotten once granted."""

from typing import Final

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Resource
from tests.controller.pretend import Pretend, deployment

WRITES: Final = ("get", "patch", "delete")
APPLIED: Final[tuple[Resource, ...]] = (
    kinds.DEPLOYMENT,
    kinds.SERVICE,
    kinds.CONFIG_MAP,
    kinds.SERVICE_ACCOUNT,
    kinds.ROLE,
    kinds.ROLE_BINDING,
    kinds.NETWORK_POLICY,
)


@pytest.mark.parametrize("resource", APPLIED, ids=[one.title for one in APPLIED])
@pytest.mark.parametrize("verb", ["get", "patch"])
def test_a_missing_right_is_named_and_heals(resource: Resource, verb: str) -> None:
    """P23: verb and resource in the condition, and only the right is needed."""
    world = Pretend()
    world.server.faults.forbidden = frozenset({(verb, resource.title)})
    world.apply(deployment())
    world.rounds(2)
    assert world.condition("Progressing") == ("False", "NoRight")
    assert f"Fairlead is not permitted to {verb} {resource.title} chat" in world.message("Progressing")
    assert world.condition("Ready") == ("False", "NoRight")
    world.server.faults.forbidden = frozenset()
    world.settle()
    assert world.condition("Ready") == ("True", "Serving")


def test_a_missing_right_to_delete_leaves_an_empty_revision_and_says_so() -> None:
    """P23: the change itself goes through."""
    world = Pretend(gpus=3)
    world.apply(deployment())
    world.settle()
    world.server.faults.forbidden = frozenset({("delete", kinds.DEPLOYMENT.title)})
    world.apply(deployment(context=4096))
    world.rounds(12)
    assert sorted(world.engines().values()) == [0, 2]
    assert "not permitted to delete deployments.apps chat-" in world.message("Progressing")
    world.server.faults.forbidden = frozenset()
    world.settle()
    assert sorted(world.engines().values()) == [2]


def test_a_missing_right_to_set_pod_deletion_costs_is_reported() -> None:
    """P23: pods get a deletion cost before one goes."""
    world = Pretend()
    world.apply(deployment())
    world.settle()
    first, second = sorted(one["metadata"]["name"] for one in world.engine_pods())
    world.pod_client.busy = {first: 0, second: 5}
    world.server.faults.forbidden = frozenset({("patch", kinds.POD.title)})
    world.apply(deployment(replicas=1))
    world.rounds(2)
    assert f"Fairlead is not permitted to patch pods {second}" in world.message("Ready")
    world.server.faults.forbidden = frozenset()
    world.settle()
    assert [one["metadata"]["name"] for one in world.engine_pods()] == [second]


def test_a_policy_that_refuses_a_child_is_quoted() -> None:
    """P23: with its own message."""
    world = Pretend()
    world.server.faults.refused = {kinds.SERVICE.title: "admission webhook denied: label team is required"}
    world.apply(deployment())
    world.rounds(2)
    assert world.condition("Progressing") == ("False", "ClusterRefuses")
    assert "label team is required" in world.message("Progressing")
    world.server.faults.refused = {}
    world.settle()
    assert world.condition("Ready") == ("True", "Serving")


def test_what_one_deployment_is_refused_does_not_keep_another_from_serving() -> None:
    """P23"""
    world = Pretend()
    world.apply(deployment("other"))
    world.settle("other")
    world.server.faults.forbidden = frozenset({("patch", kinds.ROLE.title)})
    world.apply(deployment())
    world.rounds(2)
    assert world.condition("Ready") == ("False", "NoRight")
    world.apply(deployment("other", replicas=3))
    world.settle("other")
    assert world.condition("Ready", "other") == ("True", "Serving")


def test_nodes_that_may_not_be_seen_hold_nothing_back() -> None:
    """P24: the scheduler reports what we cannot see."""
    world = Pretend(gpus=2)
    world.world.blind = frozenset({kinds.NODE})
    world.apply(deployment(replicas=3))
    world.settle()
    assert list(world.engines().values()) == [3]
    assert world.condition("Scheduled") == ("False", "Unschedulable")
    assert "0/1 nodes fit" in world.message("Scheduled")
    world.kube.add_node("node-2", "NVIDIA-L4", 2)
    world.settle()
    assert world.condition("Ready") == ("True", "Serving")


def test_a_policy_that_comes_and_goes_is_followed() -> None:
    """P24: what is optional may be absent, appear, and be absent again."""
    world = Pretend()
    scaled = deployment(scaling={"minReplicas": 1, "maxReplicas": 3, "policy": {"name": "calm"}})
    scaled["spec"].pop("replicas")
    world.apply(scaled)
    world.settle()
    assert world.condition("ScalingActive") == ("False", "PolicyNotFound")
    policy = {"metadata": {"name": "calm", "namespace": "default"}, "spec": {}}
    world.objects.put(kinds.AUTOSCALING_POLICY, policy)
    world.settle()
    assert world.condition("ScalingActive") == ("Unknown", "NoRecommendation")
    world.kube.delete(kinds.AUTOSCALING_POLICY, "default", "calm")
    world.settle()
    assert world.condition("ScalingActive") == ("False", "PolicyNotFound")
    assert world.condition("Ready") == ("True", "Serving")
