"""Valid specs with every field set, for tests that cover all of them."""

import copy
from typing import Any, Final

from fairlead.api.kinds import ADAPTER, DEPLOYMENT, EVALUATION, GATEWAY, POLICY, Kind
from tests.api.full_adapters import ADAPTER_SPECS
from tests.api.full_evaluations import EVALUATION_SPECS
from tests.api.full_gateways import GATEWAY_BY_OLD_NAMES, GATEWAY_SPEC
from tests.api.full_traffic import SECRET, TRAFFIC

COUNTED: Final[dict[str, Any]] = {
    "model": {
        "source": "hf://a/b",
        "revision": "main",
        "servedName": "chat",
        "tokenSecret": SECRET,
        "shape": {
            "layers": 32,
            "hiddenSize": 4096,
            "attentionHeads": 32,
            "kvHeads": 8,
            "headSize": 128,
            "intermediateSize": 14336,
            "vocabularySize": 128256,
            "maxPosition": 32768,
            "parameters": 8_000_000_000,
            "experts": 8,
            "expertsPerToken": 2,
        },
    },
    "engine": {
        "kind": "vLLM",
        "image": "example.com/own:1",
        "version": "0.31.1",
        "dtype": "bfloat16",
        "quantization": {"weights": "awq", "kvCache": "fp8E4M3"},
        "prefixCaching": {"enabled": False, "hostMemory": "64Gi"},
        "sleep": {"enabled": True},
        "speculation": {
            "method": "draftModel",
            "draft": {"source": "hf://a/c", "revision": "v1"},
            "tokens": 4,
            "maxConcurrency": 48,
        },
        "batching": {"maxSequences": 64, "maxBatchedTokens": 4096, "cudaGraphTokens": 1024, "maxQueuedRequests": 9},
        "context": {"maxTokens": 16384},
        "memoryUtilization": "0.90",
        "eager": True,
        "trustRemoteCode": True,
        "adapters": [{"name": "a", "source": "hf://a/d", "revision": "v1", "rank": 8}],
        "tools": {"parser": "hermes", "auto": False},
        "reasoning": {"parser": "deepseek_r1"},
        "chatTemplate": {"configMap": {"name": "c", "key": "k"}},
        "extraArgs": ["--seed=1"],
        "env": [
            {"name": "A", "value": "b"},
            {"name": "B", "valueFrom": {"secretKeyRef": SECRET}},
            {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}},
        ],
    },
    "accelerator": {"product": "NVIDIA-L4", "resource": "example.com/gpu"},
    "parallelism": {"tensor": 4, "pipeline": 2, "data": 1},
    "resources": {
        "requests": {"cpu": "4", "memory": "24Gi", "ephemeral-storage": "40Gi"},
        "limits": {"cpu": "8500m", "memory": "32Gi", "ephemeral-storage": "50Gi"},
    },
    "placement": {
        "nodeSelector": {"a": "1"},
        "tolerations": [{"key": "k", "operator": "Equal", "value": "v", "effect": "NoExecute", "tolerationSeconds": 9}],
        "affinity": {"nodeAffinity": {"a": 1}},
        "topologySpreadConstraints": [{"topologyKey": "zone", "maxSkew": 2, "whenUnsatisfiable": "DoNotSchedule"}],
        "priorityClassName": "p",
        "runtimeClassName": "r",
        "schedulerName": "s",
        "serviceAccountName": "a",
        "imagePullSecrets": [{"name": "i"}],
    },
    "fitCheck": "Warn",
    "prePull": True,
    "podMetadata": {"labels": {"team": "search"}, "annotations": {"note": "a word"}},
    "storage": {
        "cache": {"claimName": "models", "subPath": "cache"},
        "sharedMemory": "2Gi",
        "mounts": [
            {"path": "/etc/company-ca", "configMapName": "company-ca"},
            {"path": "/opt/plugins/parser.py", "secretName": "plugins", "subPath": "parser.py"},
            {"path": "/data", "claimName": "models", "subPath": "data", "writable": True},
        ],
    },
    "replicas": 3,
    "rollout": {
        "strategy": "Canary",
        "maxSurge": 1,
        "maxUnavailable": 1,
        "progressDeadlineSeconds": 900,
        "minReadySeconds": 5,
        "paused": True,
        "canary": {
            "steps": [
                {"replicas": 1, "traffic": 5, "hold": "1m", "gates": ["Manual", "Quality"]},
                {"replicas": 2, "traffic": 50, "hold": "2m", "gates": ["Service"]},
            ],
            "startWithin": "8h",
            "undecidedAfter": "1h",
            "undecided": "RollBack",
            "service": {
                "maxTtftRatio": "1.5",
                "maxTpotRatio": "1.4",
                "maxFaultShare": "0.01",
                "minRequests": 200,
            },
            "quality": {"evaluation": "support", "margin": "3"},
        },
    },
    "drain": {"timeout": "1m", "settle": "5s"},
    "repair": {"hungReplicas": "Keep"},
    "router": {"replicas": 3, **TRAFFIC},
}
SCALED: Final[dict[str, Any]] = {
    "model": {"source": "hf://a/b"},
    "engine": {
        "speculation": {"method": "ngram", "lookupMin": 2, "lookupMax": 5},
        "chatTemplate": {"inline": "{{ messages }}"},
        "lora": {"slots": 4, "cpuSlots": 12, "maxRank": 32, "claimName": "adapters"},
    },
    "accelerator": {"product": "NVIDIA-L4"},
    "scaling": {"minReplicas": 1, "maxReplicas": 8, "policy": {"name": "p"}},
    "gateway": {"name": "company", "namespace": "platform"},
}
FROM_A_PATH: Final[dict[str, Any]] = {
    "model": {"source": "hf://a/b"},
    "engine": {"chatTemplate": {"path": "/models/model/chat_template.jinja"}},
    "accelerator": {"product": "NVIDIA-L4"},
}
ON_CPU: Final[dict[str, Any]] = {
    "model": {"source": "hf://a/b"},
    "accelerator": {"product": "CPU", "cores": 4, "memory": "8Gi"},
}
POLICY_SPEC: Final[dict[str, Any]] = {
    "mode": "Recommend",
    "objectives": {"ttftP95": "1s", "tpotP95": "60ms", "queueTimeP95": "2s"},
    "signals": {"queueDepth": {"targetPerReplica": 3}, "kvCache": {"target": "0.7"}, "tokens": {"headroom": "0.2"}},
    "behavior": {
        "scaleUp": {"maxStep": 2, "maxFactor": "1.5"},
        "scaleDown": {"stabilizationWindowSeconds": 60, "maxStep": 2},
    },
    "coldStart": {"assume": "110s", "learn": False},
    "idle": {"scaleToZero": {"after": "15m"}},
    "schedules": [
        {
            "name": "a",
            "cron": "0 8 * * 1-5",
            "timeZone": "Europe/Berlin",
            "duration": "2h",
            "minReplicas": 1,
            "maxReplicas": 4,
        }
    ],
    "budget": {"maxCostPerHour": "12.50"},
    "warmPool": {"ready": 1, "asleep": 2},
    "speculation": {"switchOff": "WhenItCosts"},
    "metrics": {
        "source": "Prometheus",
        "prometheus": {"url": "http://prometheus:9090", "tokenSecret": SECRET, "caSecret": SECRET},
        "staleAfter": "1m",
    },
}
BY_OLD_NAMES: Final[dict[str, Any]] = {
    "model": {"source": "hf://a/b"},
    "accelerator": {"product": "NVIDIA-L4"},
    "router": {"door": TRAFFIC["connections"]},
}
FULL: Final[tuple[tuple[Kind[Any], dict[str, Any]], ...]] = (
    (DEPLOYMENT, COUNTED),
    (DEPLOYMENT, SCALED),
    (DEPLOYMENT, FROM_A_PATH),
    (DEPLOYMENT, ON_CPU),
    (DEPLOYMENT, BY_OLD_NAMES),
    (POLICY, POLICY_SPEC),
    (GATEWAY, GATEWAY_SPEC),
    (GATEWAY, GATEWAY_BY_OLD_NAMES),
    *((EVALUATION, one) for one in EVALUATION_SPECS),
    *((ADAPTER, one) for one in ADAPTER_SPECS),
)


def with_value(spec: dict[str, Any], path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    """A copy of a spec with another value at one path."""
    changed = copy.deepcopy(spec)
    place: Any = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return changed


def without_revision(spec: dict[str, Any]) -> dict[str, Any]:
    """A copy without a revision, for any model source: only hf:// sources have revisions."""
    changed = copy.deepcopy(spec)
    changed.get("model", {}).pop("revision", None)
    return changed
