"""A step is reported once the cluster took it, and not at each try while it refuses it."""

import pytest

from tests.controller.pretend import Pretend, deployment
from tests.controller.server import Faults
from tests.controller.trials import TrialWorld

REFUSED = "denied the request: maintenance window"


def serving() -> Pretend:
    world = Pretend(gpus=8)
    world.apply(deployment(replicas=2))
    world.settle()
    world.event_sink.published.clear()
    return world


def steps(world: Pretend) -> list[str]:
    """Events of steps, without those of conditions."""
    return [one for one in world.event_sink.published if "=" not in one]


@pytest.mark.parametrize(
    "faults",
    [
        Faults(refused={"deployments.apps": REFUSED}),
        Faults(forbidden=frozenset({("patch", "deployments.apps")})),
    ],
    ids=["refused", "no right"],
)
def test_replicas_that_the_cluster_refuses_are_reported_when_it_allows_them(faults: Faults) -> None:
    """Each retry wrote ScaledUp, until the budget of Events was used up."""
    world = serving()
    world.server.faults = faults
    world.apply(deployment(replicas=4))
    world.rounds(10)
    assert (world.engines().popitem()[1], steps(world)) == (2, [])
    world.server.faults = Faults()
    world.settle()
    assert steps(world) == ["ScaledUp"]


def test_a_step_that_was_carried_out_is_reported_though_something_after_it_is_refused() -> None:
    world = serving()
    world.server.faults = Faults(refused={"configmaps": REFUSED})
    world.apply(deployment(replicas=4, context=4096))
    world.rounds(10)
    assert world.condition("Progressing") == ("False", "ClusterRefuses")
    assert "NewRevision" in steps(world)


def test_a_revision_that_cannot_be_removed_is_reported_once_it_is_gone() -> None:
    world = serving()
    world.server.faults = Faults(forbidden=frozenset({("delete", "deployments.apps")}))
    world.apply(deployment(replicas=2, context=4096))
    world.settle()
    assert world.condition("Progressing") == ("False", "NoRight")
    assert "EmptyRevision" not in steps(world)
    world.server.faults = Faults()
    world.settle()
    assert steps(world).count("EmptyRevision") == 1


def test_a_rejected_canary_that_cannot_be_recorded_is_reported_once_it_is() -> None:
    world = TrialWorld()
    world.rounds(20)
    world.server.faults = Faults(refused={"deployments.apps": REFUSED})
    world.order("abort")
    world.rounds(20)
    assert "GateFailed" not in steps(world)
    world.server.faults = Faults()
    world.settle()
    assert steps(world).count("GateFailed") == 1
