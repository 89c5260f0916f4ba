"""A revision whose pods the cluster refuses, all of them: what the installation changes for that reaches it."""

from dataclasses import replace
from typing import Any, Final

from fairlead.cluster import kinds
from fairlead.controller.reconcile import Reconciler, ReconcileSettings
from fairlead.review.context import ReviewContext
from tests.controller.pretend import CATALOGUE, PLATFORM, Pretend, deployment

REFUSED: Final = 'pods "chat-" is forbidden: unable to validate against any security context constraint'


def security(world: Pretend) -> Any:  # noqa: ANN401 - any JSON
    """What the engines' pods say of their user and group."""
    (engine,) = [
        one for one in world.kube.of(kinds.DEPLOYMENT) if one["metadata"]["labels"].get("fairlead.dev/role") == "engine"
    ]
    return engine["spec"]["template"]["spec"]["securityContext"]


def install_with_assigned_users(world: Pretend) -> None:
    """The chart is installed again with `assignedUsers=true`."""
    context = ReviewContext(catalogue=CATALOGUE, assigned_users=True)
    settings = ReconcileSettings(context=context, installation=replace(PLATFORM, assigned_users=True))
    world.operator = Reconciler(settings, world.environment)


def test_a_revision_without_any_pod_takes_the_remedy_that_its_reason_names() -> None:
    world = Pretend(gpus=2)
    world.kube.quota = REFUSED
    world.apply(deployment(replicas=2))
    world.rounds(4)
    assert world.condition("Scheduled") == ("False", "PodsRefused")
    before = security(world)
    assert "runAsUser" in before
    world.rounds(2)
    assert security(world) == before
    install_with_assigned_users(world)
    world.rounds(3)
    assert {"runAsUser", "runAsGroup", "fsGroup"} & set(security(world)) == set()
    written = len(world.server.writes)
    world.rounds(3)
    assert len(world.server.writes) == written, "once"
    world.kube.quota = ""
    world.settle()
    assert len(world.serving()) == 2


def test_a_revision_that_serves_keeps_its_pods_where_more_of_them_are_refused() -> None:
    world = Pretend(gpus=2)
    world.apply(deployment(replicas=1))
    world.settle()
    before, served = security(world), world.serving()
    world.kube.quota = REFUSED
    world.apply(deployment(replicas=2))
    world.rounds(3)
    install_with_assigned_users(world)
    world.rounds(3)
    assert (security(world), world.serving()) == (before, served)


def test_a_first_start_beside_refused_pods_is_not_interrupted() -> None:
    world = Pretend(gpus=2)
    world.apply(deployment(replicas=1))
    world.reconcile_now()
    (only,) = world.engines()
    world.kube.broken[only] = {"name": "engine", "ready": False, "state": {"running": {}}}
    world.rounds(3)
    before = security(world)
    world.kube.quota = REFUSED
    world.apply(deployment(replicas=2))
    world.rounds(3)
    install_with_assigned_users(world)
    world.rounds(3)
    assert security(world) == before
