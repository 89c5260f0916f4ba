"""The operator as Helm installs it, and the deployments of the tests."""

import base64
import http.client
import json
import subprocess
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest

from devcluster.cache import Cache
from devcluster.door import Door, DoorClosed
from devcluster.setup import tools
from fairlead.cluster import operator_key
from fairlead.fleet.router_keys import RouterKeys
from house.tree import ROOT
from tests.node.stories import Manifest, Stage
from tests.waiting import eventually

NAMESPACE: Final = "fairlead-system"
RELEASE: Final = "fairlead"
MONITORING: Final = "monitoring"
"""The namespace of the tests' Prometheus, whose scrapes NetworkPolicies admit."""
PODS: Final = "app.kubernetes.io/name=fairlead"
OF: Final = "fairlead.dev/deployment"
ROLE: Final = "fairlead.dev/role"
REVISION: Final = "fairlead.dev/revision"
TOKEN_MS: Final = "40"
LAG_MS: Final = "10000"
"""From one token to the next: slow enough that streams are in progress whenever a pod goes."""


class Operator:
    """One release of the chart in a cluster."""

    def __init__(self, door: Door, image: str, tree: Path = ROOT) -> None:
        self.door = door
        self.image = image
        self._tree = tree
        self._helm = tools.ensure(Cache.chosen(), ("helm",)) / "helm"

    def install(self) -> None:
        """Install as the chart's page says, with the image on the nodes; returns when it leads."""
        self._release("install", "--create-namespace")

    def upgrade(self) -> None:
        """Upgrade the release to this chart and this image, whatever it was installed from."""
        self._release("upgrade")

    def _release(self, verb: str, *more: str) -> None:
        repository, _, tag = self.image.rpartition(":")
        settings = {"image.repository": repository, "image.tag": tag, "image.pullPolicy": "IfNotPresent"}
        settings["serving.monitoringNamespace"] = MONITORING
        words = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
        chart = str(self._tree / "charts" / "fairlead")
        self._run(verb, RELEASE, chart, "--wait", "--timeout=90s", *more, *words)

    def roll_back(self) -> None:
        """Roll back to the release before the last upgrade."""
        self._run("rollback", RELEASE, "--wait", "--timeout=90s")

    def uninstall(self) -> None:
        """Uninstall all but what the chart keeps: the definitions, and with them everything that serves."""
        self._run("uninstall", RELEASE, "--wait", "--timeout=60s")

    def delete_pods(self) -> None:
        """Delete all of them at once, without waiting for their end."""
        self.door.kubectl(f"--namespace={NAMESPACE}", "delete", "pods", "-l", PODS, "--wait=false")

    def log(self) -> str:
        """The last lines of its pods."""
        try:
            return self.door.kubectl(f"--namespace={NAMESPACE}", "logs", "-l", PODS, "--prefix", "--tail=60")
        except DoorClosed as problem:
            return str(problem)

    def _run(self, *words: str) -> None:
        command = [str(self._helm), f"--kubeconfig={self.door.kubeconfig}", f"--namespace={NAMESPACE}", *words]
        ran = subprocess.run(command, check=False, capture_output=True, text=True)
        assert ran.returncode == 0, f"helm {words[0]}: {ran.stdout}{ran.stderr}"


@contextmanager
def installed(cluster: Door, image: str, config: pytest.Config) -> Iterator[Operator]:
    """The operator, installed by Helm once for all tests of a package; a failed test reports its log."""
    operator = Operator(cluster, image)
    config.stash[OPERATOR] = operator
    operator.install()
    yield operator
    del config.stash[OPERATOR]


OPERATOR: Final = pytest.StashKey[Operator]()
"""Where a lane's fixture stores it, for the reports of failed tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One deployment and its engine pods, as they were at one moment."""

    document: Manifest
    pods: tuple[Manifest, ...]
    """Those that are not being deleted."""

    @property
    def status(self) -> Manifest:
        """The status; empty before the first report."""
        return dict(self.document.get("status", {}))

    def reason(self, kind: str) -> str:
        """The reason of a condition of the current generation; empty while there is none."""
        document: Manifest = next((one for one in self.status.get("conditions", ()) if one["type"] == kind), {})
        current = document.get("observedGeneration") == self.document["metadata"]["generation"]
        return str(document["reason"]) if current else ""

    @property
    def engines(self) -> dict[str, str]:
        """UID of each engine pod, by name."""
        return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in self.pods}

    @property
    def revisions(self) -> Counter[str]:
        """How many engine pods there are of each revision."""
        return Counter(pod["metadata"]["labels"][REVISION] for pod in self.pods)

    @property
    def ready(self) -> int:
        """How many pods the kubelet reports ready."""
        return len(self.ready_since)

    @property
    def ready_since(self) -> list[float]:
        """When each of these became ready, in order, in seconds since 1970."""
        return sorted(since for pod in self.pods for since in _ready_since(pod))

    @property
    def settled(self) -> bool:
        """Whether all requested replicas serve, and nothing else runs."""
        wanted = self.document["spec"]["replicas"]
        routable = [one.get("routable") for one in self.status.get("revisions", ()) if one.get("replicas")]
        reasons = (self.reason("Ready"), self.reason("Progressing"))
        return (reasons, routable, len(self.pods)) == (("Serving", "Complete"), [wanted], wanted)


