"""Children that were deleted and are not gone yet: all else goes on, and the status says what is awaited."""

from datetime import timedelta
from typing import Any, Final

import pytest

from fairlead.cluster import kinds, package_data
from fairlead.cluster.kinds import Resource
from fairlead.review import diagnosis, remedies
from tests.controller.gateways.gateway_world import served
from tests.controller.pretend import Pretend, deployment
from tests.controller.test_bad_revisions import BROKEN, on_the_way

REMEDIES: Final = remedies.read(package_data.remedies())
SERVICE: Final = "Service chat-router is being removed and is created again once it is gone"


def settled() -> Pretend:
    """A deployment at rest."""
    world = Pretend()
    world.apply(deployment())
    world.settle()
    return world


def end(world: Pretend, resource: Resource, name: str) -> None:
    """Delete a child that a finalizer keeps, such as that of a cloud's load balancer."""
    live = world.objects.found((resource.title, "default", name))
    head = {"deletionTimestamp": world.objects.moment, "finalizers": ["example.com/cleanup"]}
    world.objects.put(resource, live | {"metadata": live["metadata"] | head})


def engine_name(world: Pretend) -> str:
    """The name of the only revision's Deployment."""
    (engine,) = world.objects.listed(kinds.DEPLOYMENT.title, None, "fairlead.dev/role=engine")
    return str(engine["metadata"]["name"])


def test_an_edit_rolls_out_while_the_routers_service_is_on_its_way_out() -> None:
    """P18: for hours, if the cloud cannot remove its load balancer."""
    world = settled()
    before = set(world.engines())
    end(world, kinds.SERVICE, "chat-router")
    world.apply(deployment(context=4096, replicas=3))
    for _ in range(30):
        world.kube.round(world.now)
        assert world.tick().after_s == 1.0
        world.now += world.ROUND
    assert (list(world.engines().values()), before & set(world.engines())) == ([3], set())
    status = world.document()["status"]
    assert (status["observedGeneration"], status["readyReplicas"]) == (2, 3)
    assert world.condition("Progressing") == ("True", "ChildTerminating")
    assert world.message("Reconciling").startswith(SERVICE)
    assert world.condition("Ready") == ("True", "Serving")


def test_a_new_revision_that_fails_meanwhile_is_reported_as_without_it() -> None:
    """Tools that wait for the rollout must not read success."""
    world, old, new = on_the_way()
    end(world, kinds.SERVICE, "chat-router")
    world.kube.broken[new] = BROKEN["OutOfGpuMemory"][0]
    for _ in range(8):
        world.kube.round(world.now)
        world.tick()
        world.now += world.ROUND
    assert world.condition("Ready") == world.condition("Progressing") == ("False", "OutOfGpuMemory")
    assert f"| {SERVICE}" in world.message("Progressing")
    world.now += timedelta(seconds=60)
    for _ in range(20):
        world.kube.round(world.now)
        world.tick()
        world.now += world.ROUND
    assert world.engines() == {old: 2, new: 0}
    assert world.condition("Ready") == world.condition("Progressing") == ("False", "DeadlineExceeded")
    assert world.condition("Stalled") == ("True", "DeadlineExceeded")
    assert f"| {SERVICE}" in world.message("Progressing")


@pytest.mark.parametrize("resource", [kinds.SERVICE, kinds.CONFIG_MAP, kinds.DEPLOYMENT], ids=lambda one: one.kind)
def test_it_is_created_again_once_it_is_gone(resource: Resource) -> None:
    world = settled()
    end(world, resource, "chat-router")
    world.tick()
    assert world.condition("Progressing") == ("True", "ChildTerminating")
    world.objects.remove((resource.title, "default", "chat-router"), {})
    world.settle()
    assert "deletionTimestamp" not in world.objects.found((resource.title, "default", "chat-router"))["metadata"]
    assert world.condition("Progressing") == ("True", "Complete")
    assert "Reconciling" not in str(world.document()["status"]["conditions"])


def test_while_a_revisions_deployment_goes_no_other_starts_or_stops_and_the_status_is_true() -> None:
    """Deleted in the foreground, it stays until its pods have drained."""
    world = settled()
    name = engine_name(world)
    end(world, kinds.DEPLOYMENT, name)
    for pod in world.engine_pods():
        world.objects.remove((kinds.POD.title, "default", pod["metadata"]["name"]), {})
    world.apply(deployment(context=4096))
    world.tick()
    published = len(world.event_sink.published)
    for _ in range(3):
        assert world.tick().after_s == 1.0
    assert engine_name(world) == name
    assert world.document()["status"]["readyReplicas"] == 0
    assert world.message("Progressing").startswith(f"Deployment {name} is being removed")
    assert world.condition("Ready") == ("False", "ChildTerminating")
    assert len(world.event_sink.published) == published, "a step that waits is no news"
    world.objects.remove((kinds.DEPLOYMENT.title, "default", name), {})
    world.settle()
    assert engine_name(world) != name
    assert world.condition("Ready") == ("True", "Serving")


