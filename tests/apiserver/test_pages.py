"""seeing.5, the half with a cluster: what pages show is typed page by page at a real API server.

The API server, Kubernetes' controllers, Helm, kubectl, our commands and the operator's process are real. Nodes, pods
and the kubelet that has their logs are fake.
"""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from devcluster.cache import Cache
from devcluster.door import Embedded
from devcluster.setup import tools
from house import page_commands, page_places
from house.chart_manifests import NAMESPACE
from house.page_commands import PageCommand
from house.page_places import Trial
from house.tree import ROOT
from tests import page_reader, stand_ins
from tests.apiserver import pretended_kubelet, tried_adapter
from tests.apiserver.reachable import own_address
from tests.controller.pretend import deployment
from tests.faults.operator import OperatorProcess, kubelet, own_host
from tests.faults.small_cluster import small_cluster
from tests.page_reader import PageReader
from tests.waiting import eventually

INSTALLS: Final = re.compile(r"(helm install|kubectl create namespace fairlead-system)\b")
"""Pages with one of these begin without Fairlead; of two ways to install it on a page, the second too."""
WRITES: Final = ("cat >", "echo ")
"""It runs offline, but what follows reads the file."""
ADDRESS: Final = "127.0.99.254"
NAMESPACES: Final = ("demo", "team", "models")
LOG: Final = ("INFO listening on 8080", "WARNING the certificate ends in 20 days", *stand_ins.access_lines(200))
FAILED: Final = '{"time": "2026-11-20T18:01:00.000Z", "request_id": "f", "status": 503}'
OTHERS: Final = (
    ("cert-manager.io", "certificates", "Certificate"),
    ("gateway.networking.k8s.io", "httproutes", "HTTPRoute"),
    ("gateway.networking.k8s.io", "gateways", "Gateway"),
    ("gateway.networking.k8s.io", "gatewayclasses", "GatewayClass"),
    ("monitoring.coreos.com", "podmonitors", "PodMonitor"),
    ("monitoring.coreos.com", "prometheusrules", "PrometheusRule"),
)
"""Other projects' kinds, with any content: pages assume that they are installed."""
SCALING: Final = {"minReplicas": 1, "maxReplicas": 3, "policy": {"name": "chat"}}
CANARY: Final = {"rollout": {"strategy": "Canary"}, "engine": {"context": {"maxTokens": 2048}}}
BEFORE: Final[tuple[tuple[str, dict[str, Any], str], ...]] = (
    ("kubectl scale infd chat -n demo", {"scaling": None, "replicas": 3}, "{.spec.replicas}"),
    ("fairlead rollout", {"scaling": None, "replicas": 3}, "{.status.readyReplicas}"),
    ("fairlead rollout", CANARY, "{.status.canary}"),
    ("fairlead explain infd/chat -n demo", {"scaling": SCALING, "replicas": None}, "{.status.scaling.recommended}"),
)
"""Objects that exist in the namespace `demo` before a command of a page: the page says so in its own words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenery:
    """A cluster for a page's reader."""

    door: Embedded
    helm: Path
    kubeconfig: Path
    """An administrator's, with a token as is common."""

    def reader(self, folder: Path) -> PageReader:
        """An administrator."""
        environment = page_reader.laid_out(folder, (self.door.programs / "kubectl", self.helm))
        stand_ins.put(folder)
        return PageReader(folder=folder, environment=environment | {"KUBECONFIG": str(self.kubeconfig)})

    def settle(self) -> None:
        """After each run of Helm, remove webhooks that nobody answers and pods beside the operator's process."""
        self.door.kubectl("delete", "validatingwebhookconfiguration", "fairlead", "--ignore-not-found")

    def clear(self) -> None:
        """Remove all of Fairlead but its kinds."""
        environment = os.environ | {"KUBECONFIG": str(self.door.kubeconfig)}
        words = [str(self.helm), "uninstall", "fairlead", "-n", NAMESPACE, "--ignore-not-found"]
        subprocess.run(words, env=environment, check=True, capture_output=True)
        self.door.kubectl("delete", "clusterrole,clusterrolebinding", "-l", "app.kubernetes.io/part-of=fairlead")
        self.door.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=120s")


