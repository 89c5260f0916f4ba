"""A cluster as `explain` and `top` see it: an API server in a thread, and an operator that serves decisions."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from fairlead.cluster.kinds import INFERENCE_DEPLOYMENT, POD, Manifest, Resource
from tests.cluster.fake_api import FakeApi, FakeRequest

LABELS = {"app.kubernetes.io/name": "fairlead", "app.kubernetes.io/component": "operator"}
LONG_AGO = "2026-11-01T00:00:00.123456789Z"
"""As the kubelet writes a line's date."""
SCALING: Final = {
    "recommended": 1,
    "reason": "Steady",
    "message": "one is enough",
    "decisions": [{"at": "2026-11-20T12:00:00Z", "before": 2, "after": 1, "reason": "Steady", "message": "quiet"}],
}
"""`status.scaling` of a deployment at rest."""


class PretendCluster(FakeApi):
    """Also serves the pages of pods."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: dict[str, bytes | tuple[int, str]] = {}
        """What the operator's pod answers: a page, or a status and its message."""
        self.pages_of: dict[str, dict[str, bytes | tuple[int, str]]] = {}
        """What one of its pods answers instead, by its name."""
        self.logs: dict[str, bytes] = {}
        """By pod; logs of other pods may not be read."""
        self.without_logs: dict[str, int] = {}
        """By pod, the status of the answer instead: 400 before its container starts, 404 after it ended."""
        self.meshed: set[str] = set()
        """Pods with another container beside the router's, so that a request must name one."""
        self.log_queries: list[dict[str, str]] = []
        """Of whole logs, without those of a first line's date."""
        self.log_begins: dict[str, str] = {}
        """By pod, when the first line of its log was written."""

    def has_operator(self, namespace: str = "fairlead-system", name: str = "fairlead-0") -> None:
        """Add one operator pod, in its usual namespace or another."""
        metadata = {"name": name, "namespace": namespace, "labels": LABELS}
        self.put(POD, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata})

    def has(self, name: str, spec: dict[str, Any] | None = None, **status: object) -> None:
        """Add one deployment, scaled unless stated otherwise."""
        self.put(
            INFERENCE_DEPLOYMENT,
            {
                "apiVersion": "fairlead.dev/v1alpha1",
                "kind": "InferenceDeployment",
                "metadata": {"name": name, "namespace": "team"},
                "spec": {"scaling": {"minReplicas": 1, "maxReplicas": 8}} if spec is None else spec,
                "status": status,
            },
        )

    def has_object(self, resource: Resource, name: str, *conditions: dict[str, str], namespace: str = "team") -> None:
        """Add one of our objects with a status that an operator wrote."""
        self.put(
            resource,
            {
                "apiVersion": resource.api_version,
                "kind": resource.kind,
                "metadata": {"name": name, "namespace": namespace},
                "spec": {},
                "status": {"observedGeneration": 1, "conditions": list(conditions)},
            },
        )

    async def _carry_out(self, request: web.Request, sent: FakeRequest, body: Manifest) -> web.StreamResponse:
        if sent.subresource == "log":
            return self._log(sent)
        if sent.subresource != "proxy":
            return await super()._carry_out(request, sent, body)
        path = request.path.partition("/proxy")[2]
        own = self.pages_of.get(sent.name.partition(":")[0], self.pages)
        page = own.get(path, (404, "not decided here"))
        if isinstance(page, bytes):
            return web.Response(body=page, content_type="application/json")
        return web.Response(status=page[0], text=page[1])

    def _log(self, sent: FakeRequest) -> web.Response:
        dated = "timestamps" in sent.query
        if not dated:
            self.log_queries.append(sent.query)
        if sent.name in self.without_logs:
            reason = f'container "router" in pod "{sent.name}" is waiting to start: ContainerCreating'
            return web.json_response({"kind": "Status", "message": reason}, status=self.without_logs[sent.name])
        if sent.name in self.meshed and sent.query.get("container") != "router":
            reason = f"a container name must be specified for pod {sent.name}, choose one of: [router istio-proxy]"
            return web.json_response({"kind": "Status", "message": reason}, status=400)
        if sent.name in self.logs:
            begins = f"{self.log_begins.get(sent.name, LONG_AGO)} ".encode() if dated and self.logs[sent.name] else b""
            most = int(sent.query["limitBytes"])
            return web.Response(body=(begins + self.logs[sent.name])[:most], content_type="text/plain")
        refusal = {"kind": "Status", "reason": "Forbidden", "message": f'pods "{sent.name}" is forbidden: pods/log'}
        return web.json_response(refusal, status=403)


@contextmanager
def running(folder: Path, kind: type[PretendCluster] = PretendCluster) -> Iterator[tuple[PretendCluster, str]]:
    """Serve the cluster; yields it and a kubeconfig for it."""
    cluster, ready = kind(), threading.Event()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def serve() -> None:
        async with cluster.served():
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    try:
        assert ready.wait(60)
        yield cluster, str(_kubeconfig(folder, cluster.address))
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


def not_current(kubeconfig: Path) -> None:
    """Make another context the current one, whose cluster does not answer; this one is still `here`."""
    content = json.loads(kubeconfig.read_text(encoding="utf-8"))
    content["clusters"].append({"name": "two", "cluster": {"server": "http://127.0.0.1:1"}})
    content["contexts"].append({"name": "away", "context": {"cluster": "two", "user": "me", "namespace": "team"}})
    kubeconfig.write_text(json.dumps(content | {"current-context": "away"}), encoding="utf-8")


def _kubeconfig(folder: Path, address: str) -> Path:
    path = folder / "kubeconfig"
    context = {"cluster": "one", "user": "me", "namespace": "team"}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [{"name": "here", "context": context}],
        "clusters": [{"name": "one", "cluster": {"server": address}}],
        "users": [{"name": "me", "user": {"token": "t"}}],
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
