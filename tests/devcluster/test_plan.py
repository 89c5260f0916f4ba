"""What a user writes to get a cluster, and the answer to a wrong word."""

import ipaddress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devcluster import gpus, plan
from devcluster.cache import Cache
from devcluster.gpus import Gpus
from devcluster.layout import Layout

NAMES = st.lists(st.from_regex(r"[a-z][a-z0-9]{0,6}", fullmatch=True), min_size=1, max_size=16, unique=True)


def test_a_node_is_written_with_its_gpus() -> None:
    made = plan.make("dev", ("chat=NVIDIA-L4:4", "bare"))
    assert [node.name for node in made.nodes] == ["chat", "bare"]
    assert made.nodes[0].gpus == Gpus(product="NVIDIA-L4", count=4, memory_mib=23034)
    assert made.nodes[1].gpus is None


def test_a_node_carries_the_labels_of_gpu_feature_discovery() -> None:
    assert gpus.read("NVIDIA-L4:4").labels() == {
        "nvidia.com/gpu.present": "true",
        "nvidia.com/gpu.product": "NVIDIA-L4",
        "nvidia.com/gpu.memory": "23034",
        "nvidia.com/gpu.count": "4",
    }


def test_a_product_outside_the_catalogue_states_its_memory() -> None:
    assert gpus.read("Future-X1:2:500000").memory_mib == 500000


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        (("a=NVIDIA-L4",), "written PRODUCT:COUNT, for instance NVIDIA-L4:4"),
        (("a=NVIDIA-L4:0",), "written PRODUCT:COUNT"),
        (("a=NVIDIA-L4:four",), "written PRODUCT:COUNT"),
        (("a=:4",), "written PRODUCT:COUNT"),
        (("a=Future-X1:2",), "write Future-X1:2:MIB, or use NVIDIA-A100"),
        (("a=NVIDIA-L4:4:lots",), "'lots' is not a number of MiB"),
        (("A=NVIDIA-L4:4",), "NAME=PRODUCT:COUNT"),
        (("NVIDIA-L4:4",), "NAME=PRODUCT:COUNT"),
        (("a", "a"), "'a' stands twice"),
        (tuple(f"n{place}" for place in range(17)), "at most 16"),
    ],
)
def test_an_invalid_argument_is_answered_with_what_would_pass(nodes: tuple[str, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        plan.make("dev", nodes)


@pytest.mark.parametrize("name", ["", "Dev", "a/b", "../a", "-a", "a" * 40])
def test_a_cluster_name_is_a_folder_name_and_nothing_else(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="for instance `dev`"):
        plan.make(name, ())
    with pytest.raises(ValueError, match="for instance `dev`"):
        Layout.of(Cache(tmp_path), name)


def test_a_cluster_without_nodes_is_light_and_stays_on_loopback() -> None:
    made = plan.make("dev", ())
    assert made.light
    assert made.host == "127.0.0.1"


@given(NAMES)
def test_no_two_nodes_ever_share_an_address(names: list[str]) -> None:
    made = plan.make("dev", tuple(names))
    pods = [ipaddress.IPv4Network(node.pods) for node in made.nodes]
    addresses = [ipaddress.ip_address(node.address) for node in made.nodes]
    assert len(set(addresses)) == len(set(pods)) == len(names)
    assert all(
        net.subnet_of(ipaddress.IPv4Network(plan.POD_NETWORK)) for net in map(ipaddress.IPv4Network, map(str, pods))
    )
    assert all(address in ipaddress.ip_network(plan.NODE_NETWORK) for address in addresses)
    assert all(ipaddress.ip_address(node.gateway) in net for node, net in zip(made.nodes, pods, strict=True))