def test_a_gateway_goes_on_too_and_says_what_it_awaits() -> None:
    world = served()
    end(world, kinds.SERVICE, "front-gateway")
    world.put_gateway(models=[{"name": "talk", "deployment": "chat"}])
    assert world.gateway_tick().after_s == 1.0
    assert [one["name"] for one in world.configuration()["routes"]] == ["talk"]
    assert world.gateway_condition("Accepted") == ("True", "Accepted")
    assert "Service front-gateway is being removed" in world.gateway_message("Accepted")
    world.objects.remove((kinds.SERVICE.title, "default", "front-gateway"), {})
    world.settle()
    assert "is being removed" not in world.gateway_message("Accepted")


def made_again_before_its_garbage_is_collected() -> Pretend:
    """A deployment that was deleted and made again while Kubernetes does not remove the children of the first."""
    world = settled()
    world.objects.remove((kinds.INFERENCE_DEPLOYMENT.title, "default", "chat"), {})
    world.apply(deployment(context=4096))
    return world


def children(world: Pretend) -> dict[str, Any]:
    """All that stands there except the deployment itself."""
    return {name: one for name, one in world.fingerprint().items() if not name.startswith("inferencedeployments")}


def test_a_deployment_made_again_waits_for_the_children_of_the_first_and_its_status_says_so() -> None:
    """It had no status at all while kube-controller-manager collected no garbage."""
    world = made_again_before_its_garbage_is_collected()
    before = children(world)
    for _ in range(3):
        assert world.tick().after_s == 1.0
    assert children(world) == before, "nothing of the first one is adopted, and nothing is started beside it"
    assert world.condition("Progressing") == ("True", "ChildTerminating")
    assert "belongs to a deleted InferenceDeployment chat; nothing is started before Kubernetes has removed it" in (
        world.message("Progressing")
    )
    world.kube.round(world.now)
    world.settle()
    assert world.condition("Ready") == ("True", "Serving")


def test_what_a_deployment_made_again_waits_for_is_the_first_cause_why_it_does_not_serve() -> None:
    """It was no cause at all, and people were sent to the logs of engines that did not exist."""
    world = made_again_before_its_garbage_is_collected()
    world.tick()
    assert world.condition("Ready") == ("False", "ChildTerminating")
    assert world.message("Ready") == world.message("Progressing")
    first = diagnosis.diagnose(world.document(), REMEDIES).found[0]
    assert (first.type, first.reason) == ("Progressing", "ChildTerminating")
    assert first.command == "kubectl get deployments,services,configmaps -n default -o yaml"
    world.apply(deployment(context=10_000_000))
    world.tick()
    assert world.condition("Ready")[1] == world.condition("Accepted")[1] != "ChildTerminating"


def test_a_deployment_made_again_serves_while_the_load_balancer_of_the_first_is_removed() -> None:
    """The cloud takes hours at times, and all waited for it as for garbage that is not collected."""
    world = settled()
    end(world, kinds.SERVICE, "chat-router")
    world.objects.remove((kinds.INFERENCE_DEPLOYMENT.title, "default", "chat"), {})
    world.apply(deployment(context=4096))
    world.rounds(8)
    assert list(world.engines().values()) == [2]
    assert world.condition("Ready") == ("True", "Serving")
    assert world.condition("Progressing") == ("True", "ChildTerminating")
    assert world.message("Progressing").startswith(SERVICE)
    world.objects.remove((kinds.SERVICE.title, "default", "chat-router"), {})
    world.settle()
    assert world.condition("Progressing") == ("True", "Complete")


def test_a_gateway_made_again_serves_likewise() -> None:
    world = served()
    end(world, kinds.SERVICE, "front-gateway")
    world.objects.remove((kinds.INFERENCE_GATEWAY.title, "default", "front"), {})
    world.put_gateway(models=[{"name": "talk", "deployment": "chat"}])
    world.rounds(8)
    assert world.gateway_condition("Ready") == ("True", "Serving")
    assert world.gateway()["status"]["readyReplicas"] == 2
    assert "Service front-gateway is being removed" in world.gateway_message("Accepted")


def test_a_gateway_made_again_waits_likewise_and_does_not_serve_by_the_routers_of_the_first() -> None:
    """It was ready, and so was its new model, which those routers have never had."""
    world = served()
    world.objects.remove((kinds.INFERENCE_GATEWAY.title, "default", "front"), {})
    world.put_gateway(models=[{"name": "talk", "deployment": "chat"}])
    assert world.gateway_tick().after_s == 1.0
    assert world.gateway_condition("Accepted") == ("Unknown", "ChildTerminating")
    assert "belongs to a deleted InferenceGateway front" in world.gateway_message("Accepted")
    assert world.gateway_condition("Ready") == ("False", "ChildTerminating")
    status = world.gateway()["status"]
    assert (status["readyReplicas"], [one["ready"] for one in status["models"]]) == (0, [False])
    assert "Stalled" not in str(status["conditions"]), "it goes on by itself"
    assert diagnosis.diagnose(world.gateway(), REMEDIES).found[0].reason == "ChildTerminating"
    world.kube.round(world.now)
    world.settle()
    assert [one["name"] for one in world.configuration()["routes"]] == ["talk"]
    assert world.gateway_condition("Accepted") == ("True", "Accepted")
    assert world.gateway_condition("Ready") == ("True", "Serving")
