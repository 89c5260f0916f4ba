"""Deployments and gateways as the console reads them from the operator's stores."""

from typing import Any, Final

from fairlead.cluster import package_data
from fairlead.console.document import PageFrame
from fairlead.console.facts import DeploymentFacts
from fairlead.review import remedies
from tests.cli.decisions import AT

REMEDIES: Final = remedies.read(package_data.remedies())
FRAME: Final = PageFrame(reader="sre@example.org", at=AT)


def condition(kind: str, status: str, reason: str, message: str = "") -> dict[str, Any]:
    """One entry of status.conditions."""
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": "2026-11-23T02:00:00Z",
    }


WELL: Final = (condition("Ready", "True", "Serving", "2 of 2 replicas are ready"),)
NO_ROOM: Final = (
    condition("Scheduled", "False", "NoFreeGpu", "pod chat-1 waits for 2 GPUs"),
    condition("Ready", "False", "NoFreeGpu", "pod chat-1 waits for 2 GPUs"),
)


def deployment(name: str = "chat", namespace: str = "team", **status: Any) -> dict[str, Any]:  # noqa: ANN401  # of a status
    """A deployment that serves, unless its status says otherwise."""
    usual = {
        "observedGeneration": 1,
        "conditions": list(WELL),
        "readyReplicas": 2,
        "desiredReplicas": 2,
        "endpoint": f"http://{name}.{namespace}.svc/v1",
        "cost": {"perHour": "1.40"},
        "fit": {"concurrency": {"low": 8, "likely": 10, "high": 12}, "kvTokens": {"measured": 120_000}},
    }
    return {
        "apiVersion": "fairlead.dev/v1alpha1",
        "kind": "InferenceDeployment",
        "metadata": {"name": name, "namespace": namespace, "uid": f"{namespace}-{name}", "generation": 1},
        "spec": {"scaling": {"minReplicas": 1, "maxReplicas": 8}},
        "status": usual | status,
    }


def facts(document: dict[str, Any] | None = None, **more: Any) -> DeploymentFacts:  # noqa: ANN401  # its fields
    """What the console knows of a deployment."""
    return DeploymentFacts(document=deployment() if document is None else document, **more)


def gateway(name: str = "company", namespace: str = "team", **status: Any) -> dict[str, Any]:  # noqa: ANN401  # of a status
    """A gateway with two tenants and two models."""
    usual = {
        "observedGeneration": 1,
        "conditions": [condition("Ready", "True", "Serving", "2 of 2 routers are ready")],
        "replicas": 2,
        "readyReplicas": 2,
        "deployments": 1,
        "models": [
            {"name": "small", "ready": True, "targets": [{"name": "team/chat", "ready": 2, "routable": 2}]},
            {"name": "large", "ready": False, "message": "no replica is ready"},
        ],
        "tenants": [
            {
                "name": "sales",
                "running": 3,
                "maxConcurrency": 8,
                "waiting": 1,
                "requests": 40,
                "tokens": 9000,
                "tokensPerMinute": 100_000,
                "spent": "12.5",
                "budget": "100",
                "budgetPeriod": "Month",
            },
            {"name": "open", "running": 0, "waiting": 0, "requests": 0, "tokens": 0},
        ],
    }
    return {
        "apiVersion": "fairlead.dev/v1alpha1",
        "kind": "InferenceGateway",
        "metadata": {"name": name, "namespace": namespace, "uid": f"{namespace}-{name}", "generation": 1},
        "spec": {},
        "status": usual | status,
    }
