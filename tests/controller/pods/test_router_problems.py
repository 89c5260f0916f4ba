"""Routers that are not ready: the status says why, since requests wait for them."""

from typing import Any

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller.pods import router_problems
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.objects.owner import Owner
from tests.controller.pretend import Pretend, deployment

OWNER = Owner(namespace="default", name="chat", uid="1")


def observed(*routers: Manifest, **status: Any) -> DeploymentSnapshot:  # noqa: ANN401  # the status of a Deployment
    """A deployment with these router pods, none of them ready."""
    router = {"metadata": {"name": "chat-router"}, "spec": {"replicas": 2}, "status": status}
    return DeploymentSnapshot(
        document={}, owner=OWNER, engines=(), pods={}, routers=(), router=router, unready_routers=routers
    )


def router_pod(**status: Any) -> Manifest:  # noqa: ANN401  # the status of a pod
    """One that is not ready."""
    return {"metadata": {"name": "chat-router-a"}, "status": status}


def container(**fields: Any) -> Manifest:  # noqa: ANN401  # the status of a container
    """A router pod whose container is in this state."""
    return router_pod(containerStatuses=[{"name": "router", "image": "fairlead:1", "ready": False} | fields])


UNPLACED = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "Insufficient cpu"}
GATED = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated", "message": "Scheduling is blocked"}
LONG = "x" * 500


@pytest.mark.parametrize(
    ("pod", "words"),
    [
        (router_pod(conditions=[UNPLACED]), "pod chat-router-a has no node: Insufficient cpu"),
        (
            router_pod(conditions=[GATED]) | {"spec": {"schedulingGates": [{"name": "kueue.x-k8s.io/admission"}]}},
            "pod chat-router-a has no node: Scheduling is blocked: kueue.x-k8s.io/admission",
        ),
        (router_pod(), ""),
        (container(state={"waiting": {"reason": "ContainerCreating"}}), ""),
        (container(state={"running": {"startedAt": "2026-11-21T00:00:00Z"}}), ""),
        (
            container(state={"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}),
            "pod chat-router-a: image fairlead:1 cannot be pulled: not found; the chart's value image sets it",
        ),
        (
            container(state={"waiting": {"reason": "ErrImagePull"}}),
            "pod chat-router-a: image fairlead:1 cannot be pulled: ErrImagePull; the chart's value image sets it",
        ),
        (
            container(state={"terminated": {"exitCode": 2, "message": "one\nno such key\n"}}),
            "pod chat-router-a: the router exited with code 2: no such key; kubectl logs shows more",
        ),
        (
            container(state={"waiting": {"reason": "CrashLoopBackOff"}}, lastState={"terminated": {"exitCode": 1}}),
            "pod chat-router-a: the router exited with code 1: no last message; kubectl logs shows more",
        ),
        (
            container(state={"waiting": {"reason": "CreateContainerConfigError", "message": 'secret "k" not found'}}),
            'pod chat-router-a: the kubelet cannot create the container: secret "k" not found',
        ),
        (
            container(state={"terminated": {"exitCode": 1, "message": LONG}}),
            f"pod chat-router-a: the router exited with code 1: {'x' * 159}…; kubectl logs shows more",
        ),
    ],
)
def test_the_cause_is_named(pod: Manifest, words: str) -> None:
    assert router_problems.problem(observed(pod)) == words


def test_a_quota_that_refuses_their_pods_comes_first() -> None:
    refused = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: team"}
    assert router_problems.problem(observed(conditions=[refused])) == (
        "the API server refuses router pods: exceeded quota: team; resources and podMetadata of the spec shape them"
    )


def test_routers_that_have_no_pods_yet_may_need_time() -> None:
    assert router_problems.problem(observed()) == ""


def test_the_status_says_it() -> None:
    world = Pretend()
    world.apply(deployment())
    world.settle()
    for pod in world.objects.listed("pods", None, "fairlead.dev/role=router"):
        lost = [{"type": "Ready", "status": "False", "lastTransitionTime": "2026-11-21T00:01:00Z"}]
        running = [{"name": "router", "ready": False, "state": {"running": {"startedAt": "2026-11-21T00:00:00Z"}}}]
        status = pod["status"] | {"conditions": lost, "containerStatuses": running}
        world.objects.put(kinds.POD, pod | {"status": status})
    world.reconcile_now()
    assert world.condition("Routable") == ("False", "RoutersNotReady")
    assert world.message("Routable").startswith("0 of 2 routers are ready; pod chat-router-")
    assert world.message("Routable").endswith("does not answer its readiness probe; kubectl logs shows more")