@pytest.fixture(scope="module")
def scenery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenery]:
    with ExitStack() as stack:
        door = stack.enter_context(small_cluster(gpus=16))
        pki = door.kubeconfig.parent / "pki"
        port = stack.enter_context(pretended_kubelet.answering(ADDRESS, pki, (*LOG, FAILED)))
        status: dict[str, Any] = {"addresses": [{"type": "InternalIP", "address": ADDRESS}]}
        status |= {"daemonEndpoints": {"kubeletEndpoint": {"Port": port}}}
        patch = json.dumps({"status": status})
        door.kubectl("patch", "node", "node-1", "--subresource=status", "--type=merge", "-p", patch)
        door.kubectl("label", "crd", "--all", "app.kubernetes.io/managed-by=Helm")
        door.kubectl(
            *("annotate", "crd", "--all", "meta.helm.sh/release-name=fairlead"),
            f"meta.helm.sh/release-namespace={NAMESPACE}",
        )
        for one in OTHERS:
            door.kubectl("apply", "-f", "-", text=json.dumps(_definition(*one)))
        kubeconfig = _with_token(door, tmp_path_factory.mktemp("administrator"))
        yield Scenery(door=door, helm=tools.ensure(Cache.chosen(), ("helm",)) / "helm", kubeconfig=kubeconfig)


def _with_token(door: Embedded, folder: Path) -> Path:
    door.kubectl("create", "serviceaccount", "administrator", "-n", "kube-system")
    account = "--serviceaccount=kube-system:administrator"
    door.kubectl("create", "clusterrolebinding", "administrator", "--clusterrole=cluster-admin", account)
    config = json.loads(door.kubectl("config", "view", "--raw", "--output=json"))
    token = door.kubectl("create", "token", "administrator", "-n", "kube-system", "--duration=2h")
    config["users"][0]["user"] = {"token": token.strip()}
    path = folder / "kubeconfig"
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def operated(scenery: Scenery, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenery]:
    """The chart is installed, the operator's process stands in for its pod, and three namespaces have a deployment."""
    scenery.clear()
    reader = scenery.reader(tmp_path_factory.mktemp("installer"))
    words = (
        f"helm install fairlead charts/fairlead -n {NAMESPACE} --create-namespace --set replicas=1,console.enabled=true"
    )
    assert reader.type(PageCommand(page="", line=0, text=words)).code == 0
    scenery.settle()
    flags = ("--webhook", "off", "--router-image", "none", "--engine-image", "none", "--console-port", "9091")
    operator = OperatorProcess(
        kubeconfig=scenery.door.kubeconfig,
        folder=tmp_path_factory.mktemp("operator"),
        host=own_address() or own_host(),
        flags=flags,
        lease_namespace=NAMESPACE,
    )
    operator.start()
    try:
        with kubelet(operator):
            operator.wait_ready()
            for namespace in NAMESPACES:
                scenery.door.kubectl("create", "namespace", namespace)
            for namespace in ("default", *NAMESPACES[:2]):
                _populate(scenery.door, namespace)
            _become_a_pod(scenery.door)
            for namespace in ("default", "demo", "team"):
                _shows(scenery.door, namespace, "{.status.scaling.recommended}")
            yield scenery
    finally:
        operator.kill()


def installs(page: Path) -> bool:
    return any(INSTALLS.match(one.text) for one in page_commands.commands(page))


def on_cluster(page: Path) -> list[PageCommand]:
    return [one for one in page_commands.commands(page) if page_places.place(one) is Trial.CLUSTER]


PAGES: Final = [page for page in page_commands.pages() if on_cluster(page)]


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", [one for one in PAGES if not installs(one)], ids=named)
def test_what_a_page_shows_works_where_fairlead_runs(
    operated: Scenery, tmp_path: Path, page: Path, record_property: Callable[[str, object], None]
) -> None:
    """seeing.5"""
    record_property("commands", _read(operated, tmp_path, page))


@pytest.mark.parametrize("page", [one for one in PAGES if installs(one)], ids=named)
def test_what_a_page_shows_works_where_fairlead_is_to_be_installed(
    scenery: Scenery, tmp_path: Path, page: Path, record_property: Callable[[str, object], None]
) -> None:
    """seeing.5: no operator's process runs, so only the API server decides what becomes of an object."""
    record_property("commands", _read(scenery, tmp_path, page))


def _read(scenery: Scenery, folder: Path, page: Path) -> int:
    reader, run = scenery.reader(folder), 0
    try:
        for command in page_commands.commands(page):
            place = page_places.place(command)
            if place is Trial.OFFLINE and command.text.startswith(WRITES):
                assert reader.type(command).code == 0
            if place is not Trial.CLUSTER:
                continue
            if INSTALLS.match(command.text):
                scenery.clear()
            _prepare(scenery.door, command)
            reader.names = _names(scenery.door)
            done = reader.type(command)
            allowed = (
                {0, 3} if command.text.startswith("fairlead why") else {0, 1} if "simulate" in command.text else {0}
            )
            assert done.code in allowed, f"{command}: exit code {done.code}\n{done.output[-3000:]}"
            assert "Traceback" not in done.output, f"{command}: {done.output}"
            if "helm" in command.text or "kustomize" in command.text:
                scenery.settle()
            run += 1
    finally:
        reader.end()
    return run


