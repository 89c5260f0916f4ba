"""Nothing serves, and the status says so: at zero replicas, and where no node could ever hold one."""

from typing import Any

import pytest

from tests.controller.pretend import Pretend, deployment


def conditions(world: Pretend) -> dict[str, tuple[str, str]]:
    """Status and reason, by type."""
    return {one["type"]: (one["status"], one["reason"]) for one in world.document()["status"]["conditions"]}


def message(world: Pretend, kind: str) -> str:
    """What one condition says."""
    return next(str(one["message"]) for one in world.document()["status"]["conditions"] if one["type"] == kind)


def settled(gpus: int = 4, **spec: Any) -> Pretend:  # noqa: ANN401  # fields of a spec
    """A cluster of L4s with one settled deployment."""
    world = Pretend(gpus=gpus)
    world.apply(deployment(**spec))
    world.settle()
    return world


@pytest.mark.trial(5)
def test_zero_replicas_by_hand_do_not_serve_and_no_request_wakes_one() -> None:
    world = settled(replicas=0)
    assert conditions(world)["Ready"] == ("True", "ScaledToZero")
    assert "Stalled" not in conditions(world)
    assert message(world, "Ready") == (
        "no replicas are desired, and no request starts one; requests wait for spec.router.hold, then get 503; "
        "spec.replicas is 0: raise it"
    )


@pytest.mark.trial(5)
def test_zero_replicas_of_a_gpu_that_no_node_has() -> None:
    world = settled(replicas=0, accelerator={"product": "NVIDIA-H100-80GB-HBM3"})
    found = conditions(world)
    assert found["Ready"] == ("True", "ScaledToZero")
    assert found["Scheduled"] == ("False", "ProductAbsent")


@pytest.mark.trial(6)
@pytest.mark.parametrize(
    ("spec", "reason", "remedy"),
    [
        ({"parallelism": {"tensor": 8}}, "NodesTooSmall", "lower it"),
        ({"accelerator": {"product": "NVIDIA-H100-80GB-HBM3"}}, "ProductAbsent", "name a GPU that the cluster has"),
        ({"placement": {"nodeSelector": {"pool": "none"}}}, "NoNodeSelected", "correct it, or label a node"),
    ],
)
def test_what_no_node_can_hold_is_stalled_with_the_remedy(spec: dict[str, Any], reason: str, remedy: str) -> None:
    world = settled(replicas=1, **spec)
    found = conditions(world)
    assert (found["Stalled"], found["Ready"], found["Scheduled"]) == (
        ("True", reason),
        ("False", reason),
        ("False", reason),
    )
    assert "Reconciling" not in found
    assert remedy in message(world, "Stalled")


@pytest.mark.trial(6)
def test_a_node_that_comes_ends_the_stall() -> None:
    world = settled(replicas=1, parallelism={"tensor": 8})
    world.kube.add_node("large", "NVIDIA-L4", 8)
    world.settle()
    assert "Stalled" not in conditions(world)
    assert conditions(world)["Ready"] == ("True", "Serving")
    assert message(world, "Ready") == "1 of 1 replica serves"
