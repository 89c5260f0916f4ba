"""The chart's values for tests: what each may be besides its default, and what it needs to have an effect."""

from collections.abc import Iterator
from typing import Any, Final

from pydantic import BaseModel

from house.chart_values import Values

DIGEST: Final = "sha256:" + "0123456789abcdef" * 4

FILLED: Final[dict[str, Any]] = {
    "fullnameOverride": "lines",
    "image.repository": "registry.test:5000/team/fairlead",
    "image.tag": "1.2.3-dev",
    "image.digest": DIGEST,
    "cpuImages": {"vLLM": "registry.test/vllm-cpu:1"},
    "imagePullSecrets": [{"name": "registry"}],
    "replicas": 3,
    "watchNamespaces": ["models", "123"],
    "products": [
        {"product": "NVIDIA-L4", "priceUsdHour": 0.55},
        {"product": "Future-X1", "memoryMib": 983040, "bandwidthGbs": 2000, "computeCapability": "12.0"},
    ],
    "autoscaler.replicas": 3,
    "autoscaler.resources": {"requests": {"cpu": 2, "memory": "2Gi"}},
    "serviceAccount.name": "somebody",
    "serviceAccount.annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/fairlead"},
    "webhook.timeoutSeconds": 10,
    "webhook.certManager.issuer.name": "company",
    "metrics.podMonitor.interval": "15s",
    "metrics.podMonitor.labels": {"release": "prometheus"},
    "serving.monitoringNamespace": "monitoring",
    "serving.podMonitor.interval": "15s",
    "serving.podMonitor.labels": {"release": "prometheus"},
    "serving.podMonitor.namespaces": ["models", "123"],
    "dashboards.labels": {"dashboard": "yes"},
    "dashboards.annotations": {"grafana_folder": "Serving"},
    "alerts.labels": {"release": "prometheus"},
    "networkPolicy.metricsFrom": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}],
    "resources": {"requests": {"cpu": 1, "memory": "1Gi"}},
    "podAnnotations": {"sidecar.istio.io/inject": "false"},
    "podLabels": {"team": "serving"},
    "commonLabels": {"owner": "platform", "app.kubernetes.io/name": "not ours to lose"},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "system", "operator": "Exists", "effect": "NoSchedule"}],
    "affinity": {"nodeAffinity": {}},
    "priorityClassName": "system-cluster-critical",
    "extraArgs": ["--decide-seconds=2"],
    "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy.test:3128"}],
    "extraObjects": [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "more"}, "data": {"in": "{{ .Release.Name }}"}}
    ],
}
"""A non-default value for each value that is neither a switch nor a choice."""

SERVING_SCRAPED: Final = {"serving.podMonitor.enabled": True, "serving.monitoringNamespace": "monitoring"}
"""Routers and engines are scraped, and their NetworkPolicies let that namespace in."""
NEEDS: Final[dict[str, dict[str, Any]]] = {
    "autoscaler.replicas": {"autoscaler.separate": True},
    "autoscaler.resources": {"autoscaler.separate": True},
    "console.service": {"console.enabled": True},
    "serviceAccount.create": {"serviceAccount.name": "somebody"},
    "webhook.certManager.issuer.kind": {"webhook.certManager.issuer.name": "company"},
}
"""What must be set for a value to have an effect, beyond the switches of its groups."""


def besides_defaults() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """For each value and each alternative: its path, the values without it, and the values with it."""
    for path, default, choice in leaves(Values(), ""):
        below = {"crds.install": path.startswith("crds.")} | _switched_on(path) | NEEDS.get(path, {})
        for other in _others(path, default, choice):
            yield path, nested(below), nested(below | {path: other})


def leaves(group: BaseModel, above: str) -> Iterator[tuple[str, Any, list[str]]]:
    """Path, default and allowed choices of every value."""
    for field, about in type(group).model_fields.items():
        path, value = f"{above}{about.alias}", getattr(group, field)
        if isinstance(value, BaseModel):
            yield from leaves(value, f"{path}.")
        else:
            yield path, value, list(getattr(about.annotation, "__args__", ())) if isinstance(value, str) else []


def nested(flat: dict[str, Any]) -> dict[str, Any]:
    """Values by path, nested as in a values file."""
    whole: dict[str, Any] = {}
    for path, value in flat.items():
        *groups, name = path.split(".")
        here = whole
        for group in groups:
            here = here.setdefault(group, {})
        here[name] = value
    return whole


def _switched_on(path: str) -> dict[str, Any]:
    names = {each for each, _, _ in leaves(Values(), "")}
    words = path.split(".")
    switches = [".".join([*words[:depth], "enabled"]) for depth in range(1, len(words))]
    return {switch: True for switch in switches if switch in names and switch != path}


def _others(path: str, default: object, choice: list[str]) -> list[Any]:
    if isinstance(default, bool):
        return [not default]
    return [one for one in choice if one != default] or [FILLED[path]]
