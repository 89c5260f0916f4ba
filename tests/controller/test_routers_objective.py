"""What routers get of the objective of a deployment's policy."""

import json

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller import queue_keys
from tests.controller.pretend import Pretend, deployment

SCALING: Manifest = {"minReplicas": 1, "maxReplicas": 4, "policy": {"name": "fast"}}


def policy(objectives: Manifest) -> Manifest:
    """As an SRE writes it."""
    metadata = {"name": "fast", "namespace": "default"}
    return {
        "apiVersion": "fairlead.dev/v1alpha1",
        "kind": "AutoscalingPolicy",
        "metadata": metadata,
        "spec": {"objectives": objectives},
    }


def objective_in(world: Pretend) -> object:
    """The objective in the routers' file."""
    found = world.objects.found((kinds.CONFIG_MAP.title, "default", "chat-router"))
    return json.loads(found["data"]["router.json"])["firstTokenSeconds"]


def test_routers_receive_the_objective_of_the_policy_and_each_change_of_it() -> None:
    world = Pretend()
    world.apply(deployment(replicas=None, scaling=SCALING))
    world.settle()
    assert objective_in(world) is None
    for objectives, seconds in (({"ttftP95": "1s"}, 1.0), ({"ttftP95": "1500ms"}, 1.5), ({"tpotP95": "60ms"}, None)):
        world.objects.put(kinds.AUTOSCALING_POLICY, policy(objectives))
        world.settle()
        assert objective_in(world) == seconds


def test_a_policy_wakes_the_gateways_of_the_deployments_that_follow_it() -> None:
    led = {
        "kind": "InferenceDeployment",
        "metadata": {"namespace": "default", "name": "chat"},
        "spec": {"scaling": SCALING, "gateway": {"name": "front"}},
    }
    found = queue_keys.keys(kinds.AUTOSCALING_POLICY, None, policy({}), lambda: [led])
    assert [(one.kind, one.name) for one in found] == [
        ("AutoscalingPolicy", "fast"),
        ("InferenceDeployment", "chat"),
        ("InferenceGateway", "front"),
    ]
