"""The plan of a cluster: its name, its nodes, and all their addresses."""

import re
from dataclasses import dataclass
from typing import Final

from devcluster import gpus
from devcluster.gpus import Gpus

NODE_NETWORK: Final = "198.18.0.0/20"
"""From the range reserved for benchmarks (RFC 2544), so that no real network is hidden."""
POD_NETWORK: Final = "198.18.128.0/17"
SERVICE_NETWORK: Final = "198.19.0.0/20"
API_SERVICE: Final = "198.19.0.1"
DNS_ADDRESS: Final = "198.18.0.53"
DOMAIN: Final = "cluster.local"
MAX_NODES: Final = 16

NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One kubelet with its own container runtime, addresses and ports; `place` counts from 0."""

    name: str
    place: int
    gpus: Gpus | None

    @property
    def address(self) -> str:
        """The kubelet's address."""
        return f"198.18.1.{self.place + 1}"

    @property
    def pods(self) -> str:
        """Its pods' address range."""
        return f"198.18.{128 + self.place}.0/24"

    @property
    def gateway(self) -> str:
        """Its pods' gateway."""
        return f"198.18.{128 + self.place}.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A whole cluster; without nodes it is light: etcd and an API server, no root, no namespaces."""

    name: str
    nodes: tuple[Node, ...]

    @property
    def light(self) -> bool:
        """Whether only the API is needed."""
        return not self.nodes

    @property
    def host(self) -> str:
        """The control plane's address for its own members."""
        return "127.0.0.1" if self.light else self.nodes[0].address


def make(name: str, nodes: tuple[str, ...]) -> Plan:
    """Parse `NAME` and `NODE=GPUS` words (`NODE` alone has none); the `ValueError` says what is valid."""
    if len(nodes) > MAX_NODES:
        raise ValueError(f"{len(nodes)} nodes: at most {MAX_NODES} have addresses here")
    made = tuple(_node(place, word) for place, word in enumerate(nodes))
    twice = {node.name for node in made if sum(other.name == node.name for other in made) > 1}
    if twice:
        raise ValueError(f"node name {min(twice)!r} stands twice; each node needs its own, for instance a=… b=…")
    return Plan(name=checked(name), nodes=made)


def checked(name: str) -> str:
    """Check a cluster's name, which is also the name of a folder that `down` removes: nothing else may pass."""
    if not NAME.fullmatch(name):
        raise ValueError(f"cluster name {name!r}: at most 32 lower-case letters, digits and dashes, for instance `dev`")
    return name


def _node(place: int, word: str) -> Node:
    name, _, wanted = word.partition("=")
    if not NAME.fullmatch(name):
        raise ValueError(
            f"node {word!r}: a node is written NAME=PRODUCT:COUNT, its name in lower-case letters, digits and "
            "dashes, for instance gpu-1=NVIDIA-L4:4"
        )
    return Node(name=name, place=place, gpus=gpus.read(wanted) if wanted else None)
