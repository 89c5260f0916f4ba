"""A cluster without a kubelet: a real API server, real controllers and scheduler, and kwok's fake nodes and pods.

What Kubernetes itself does is real (ReplicaSets, garbage collection, scheduling of GPUs); what runs in pods is not. It
needs neither root nor namespaces: plain processes beside a light cluster, ended with it, also when the tests are
killed.
"""

import itertools
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from devcluster import owners, plan, teardown
from devcluster.cache import Cache
from devcluster.door import Embedded
from devcluster.layout import MARKER, Layout
from devcluster.setup import programs, tools
from devcluster.up import up
from house.tree import ROOT
from tests import free_ports
from tests.waiting import eventually

PRODUCT: Final = "NVIDIA-L4"
_NUMBERS: Final = itertools.count(1)
"""Gives each cluster of this process a name of its own."""
BEHAVIOUR: Final = ROOT / "tests" / "faults" / "kwok.yaml"
LEAN: Final = (
    "deployment-controller",
    "replicaset-controller",
    "garbage-collector-controller",
    "disruption-controller",
    "node-lifecycle-controller",
    "taint-eviction-controller",
    "namespace-controller",
    "serviceaccount-controller",
)
PROGRAMS: Final = (*programs.LIGHT, "kube-controller-manager", "kube-scheduler")


@contextmanager
def small_cluster(
    gpus: int = 3, addresses: str = "", behaviour: Path = BEHAVIOUR, *, lean: bool = False
) -> Iterator[Embedded]:
    """Run a cluster with our definitions and a node with this many GPUs; pods answer at their own addresses, if at all.

    `addresses` are those of pods; by default they are of this process's network. `behaviour` says how nodes and pods
    come and go. A lean one has only the controllers that a deployment needs, for tests that run it by the thousand.
    """
    cache = Cache.chosen()
    binaries = programs.ensure(cache, PROGRAMS)
    kwok = tools.ensure(cache, ("kwok",)) / "kwok"
    layout = Layout.of(cache, f"small-{os.getpid()}-{next(_NUMBERS)}")
    with ExitStack() as stack:
        stack.callback(teardown.down, layout)
        door = Embedded(up(plan.make(layout.name, ()), cache, owners.mine()))
        stack.enter_context(_marking(layout))
        # Before the garbage collector starts: it looks for new kinds only every half minute.
        door.kubectl("apply", "--server-side", "-f", str(ROOT / "crds"))
        door.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        pretending = _kwok(kwok, door, addresses or f"{free_ports.own_network()}.0.1/16", behaviour)
        pretending.append(f"--node-lease-duration-seconds={400 if lean else 40}")
        for words in (_controllers(binaries, layout, door, lean), _scheduler(binaries, door), pretending):
            stack.enter_context(_running(words, layout.root / f"{Path(words[0]).name}.log"))
        door.kubectl("apply", "-f", "-", text=json.dumps(node("node-1", gpus)))
        eventually(lambda: "True" in door.kubectl("get", "node", "node-1", "-o", _READY), "the pretended node is ready")
        yield door


@contextmanager
def _marking(layout: Layout) -> Iterator[None]:
    """Mark every process started meanwhile, an operator too, as the cluster's, so that it ends with it."""
    before = os.environ.get(MARKER)
    os.environ[MARKER] = str(layout.root)
    try:
        yield
    finally:
        os.environ.pop(MARKER)
        if before is not None:
            os.environ[MARKER] = before


_READY: Final = "jsonpath={.status.conditions[?(@.type=='Ready')].status}"


def node(name: str, gpus: int) -> dict[str, object]:
    """A node that kwok keeps alive."""
    amounts = {"cpu": "64", "memory": "256Gi", "pods": "1000", "nvidia.com/gpu": str(gpus)}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": {"nvidia.com/gpu.product": PRODUCT, "kubernetes.io/hostname": name},
        },
        "status": {"allocatable": amounts, "capacity": amounts},
    }


def _controllers(binaries: Path, layout: Layout, door: Embedded, lean: bool) -> list[str]:
    return [
        str(binaries / "kube-controller-manager"),
        *((f"--controllers={','.join(LEAN)}", "--node-monitor-grace-period=600s") if lean else ()),
        f"--kubeconfig={door.kubeconfig}",
        f"--secure-port={_free_port()}",
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
        "--kube-api-qps=400",
        "--kube-api-burst=800",
        f"--service-account-private-key-file={layout.pki}/service-accounts.key",
        f"--root-ca-file={layout.pki}/ca.crt",
    ]


def _scheduler(binaries: Path, door: Embedded) -> list[str]:
    words = [str(binaries / "kube-scheduler"), f"--kubeconfig={door.kubeconfig}", "--leader-elect=false"]
    return [*words, "--bind-address=127.0.0.1", f"--secure-port={_free_port()}"]


def _kwok(kwok: Path, door: Embedded, addresses: str, behaviour: Path) -> list[str]:
    """kwok's command line; pods get addresses where nothing listens, so that connections are refused at once."""
    words = [str(kwok), f"--kubeconfig={door.kubeconfig}", f"--config={behaviour}"]
    words.append("--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake")
    return [*words, f"--cidr={addresses}", "--node-ip=127.0.99.254"]


@contextmanager
def _running(words: list[str], log: Path) -> Iterator[None]:
    with log.open("ab") as sink:
        process = subprocess.Popen(words, stdout=sink, stderr=sink, start_new_session=True)
    try:
        time.sleep(0.1)
        if process.poll() is not None:
            raise AssertionError(f"{words[0]} ended: {log.read_text(encoding='utf-8')[-1500:]}")
        yield
    finally:
        process.kill()
        process.wait(timeout=10)


def _free_port() -> int:
    return free_ports.free_port("127.0.0.1")
