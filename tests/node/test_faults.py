"""A component that dies is restarted and named, and what ran on the nodes runs on."""

import signal

import pytest

from devcluster.door import Embedded
from tests import worlds
from tests.node.stories import Manifest, Stage, pod
from tests.waiting import eventually

WAIT = "import time; time.sleep(600)"
ONE_GPU = {"limits": {"nvidia.com/gpu": "1"}}


@pytest.fixture
def node(stage: Stage) -> Embedded:
    """The cluster, as one whose components may be killed."""
    if not isinstance(stage.door, Embedded):
        pytest.skip("somebody else's cluster is not ours to break")
    return stage.door


def started(stage: Stage, name: str, image: str) -> Manifest:
    """A pod with a GPU on the L4 node, once it runs."""
    manifest = pod(name, image, WAIT, resources=ONE_GPU)
    manifest["spec"]["nodeSelector"] = {"nvidia.com/gpu.product": "NVIDIA-L4"}
    stage.apply(manifest)
    eventually(lambda: stage.phases(f"app={name}") == {"Running": 1}, f"{name} runs")
    return stage.objects("pods", f"app={name}")[0]


def container(pod: Manifest) -> str:
    return str(pod["status"]["containerStatuses"][0]["containerID"])


@pytest.mark.parametrize("component", ["containerd-l4", "kubelet-l4", "kube-apiserver", "etcd", "kube-scheduler"])
def test_a_killed_component_is_named_and_pods_run_on(
    node: Embedded, stage: Stage, our_image: str, component: str
) -> None:
    before = started(stage, "engine", our_image)

    node.kill(component, signal.SIGKILL)

    death = eventually(lambda: worlds.death_of(node, component), f"the death of {component} is named")
    assert "was ended by SIGKILL" in death
    started(stage, "late", our_image)
    (after,) = stage.objects("pods", "app=engine")
    assert container(after) == container(before), "the same container runs on"
    assert after["status"]["phase"] == "Running"


def test_gpus_are_still_there_after_the_kubelet_was_started_again(node: Embedded, stage: Stage, our_image: str) -> None:
    node.kill("kubelet-l4", signal.SIGKILL)
    eventually(lambda: worlds.runs(node, "kubelet-l4"), "the kubelet runs again")
    for name in ("one", "two", "three", "four"):
        started(stage, name, our_image)
