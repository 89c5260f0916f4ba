"""The files of a running cluster, all below one folder, so that one removal ends it."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from devcluster import plan as plans
from devcluster.cache import Cache
from devcluster.gpus import Gpus
from devcluster.plan import Node, Plan

MARKER: Final = "DEVCLUSTER_ROOT"


@dataclass(frozen=True, slots=True)
class Layout:
    """The folder of one cluster."""

    root: Path

    @classmethod
    def of(cls, cache: Cache, name: str) -> "Layout":
        """The folder of the cluster with this name."""
        return cls(cache.clusters / plans.checked(name))

    @property
    def name(self) -> str:
        """The cluster's name."""
        return self.root.name

    @property
    def control_group(self) -> str:
        """The control group of everything on the nodes; two caches may both have a `dev`."""
        return f"devcluster-{self.name}-{hashlib.sha256(str(self.root).encode()).hexdigest()[:6]}"

    @property
    def marker(self) -> str:
        """In the environment of every process of this cluster, so that each can be found again."""
        return f"{MARKER}={self.root}"

    @property
    def pki(self) -> Path:
        """Keys, certificates and the kubeconfigs of the members."""
        return self.root / "pki"

    @property
    def etc(self) -> Path:
        """Configuration files of the members."""
        return self.root / "etc"

    @property
    def logs(self) -> Path:
        """A log for each component."""
        return self.root / "logs"

    @property
    def masks(self) -> Path:
        """Stand-ins for /run, /var/lib and other shared folders in the cluster's mount namespace."""
        return self.root / "masks"

    @property
    def etcd(self) -> Path:
        """etcd's data."""
        return self.root / "etcd"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, for use on this machine."""
        return self.root / "kubeconfig"

    @property
    def inner_kubeconfig(self) -> Path:
        """The administrator's kubeconfig, for use inside the cluster's namespaces."""
        return self.pki / "admin.kubeconfig"

    @property
    def control(self) -> Path:
        """The supervisor's socket."""
        return self.root / "control"

    @property
    def supervisor(self) -> Path:
        """The supervisor's process id as the machine sees it, and its start time."""
        return self.root / "supervisor.json"

    @property
    def owners(self) -> Path:
        """The cluster's owners, and when it was started."""
        return self.root / "owners.json"

    @property
    def status(self) -> Path:
        """The supervisor's last report on itself."""
        return self.root / "status.json"

    def node(self, name: str) -> Path:
        """A node's own folder: runtime, kubelet, network."""
        return self.root / "nodes" / name

    def images(self, node: str) -> Path:
        """A node's images, packed and unpacked."""
        return self.node(node) / "containerd"

    def log(self, component: str) -> Path:
        """A component's log."""
        return self.logs / f"{component}.log"

    def keep(self, plan: Plan) -> None:
        """Write the plan for the supervisor and later commands."""
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / "plan.json").write_text(json.dumps(asdict(plan)))

    def plan(self) -> Plan:
        """Read the cluster's plan."""
        kept = json.loads((self.root / "plan.json").read_text())
        nodes = tuple(
            Node(name=node["name"], place=node["place"], gpus=Gpus(**node["gpus"]) if node["gpus"] else None)
            for node in kept["nodes"]
        )
        return Plan(name=kept["name"], nodes=nodes)
