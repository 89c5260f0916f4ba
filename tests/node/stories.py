"""Helpers of the cluster tests: a namespace of their own, and short manifests."""

import json
from typing import Any, Final

import pytest

from devcluster.door import Door
from tests import api_reader
from tests.waiting import eventually

Manifest = dict[str, Any]


class Stage:
    """One test's namespace in a cluster."""

    def __init__(self, door: Door, namespace: str, labels: dict[str, str] | None = None) -> None:
        self.door = door
        self.namespace = namespace
        metadata = {"name": namespace, "labels": labels or {}}
        door.kubectl(
            "create",
            "-f",
            "-",
            text=json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}),
        )
        eventually(lambda: self.kubectl("get", "serviceaccount", "default"), "the namespace's service account")

    def kubectl(self, *words: str, text: str | None = None) -> str:
        """kubectl in this namespace."""
        return self.door.kubectl(f"--namespace={self.namespace}", *words, text=text)

    def apply(self, *manifests: Manifest) -> None:
        """Apply objects as a user would."""
        self.kubectl(
            "apply",
            "-f",
            "-",
            text=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)}),
        )

    def objects(self, kind: str, selector: str = "") -> list[Manifest]:
        """The objects of a kind as they are now."""
        return api_reader.reader(self.door.kubeconfig).objects(kind, self.namespace, selector)

    def phases(self, selector: str) -> dict[str, int]:
        """How many pods are in each phase."""
        found = [pod["status"].get("phase", "Unknown") for pod in self.objects("pods", selector)]
        return {phase: found.count(phase) for phase in set(found)}

    def clear(self) -> None:
        """Delete the namespace and everything in it, without waiting for its end."""
        self.door.kubectl("delete", "namespace", self.namespace, "--wait=false")


STAGES: Final = pytest.StashKey[list[Stage]]()
"""Where fixtures store them, for the reports of failed tests."""


def pod(name: str, image: str, script: str, **spec: object) -> Manifest:
    """A pod of our image that runs a Python script; `spec` adds to its container."""
    labels = {"app": name}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": pod_spec(image, script, **spec),
    }


def deployment(name: str, image: str, script: str, replicas: int, **spec: object) -> Manifest:
    """A Deployment of such pods."""
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": pod_spec(image, script, **spec)}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }


def pod_spec(image: str, script: str, **container: object) -> Manifest:
    """One container that meets the restricted Pod Security Standard."""
    grace = container.pop("grace", 2)
    return {
        "terminationGracePeriodSeconds": grace,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "main",
                "image": image,
                "imagePullPolicy": "IfNotPresent",
                "command": ["python3", "-u", "-c", script],
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                    "readOnlyRootFilesystem": True,
                },
                **container,
            }
        ],
    }


def service(name: str, port: int) -> Manifest:
    """A ClusterIP Service in front of the pods of the same name."""
    ports = [{"port": 80, "targetPort": port}]
    metadata = {"name": name}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"selector": {"app": name}, "ports": ports},
    }
