"""A spec for CPU becomes cores and bytes, and requests no GPU."""

from typing import Any, Final

import pytest

from fairlead.fleet.accelerators import CpuResources, gib
from fairlead.fleet.desired_state import NO_RESOURCE, EngineRelease
from tests.api.objects import deployment

ON_CPU: Final = {"product": "CPU", "cores": 4, "memory": "8Gi"}


@pytest.mark.parametrize("more", [{}, {"resource": "nvidia.com/gpu"}, {"resource": "none"}])
def test_cores_and_memory_are_all_that_a_replica_takes(more: dict[str, Any]) -> None:
    revision = deployment(accelerator=ON_CPU | more).revision

    assert revision.cpu == CpuResources(cores=4, memory_bytes=8 << 30)
    assert (revision.product, revision.resource, revision.gpus_per_replica) == ("CPU", NO_RESOURCE, 0)


@pytest.mark.parametrize("memory", ["0", "0.5"])
def test_a_memory_that_nothing_fits_into_is_one_byte_by_which_a_node_can_be_divided(memory: str) -> None:
    assert deployment(accelerator=ON_CPU | {"memory": memory}).revision.cpu == CpuResources(cores=4, memory_bytes=1)


def test_a_gpu_has_no_cores() -> None:
    revision = deployment().revision

    assert (revision.cpu, revision.resource, revision.gpus_per_replica) == (None, "nvidia.com/gpu", 1)


def test_amounts_read_as_people_say_them() -> None:
    assert CpuResources(cores=1, memory_bytes=3 << 29).words == "1 core and 1.5 GiB"
    assert gib(48 << 30) == "48 GiB"


def test_a_kind_without_a_build_for_processors_keeps_its_image() -> None:
    plain = EngineRelease(version="1.0", image="own:1.0")

    assert (plain.image_for(on_cpu=True), plain.image_for(on_cpu=False)) == ("own:1.0", "own:1.0")
