"""A replica may compute on a part of a GPU, whose product is not the whole one's."""

from dataclasses import replace

import pytest

from fairlead.fleet import accelerators
from fairlead.fleet.desired_state import EngineKind
from fairlead.objects import engine_placement
from tests.objects.specs import LEAST, wanted

A100 = "NVIDIA-A100-SXM4-80GB"


@pytest.mark.parametrize(
    ("product", "resource", "part"),
    [
        (A100, "nvidia.com/gpu", A100),
        (A100, "nvidia.com/mig-1g.10gb", f"{A100}-MIG-1g.10gb"),
        (f"{A100}-MIG-1g.10gb", "nvidia.com/gpu", f"{A100}-MIG-1g.10gb"),
        (f"{A100}-MIG-1g.10gb", "nvidia.com/mig-1g.10gb", f"{A100}-MIG-1g.10gb"),
        (A100, "nvidia.com/gpu.shared", f"{A100}-SHARED"),
        (f"{A100}-SHARED", "nvidia.com/gpu", f"{A100}-SHARED"),
        (f"{A100}-SHARED", "nvidia.com/gpu.shared", f"{A100}-SHARED"),
        (A100, "nvidia.com/mig-1g.10gb.shared", f"{A100}-MIG-1g.10gb-SHARED"),
        ("AMD-Instinct-MI300X", "amd.com/gpu", "AMD-Instinct-MI300X"),
    ],
)
def test_the_resource_names_the_part_where_the_nodes_label_names_the_whole(
    product: str, resource: str, part: str
) -> None:
    assert engine_placement.part_of(product, resource) == part
    assert accelerators.is_part(part) is (part not in {A100, "AMD-Instinct-MI300X"})


@pytest.mark.parametrize(
    ("product", "resource"),
    [
        (A100, "nvidia.com/gpu"),
        (A100, "nvidia.com/gpu.shared"),
        (A100, "nvidia.com/mig-1g.10gb"),
        (A100, "nvidia.com/mig-1g.10gb.shared"),
    ],
)
def test_a_part_is_requested_by_the_label_and_resource_that_make_it(product: str, resource: str) -> None:
    part = engine_placement.part_of(product, resource)
    assert engine_placement.request_of(part) == (product, resource)
    assert engine_placement.names_part(resource) is (part != product)


def test_a_users_own_label_is_the_product_except_for_an_engine_that_imitates_one() -> None:
    label = {"nvidia.com/gpu.product": f"{A100}-MIG-1g.10gb"}
    sliced = wanted(LEAST | {"accelerator": {"product": A100}, "placement": {"nodeSelector": label}}).revision
    assert engine_placement.gpu_product(sliced) == f"{A100}-MIG-1g.10gb"
    pretended = replace(sliced, engine=replace(sliced.engine, kind=EngineKind.SIMULATED))
    assert engine_placement.gpu_product(pretended) == A100


def test_a_processor_is_no_part_of_a_gpu() -> None:
    cpu = {"product": "CPU", "cores": 4, "memory": "8Gi"}
    assert engine_placement.gpu_product(wanted(LEAST | {"accelerator": cpu}).revision) == "CPU"
