"""The arguments and files that every member of a cluster starts with."""

import json
from pathlib import Path

import pytest

from devcluster import plan
from devcluster.layout import Layout
from devcluster.members import control_plane, settle, worker
from devcluster.members.component import Stage
from devcluster.members.control_plane import Ports

TWO = plan.make("dev", ("a=NVIDIA-L4:4", "b"))
LIGHT = plan.make("dev", ())
PROGRAMS = Path("/programs")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "dev")


def test_a_light_cluster_is_etcd_and_an_api_server_on_loopback(layout: Layout) -> None:
    components = control_plane.components(LIGHT, layout, PROGRAMS, Ports(etcd=1, peers=2, api=3))
    assert [component.name for component in components] == ["etcd", "kube-apiserver"]
    assert "--bind-address=127.0.0.1" in components[1].argv
    assert "--secure-port=3" in components[1].argv
    assert worker.components(LIGHT, layout, PROGRAMS) == ()


def test_a_whole_cluster_starts_stores_first_and_members_last(layout: Layout) -> None:
    components = (
        *control_plane.components(TWO, layout, PROGRAMS, Ports()),
        *worker.components(TWO, layout, PROGRAMS),
    )
    by_stage = {stage: {one.name for one in components if one.stage is stage} for stage in Stage}
    assert by_stage == {
        Stage.STORE: {"etcd", "containerd-a", "containerd-b"},
        Stage.API: {"kube-apiserver"},
        Stage.MEMBERS: {
            "kube-controller-manager",
            "kube-scheduler",
            "kubelet-a",
            "kubelet-b",
            "kube-proxy",
            "coredns",
            "network-policies",
        },
    }


def test_permissions_are_checked_and_anonymous_access_is_off(layout: Layout) -> None:
    argv = control_plane.components(TWO, layout, PROGRAMS, Ports())[1].argv
    assert "--authorization-mode=Node,RBAC" in argv
    assert "--anonymous-auth=false" in argv


def test_nothing_a_node_writes_lies_outside_the_clusters_folder_or_its_masks(layout: Layout) -> None:
    worker.write(TWO, layout, PROGRAMS)
    kubelet = json.loads((layout.node("a") / "kubelet.json").read_text())
    assert kubelet["podLogsDir"].startswith(str(layout.root))
    assert kubelet["volumePluginDir"].startswith(str(layout.root))
    assert kubelet["cgroupRoot"] == f"/{layout.control_group}/a"
    runtime = (layout.node("a") / "containerd.toml").read_text()
    assert f'root = "{layout.root}/nodes/a/containerd"' in runtime
    assert 'address = "/run/a/containerd.sock"' in runtime


def test_two_caches_may_both_hold_a_cluster_of_one_name(tmp_path: Path) -> None:
    here, there = Layout(tmp_path / "here" / "dev"), Layout(tmp_path / "there" / "dev")
    assert here.control_group != there.control_group
    assert here.marker != there.marker


def test_a_plan_read_back_is_the_plan_that_was_kept(layout: Layout) -> None:
    layout.keep(TWO)
    assert layout.plan() == TWO


def test_a_node_has_its_gpus_only_when_the_scheduler_may_count_them() -> None:
    node = TWO.nodes[0]
    assert not settle.has_gpus(node, {})
    assert not settle.has_gpus(node, {"status": {"allocatable": {"nvidia.com/gpu": "0"}}})
    assert settle.has_gpus(node, {"status": json.loads(settle.capacity(node))["status"]})
    assert settle.has_gpus(TWO.nodes[1], {})


@pytest.mark.parametrize(
    ("status", "taints", "ready"),
    [
        ("True", [], True),
        ("False", [], False),
        ("True", [{"key": "node.kubernetes.io/not-ready"}], False),
        ("True", [{"key": "somebody/else"}], True),
    ],
)
def test_a_node_is_ready_when_pods_may_land_on_it(status: str, taints: list[dict[str, str]], ready: bool) -> None:
    seen: dict[str, object] = {
        "status": {"conditions": [{"type": "Ready", "status": status}]},
        "spec": {"taints": taints},
    }
    assert settle.is_ready(seen) is ready
    assert not settle.is_ready({})