def _prepare(door: Embedded, command: PageCommand) -> None:
    if command.text.startswith("fairlead rollout") and " adp/" in command.text:
        tried_adapter.put(door)
        return
    for prefix, spec, shown in BEFORE:
        if command.text.startswith(prefix):
            patch = json.dumps({"spec": spec})
            door.kubectl("patch", "infd", "chat", "-n", "demo", "--type=merge", "-p", patch)
            _shows(door, "demo", shown)


def _names(door: Embedded) -> dict[str, str]:
    """The current values of POD and NAME."""
    found = door.kubectl(
        "get", "pods", "-n", "demo", "-l", "fairlead.dev/role=engine", "-o", "name", "--ignore-not-found"
    )
    pods = found.replace("pod/", "").split()
    return {"POD": pods[0] if pods else "POD", "NAME": "settings"}


def _populate(door: Embedded, namespace: str) -> None:
    scaled = deployment("chat", replicas=None, scaling=SCALING)
    policy = {
        "apiVersion": "fairlead.dev/v1alpha1",
        "kind": "AutoscalingPolicy",
        "metadata": {"name": "chat"},
        "spec": {},
    }
    gateway = {"apiVersion": "fairlead.dev/v1alpha1", "kind": "InferenceGateway", "metadata": {"name": "company"}}
    route = {"name": "chat", "strategy": "Single", "deployment": "chat"}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "settings"}}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "old-name"}}
    service |= {"spec": {"selector": {"app": "old"}, "ports": [{"port": 80}]}}
    questions = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "questions"}}
    questions |= {"data": {"items.jsonl": '{"input": "2 + 2?", "target": "4"}'}}
    evaluation = {"apiVersion": "fairlead.dev/v1alpha1", "kind": "Evaluation", "metadata": {"name": "support"}}
    evaluation |= {"spec": {"items": {"configMap": {"name": "questions", "key": "items.jsonl"}}}}
    items: list[dict[str, Any]] = [policy, scaled, gateway | {"spec": {"models": [route]}}, secret, service]
    items += [questions, evaluation]
    for one in items:
        one["metadata"]["namespace"] = namespace
        door.kubectl("apply", "-f", "-", text=json.dumps(one))


def _shows(door: Embedded, namespace: str, path: str) -> None:
    words = ("get", "infd", "chat", "-n", namespace, "-o", f"jsonpath={path}")
    eventually(lambda: door.kubectl(*words) != "", f"chat in {namespace} shows {path}", 60)


def _become_a_pod(door: Embedded) -> None:
    """Have the operator's process stand in for the chart's pod: at an address that the API server proxies to, and on a
    node, whose kubelet has its log."""
    spec = json.loads(door.kubectl("get", "deployment", "fairlead", "-n", NAMESPACE, "-o", "json"))["spec"]["template"]
    door.kubectl("scale", "deployment", "fairlead", "-n", NAMESPACE, "--replicas=0")
    pod = {"apiVersion": "v1", "kind": "Pod", "spec": spec["spec"] | {"nodeName": "node-1"}}
    pod["metadata"] = {"name": "fairlead-0", "namespace": NAMESPACE, "labels": spec["metadata"]["labels"]}
    door.kubectl("apply", "-f", "-", text=json.dumps(pod))
    door.kubectl("wait", "--for=condition=Ready", "pod/fairlead-0", "-n", NAMESPACE, "--timeout=60s")
    address = own_address()
    status = json.dumps({"status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}})
    words = ("patch", "pod", "fairlead-0", "-n", NAMESPACE, "--subresource=status", "--type=merge", "-p", status)
    door.kubectl(*words)


def _definition(group: str, plural: str, kind: str) -> dict[str, Any]:
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": anything}}
    names = {"plural": plural, "singular": kind.lower(), "kind": kind}
    scope = "Cluster" if plural == "gatewayclasses" else "Namespaced"
    metadata = {"name": f"{plural}.{group}"}
    if group == "gateway.networking.k8s.io":
        metadata["annotations"] = {"api-approved.kubernetes.io": "unapproved, a stand-in"}  # type: ignore[assignment]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": {"group": group, "names": names, "scope": scope, "versions": [version]},
    }
