"""API objects as tests poll them: over one connection, since each kubectl run costs a tenth of a second of a core.

Commands that a user would type are still typed: tests apply, scale, delete and watch with kubectl.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import urllib3
from kubernetes import config

from devcluster.door import DoorClosed

Manifest = dict[str, Any]

GROUPS: Final = {
    "adp": "/apis/fairlead.dev/v1alpha1",
    "configmaps": "/api/v1",
    "deployments": "/apis/apps/v1",
    "endpointslices": "/apis/discovery.k8s.io/v1",
    "events": "/api/v1",
    "events.events.k8s.io": "/apis/events.k8s.io/v1",
    "infd": "/apis/fairlead.dev/v1alpha1",
    "infg": "/apis/fairlead.dev/v1alpha1",
    "networkpolicies": "/apis/networking.k8s.io/v1",
    "nodes": "/api/v1",
    "pods": "/api/v1",
    "poddisruptionbudgets": "/apis/policy/v1",
    "rolebindings": "/apis/rbac.authorization.k8s.io/v1",
    "roles": "/apis/rbac.authorization.k8s.io/v1",
    "services": "/api/v1",
}
"""The group of a kind, by the name that kubectl accepts."""
PLURALS: Final = {
    "adp": "adapters",
    "infd": "inferencedeployments",
    "infg": "inferencegateways",
    "events.events.k8s.io": "events",
}
KINDS: Final = {"infd": "InferenceDeployment", "pods": "Pod"}
"""A list of one kind omits it from its items; in a list of two kinds, a test must tell them apart."""
WITHOUT_NAMESPACE: Final = frozenset({"nodes"})
TIMEOUT_S: Final = 20.0
REFUSED: Final = 300


class ApiReader:
    """One API server's objects."""

    def __init__(self, kubeconfig: Path) -> None:
        self._client = config.new_client_from_config(str(kubeconfig))  # type: ignore[no-untyped-call]  # generated

    def objects(self, kinds: str, namespace: str, selector: str = "") -> list[Manifest]:
        """List all objects of one kind, or of several separated by commas."""
        return [one for kind in kinds.split(",") for one in self._listed(kind, namespace, selector)]

    def _listed(self, kind: str, namespace: str, selector: str) -> list[Manifest]:
        below = "" if kind in WITHOUT_NAMESPACE else f"/namespaces/{namespace}"
        request = self._client.param_serialize(
            method="GET",
            resource_path=f"{GROUPS[kind]}{below}/{PLURALS.get(kind, kind)}",
            query_params=[("labelSelector", selector)] if selector else [],
            header_params={"Accept": "application/json"},
            auth_settings=["BearerToken"],
        )
        try:
            answer = self._client.call_api(*request, _request_timeout=TIMEOUT_S)
            document = json.loads(answer.read())
        except urllib3.exceptions.HTTPError as problem:
            raise DoorClosed(f"GET {kind}: {' '.join(str(problem).split())[:300]}") from problem
        if answer.status >= REFUSED:
            raise DoorClosed(f"GET {kind}: {answer.status}: {document.get('message', '')}")
        named = {"kind": KINDS[kind]} if kind in KINDS else {}
        return [named | dict(one) for one in document["items"]]


def reader(kubeconfig: Path) -> ApiReader:
    """One connection for each cluster of a run; a later cluster may reuse the name of an earlier one."""
    return _reader(kubeconfig, kubeconfig.stat().st_mtime_ns)


@lru_cache
def _reader(kubeconfig: Path, written_ns: int) -> ApiReader:  # noqa: ARG001  # tells clusters of one name apart
    return ApiReader(kubeconfig)
