"""A fleet on CPU nodes, from apply to serving: pods with cores and memory, room counted by them."""

from decimal import Decimal
from typing import Any, Final

import pytest

from fairlead.cluster import kinds, pod_requests
from fairlead.cluster.kinds import Manifest
from tests.controller.pretend import Pretend, deployment

CPU: Final = {"product": "CPU", "cores": 4, "memory": "8Gi"}
MODEL: Final = {"source": "hf://Qwen/Qwen2.5-0.5B-Instruct"}


def on_processors(replicas: int = 1, *, context: int = 4096, **spec: Any) -> Manifest:  # noqa: ANN401  # any field of a spec
    """A small model on CPU."""
    found = deployment(replicas=replicas, context=context, accelerator=CPU, model=MODEL)
    found["spec"]["engine"]["kind"] = "vLLM"
    found["spec"] |= spec
    return found


def settled(document: Manifest, *hosts: tuple[str, str]) -> Pretend:
    world = Pretend(gpus=8)
    for number, (cores, memory) in enumerate(hosts):
        world.kube.add_host(f"host-{number}", cores, memory)
    world.apply(document)
    world.settle()
    return world


def engine_pods(world: Pretend) -> list[Manifest]:
    return world.kube.of(kinds.POD, "fairlead.dev/role=engine")


def test_it_serves_on_nodes_without_gpus_and_requests_none() -> None:
    world = settled(on_processors(2), ("8", "32Gi"))

    assert world.condition("Ready") == ("True", "Serving")
    assert world.condition("Fits") == ("True", "Measured")
    found = engine_pods(world)
    assert {one["spec"]["nodeName"] for one in found} == {"host-0"}
    assert [pod_requests.requested(one) for one in found] == [(Decimal(4), Decimal(8 << 30))] * 2
    spec = found[0]["spec"]
    assert spec["containers"][0]["resources"] == {
        "limits": {"cpu": "4", "memory": "8Gi"},
        "requests": {"cpu": "4", "memory": "8Gi"},
    }
    assert "nodeSelector" not in spec
    assert "tolerations" not in spec
    assert spec["containers"][0]["image"] == "localhost/fairlead-vllm-cpu:0.32.0"


def test_no_more_replicas_are_requested_than_cores_and_memory_hold() -> None:
    world = settled(on_processors(4), ("8", "12Gi"), ("3900m", "64Gi"))

    assert len(engine_pods(world)) == 1
    assert world.condition("Scheduled") == ("False", "NoFreeCpu")
    words = world.message("Scheduled")
    assert words.startswith("CPU: 11.9 cores and 76 GiB on 3 nodes")
    assert "a replica takes 4 cores and 8 GiB on one node" in words


@pytest.mark.trial(6)
@pytest.mark.parametrize(
    ("spec", "reason", "remedy"),
    [
        ({"accelerator": CPU | {"cores": 64}}, "NodesTooSmall", "lower cores or memory"),
        ({"accelerator": CPU | {"memory": "64Gi"}}, "NodesTooSmall", "lower cores or memory"),
        ({"placement": {"nodeSelector": {"pool": "none"}}}, "NoNodeSelected", "correct it, or label a node"),
    ],
)
def test_what_no_node_can_hold_is_stalled_with_the_remedy(spec: dict[str, Any], reason: str, remedy: str) -> None:
    world = settled(on_processors(**spec), ("8", "32Gi"))

    assert world.condition("Stalled") == ("True", reason)
    assert remedy in world.message("Stalled")


def test_a_larger_node_ends_the_stall() -> None:
    world = settled(on_processors(accelerator=CPU | {"cores": 16}), ("8", "32Gi"))
    world.kube.add_host("large", "32", "64Gi")
    world.settle()

    assert world.condition("Ready") == ("True", "Serving")


def test_a_change_replaces_one_after_the_other_where_no_core_is_spare() -> None:
    world = settled(on_processors(2), ("9", "32Gi"))
    before = {one["metadata"]["labels"]["fairlead.dev/revision"] for one in engine_pods(world)}
    world.apply(on_processors(2, context=2048))
    least = 2
    for _ in range(30):
        world.rounds(1)
        least = min(least, len(world.serving()))
    world.settle()

    after = {one["metadata"]["labels"]["fairlead.dev/revision"] for one in engine_pods(world)}
    assert (len(after), before & after, least) == (1, set(), 1)
    assert world.condition("Ready") == ("True", "Serving")


def test_replicas_on_gpus_make_no_room_for_those_on_cores() -> None:
    """Nothing that serves is drained for a target whose cores are on no node."""
    world = Pretend(gpus=1)
    world.apply(deployment(replicas=1, model=MODEL))
    world.settle()
    world.apply(on_processors())
    world.settle()

    assert len(world.serving()) == 1
    assert world.condition("Stalled") == ("True", "NodesTooSmall")


def test_cores_that_replicas_on_gpus_are_limited_to_make_none_either() -> None:
    world = Pretend(gpus=1)
    limited = deployment(replicas=1, model=MODEL)
    limited["spec"]["resources"] = {"limits": {"cpu": 4, "memory": "8Gi"}}
    world.apply(limited)
    world.settle()
    world.apply(on_processors())
    world.settle()

    assert len(world.serving()) == 1
    assert world.condition("Stalled") == ("True", "NodesTooSmall")


def test_cores_that_an_older_revision_holds_are_of_use_to_the_next_and_gpus_are_not() -> None:
    world = settled(on_processors(), ("5", "32Gi"))
    world.apply(deployment(replicas=1, model=MODEL))
    world.settle()

    assert [one["spec"]["nodeName"] for one in engine_pods(world)] == ["node-1"]
    world.apply(on_processors())
    world.settle()
    assert [one["spec"]["nodeName"] for one in engine_pods(world)] == ["host-0"]