def observe_all(stage: Stage) -> dict[str, Observed]:
    """Every deployment of a test, by name; one request to the API server, since kubectl takes time from engines."""
    found = stage.objects("infd,pods")
    engines = [one for one in found if one["kind"] == "Pod" and _is_engine(one)]
    return {
        name: Observed(document=one, pods=tuple(pod for pod in engines if pod["metadata"]["labels"][OF] == name))
        for one in found
        if one["kind"] == "InferenceDeployment" and (name := one["metadata"]["name"])
    }


class Deployed:
    """One InferenceDeployment of a test, managed with kubectl as its owner would."""

    def __init__(self, stage: Stage, name: str = "chat", *, product: str = "NVIDIA-L4", **spec: object) -> None:
        self.stage = stage
        self.name = name
        self._spec = _spec(product) | spec
        self.apply()

    def apply(self, **changes: object) -> None:
        """Apply it, with these fields of its spec changed."""
        self._spec |= changes
        metadata = {"name": self.name}
        kind = {"apiVersion": "fairlead.dev/v1alpha1", "kind": "InferenceDeployment"}
        self.stage.apply(kind | {"metadata": metadata, "spec": self._spec})

    def scale(self, replicas: int) -> None:
        """As `kubectl scale` does."""
        self._spec["replicas"] = replicas
        self.stage.kubectl("scale", f"infd/{self.name}", f"--replicas={replicas}")

    def observe(self) -> Observed:
        """Its current state."""
        return observe_all(self.stage)[self.name]

    def serves(self, within_s: float = 80.0) -> Observed:
        """Wait until all requested replicas serve, and nothing else runs."""
        eventually(lambda: self.observe().settled, f"{self.name} serves as asked", within_s)
        return self.observe()

    def door(self) -> str:
        """An address for its routers; nothing may answer there yet."""
        return eventually(lambda: self.stage.door.expose(self.stage.namespace, f"{self.name}-router", 80), "a door")

    def address(self) -> str:
        """An address that reaches a router: kube-proxy learns of a ready one a moment after the status does."""
        door = self.door()
        eventually(lambda: answers(door), "the Service leads to a router")
        return door

    def pages(self) -> "Pages":
        """The metrics port of its routers, with the operator's key."""
        metadata = {"name": f"{self.name}-pages"}
        ports = [{"port": 9090, "targetPort": "metrics"}]
        spec = {"selector": {OF: self.name, ROLE: "router"}, "ports": ports}
        self.stage.apply({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
        door, namespace = self.stage.door, self.stage.namespace
        stored = json.loads(door.kubectl(f"--namespace={NAMESPACE}", "get", "secret", operator_key.NAME, "-o", "json"))
        keys = RouterKeys(secret=base64.b64decode(stored["data"][operator_key.KEY]))
        address = eventually(lambda: door.expose(namespace, f"{self.name}-pages", 9090), "a door to pages")
        pages = Pages(address=address, key=str(keys.bearer(namespace, self.name)))
        eventually(lambda: pages.get("/health")[0], "a new Service leads to a router")
        return pages


def answers(address: str) -> bool:
    """Whether anything that speaks HTTP answers there, with any status."""
    try:
        with urllib.request.urlopen(f"http://{address}/health", timeout=10):
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, http.client.HTTPException):
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """What routers report of themselves, to holders of the key."""

    address: str
    key: str

    def inflight(self) -> dict[str, int]:
        """In-flight requests of the router that answers, by the engine's pod."""
        found = json.loads(self.get("/fairlead/v1/endpoints")[1])
        return {str(one["pod"]): int(one["inflight"]) for one in found["endpoints"]}

    def get(self, path: str, key: str | None = None) -> tuple[int, str]:
        """Status and text; with the operator's key unless the test gives another one."""
        lines = {"Authorization": f"Bearer {self.key if key is None else key}"} if key != "" else {}
        request = urllib.request.Request(f"http://{self.address}{path}", headers=lines)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # an address of our own
                return int(answer.status), answer.read().decode()
        except urllib.error.HTTPError as problem:
            return problem.code, problem.read().decode()
        except (OSError, http.client.HTTPException) as problem:
            return 0, str(problem)


def engine(context: int = 8192, **env: str) -> Manifest:
    """A simulated engine; `env` sets its faults.

    On a busy machine it may fall behind the time it simulates: these tests are about lost requests, not about time.
    """
    variables = {"FAIRLEAD_ENGINE_TPOT_MS": TOKEN_MS, "FAIRLEAD_ENGINE_LAG_LIMIT_MS": LAG_MS} | env
    return {
        "kind": "Simulated",
        "context": {"maxTokens": context},
        "env": [{"name": name, "value": value} for name, value in variables.items()],
    }


def _spec(product: str) -> dict[str, Any]:
    """Drains in seconds, since no stream of a test is longer."""
    return {
        "model": {"source": "hf://meta-llama/Llama-3.1-8B-Instruct", "servedName": "chat"},
        "engine": engine(),
        "accelerator": {"product": product},
        "replicas": 2,
        "drain": {"settle": "3s", "timeout": "30s"},
        "rollout": {"strategy": "Replace", "progressDeadlineSeconds": 60},
    }


def _is_engine(pod: Manifest) -> bool:
    metadata = pod["metadata"]
    return metadata.get("labels", {}).get(ROLE) == "engine" and "deletionTimestamp" not in metadata


def _ready_since(pod: Manifest) -> list[float]:
    """Empty while the kubelet does not report it ready."""
    conditions = pod["status"].get("conditions", ())
    ready = [one for one in conditions if one["type"] == "Ready" and one["status"] == "True"]
    return [datetime.fromisoformat(one["lastTransitionTime"]).timestamp() for one in ready]
