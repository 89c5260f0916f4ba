"""Scaling on CPU nodes: counted by cores and memory, and not compared with GPUs, whose speed differs."""

from fairlead.autoscaler import scaling_subjects
from fairlead.cluster import package_data
from fairlead.cluster.cpu_nodes import CpuRequirement
from fairlead.fleet.accelerators import CpuResources
from fairlead.review.context import ReviewContext
from tests.review.table import deployment

CONTEXT = ReviewContext(catalogue=package_data.load_catalogue())


def test_a_replica_needs_cores_and_memory_of_its_node_and_has_no_price() -> None:
    understand = scaling_subjects.of(CONTEXT)
    found = understand(
        deployment(
            model={"source": "hf://Qwen/Qwen2.5-0.5B-Instruct"},
            engine={"context": {"maxTokens": 4096}},
            accelerator={"product": "CPU", "cores": 4, "memory": "8Gi"},
            placement={"nodeSelector": {"pool": "a"}, "tolerations": [{"key": "k", "operator": "Exists"}]},
            scaling={"minReplicas": 1, "maxReplicas": 3},
        )
    )

    assert found is not None
    assert isinstance(found.place, CpuRequirement)
    assert found.place.resources == CpuResources(cores=4, memory_bytes=8 << 30)
    assert found.place.selector == (("pool", "a"),)
    assert [one.key for one in found.place.tolerations] == ["k"]
    assert (found.price_per_hour, found.speed, found.options) == (None, None, ())
