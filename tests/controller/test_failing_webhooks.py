"""A policy's webhook that has to allow our writes and is down: the status says so, and what serves goes on."""

from typing import Final

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Resource
from tests.controller.gateways.gateway_world import served
from tests.controller.pretend import Pretend, deployment
from tests.controller.server import Faults

DOWN: Final = (
    'Internal error occurred: failed calling webhook "validate.kyverno.svc-fail": failed to call webhook: Post '
    '"https://kyverno-svc.kyverno.svc:443/validate/fail?timeout=10s": no endpoints available for service "kyverno-svc"'
)


def down(*some: Resource) -> Faults:
    """Nothing of these kinds is written."""
    return Faults(refused={one.title: DOWN for one in some}, refused_with=500)


def test_a_new_deployment_says_which_webhook_keeps_it_from_starting() -> None:
    """It had no status and no Event, for as long as the webhook was down."""
    world = Pretend()
    world.server.faults = down(kinds.DEPLOYMENT, kinds.SERVICE, kinds.CONFIG_MAP)
    world.apply(deployment(replicas=2))
    assert "validate.kyverno.svc-fail" in world.tick().failed
    assert world.condition("Ready") == ("False", "ClusterRefuses")
    assert DOWN in world.message("Progressing")
    world.server.faults = Faults()
    world.settle()
    assert world.condition("Ready") == ("True", "Serving")


def test_an_edit_that_cannot_be_carried_out_is_not_reported_as_serving() -> None:
    """Ready stayed True, with the status of the generation before."""
    world = Pretend()
    world.apply(deployment(replicas=2))
    world.settle()
    world.server.faults = down(kinds.DEPLOYMENT)
    world.apply(deployment(replicas=2, context=4096))
    assert world.tick().failed
    document = world.document()
    assert document["status"]["observedGeneration"] == document["metadata"]["generation"]
    assert world.condition("Ready") == ("False", "ClusterRefuses")
    assert world.message("Ready").endswith("; 2 replicas keep serving")


def test_a_gateway_says_so_too() -> None:
    world = served(models=[{"name": "own", "deployment": "chat"}])
    world.server.faults = down(kinds.DEPLOYMENT, kinds.CONFIG_MAP)
    world.put_gateway(models=[{"name": "other", "deployment": "chat"}])
    world.gateway_tick()
    assert world.gateway_condition("Accepted") == ("False", "ClusterRefuses")
    assert DOWN in world.gateway_message("Accepted")


def test_images_that_are_not_pulled_in_advance_for_it_keep_no_replica_from_starting() -> None:
    world = Pretend()
    world.server.faults = down(kinds.DAEMON_SET)
    world.apply(deployment(replicas=2, prePull=True))
    world.settle()
    assert len(world.serving()) == 2
    assert world.condition("Ready") == ("True", "Serving")
    assert DOWN in world.document()["status"]["prePull"]["message"]
    assert (world.tick().after_s or 60.0) <= 15.0
