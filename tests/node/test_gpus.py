"""The nodes' GPUs are fake; the scheduler that counts them is real."""

from devcluster.door import Door
from tests.node.stories import Stage, deployment, pod
from tests.waiting import eventually

WAIT = "import time; time.sleep(600)"
ONE_GPU = {"limits": {"nvidia.com/gpu": "1"}}
ON_L4 = {"nvidia.com/gpu.product": "NVIDIA-L4"}


def on(product: dict[str, str], manifest: dict[str, object], of_template: bool = True) -> dict[str, object]:
    """The same object, for nodes with this product."""
    spec = manifest["spec"]
    assert isinstance(spec, dict)
    (spec["template"]["spec"] if of_template else spec)["nodeSelector"] = product
    return manifest


def test_four_gpus_run_four_replicas_and_the_fifth_waits_with_the_schedulers_reason(
    stage: Stage, our_image: str
) -> None:
    stage.apply(on(ON_L4, deployment("engine", our_image, WAIT, 5, resources=ONE_GPU)))

    eventually(lambda: stage.phases("app=engine") == {"Running": 4, "Pending": 1}, "four run and one waits")

    (waiting,) = [one for one in stage.objects("pods", "app=engine") if one["status"]["phase"] == "Pending"]
    (why,) = [one for one in waiting["status"]["conditions"] if one["type"] == "PodScheduled"]
    assert why["reason"] == "Unschedulable"
    assert "Insufficient nvidia.com/gpu" in why["message"]


def test_a_gpu_that_is_given_back_goes_to_the_one_who_waits(stage: Stage, our_image: str) -> None:
    stage.apply(on(ON_L4, deployment("engine", our_image, WAIT, 4, resources=ONE_GPU)))
    eventually(lambda: stage.phases("app=engine") == {"Running": 4}, "all GPUs are taken")
    stage.apply(on(ON_L4, pod("late", our_image, WAIT, resources=ONE_GPU), of_template=False))
    eventually(lambda: stage.phases("app=late") == {"Pending": 1}, "the late one waits")

    stage.kubectl("scale", "deployment", "engine", "--replicas=3")

    eventually(lambda: stage.phases("app=late") == {"Running": 1}, "the late one runs")


def test_a_pod_lands_on_the_gpu_product_that_it_requests(stage: Stage, our_image: str, cluster: Door) -> None:
    on_a100 = {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB"}
    stage.apply(on(on_a100, pod("large", our_image, WAIT, resources=ONE_GPU), of_template=False))
    eventually(lambda: stage.phases("app=large") == {"Running": 1}, "it runs")

    (placed,) = stage.objects("pods", "app=large")

    product = "jsonpath={.metadata.labels.nvidia\\.com/gpu\\.product}"
    assert cluster.kubectl("get", "node", placed["spec"]["nodeName"], "-o", product) == "NVIDIA-A100-SXM4-80GB"


def test_nodes_show_what_gpu_feature_discovery_would_write(cluster: Door) -> None:
    columns = "nvidia.com/gpu.product,nvidia.com/gpu.memory,nvidia.com/gpu.count"
    rows = cluster.kubectl("get", "nodes", "-L", columns, "--no-headers").splitlines()
    assert [row.split()[-3:] for row in sorted(rows)] == [
        ["NVIDIA-A100-SXM4-80GB", "81920", "2"],
        ["NVIDIA-L4", "23034", "4"],
    ]
