"""Router settings with every field set: a deployment's own and a gateway's."""

from typing import Any, Final

SECRET: Final = {"name": "s", "key": "k"}
TRAFFIC: Final[dict[str, Any]] = {
    "service": {"type": "NodePort", "annotations": {"a": "1"}},
    "httpRoute": {
        "parentRefs": [{"name": "public", "namespace": "infra", "sectionName": "https", "port": 443}],
        "hostnames": ["chat.example.com"],
        "requestTimeout": "20m",
    },
    "placement": {
        "nodeSelector": {"pool": "web"},
        "tolerations": [{"key": "k", "operator": "Equal", "value": "v", "effect": "NoExecute", "tolerationSeconds": 9}],
        "affinity": {"nodeAffinity": {"a": 1}},
        "topologySpreadConstraints": [{"topologyKey": "zone", "maxSkew": 2, "whenUnsatisfiable": "DoNotSchedule"}],
        "priorityClassName": "p",
        "runtimeClassName": "r",
        "schedulerName": "s",
    },
    "resources": {
        "requests": {"cpu": "500m", "memory": "256Mi", "ephemeral-storage": "1Gi"},
        "limits": {"cpu": 2, "memory": "1Gi", "ephemeral-storage": "2Gi"},
    },
    "podMetadata": {"labels": {"team": "web"}, "annotations": {"note": "a word"}},
    "limits": {
        "enforcement": "Shadow",
        "maxPromptTokens": 10,
        "maxOutputTokens": 20,
        "maxQueued": 30,
        "maxQueueTime": "4s",
        "late": "Refuse",
        "maxRequestSize": "5k",
    },
    "timeouts": {"connect": "1s", "firstToken": "2s", "betweenTokens": "3s", "total": "4s"},
    "hold": {"maxRequests": 1, "maxTime": "2s"},
    "cache": {
        "enabled": True,
        "ttl": "1s",
        "maxSize": "2k",
        "maxEntrySize": "1k",
        "scope": "Gateway",
        "generation": 7,
        "redis": {"urlSecret": SECRET},
    },
    "retries": {"maxAttempts": 3, "budget": "0.2"},
    "tenants": [
        {
            "name": "shop",
            "keys": [SECRET],
            "claims": ["shop-app"],
            "band": "high",
            "weight": 2,
            "maxConcurrency": 3,
            "tokensPerMinute": 4,
            "requestsPerMinute": 5,
            "budget": {"maxCost": "6", "period": "Day"},
            "models": ["chat"],
            "enforcement": "Shadow",
            "explain": True,
        }
    ],
    "bands": [{"name": "high", "priority": 9, "reserved": "0.1", "maxQueued": 7}],
    "lanes": {
        "long": {"minPromptTokens": 1, "minOutputTokens": 2, "maxShare": "0.4", "maxQueueTime": "5s"},
        "batch": {"belowUtilization": "0.6", "maxQueueTime": "1h", "maxQueued": 8},
    },
    "balancing": {"prefix": False, "loadBound": "2", "cacheSalt": True},
    "hedging": {"enabled": True, "after": "3s", "budget": "0.05"},
    "connections": {
        "cors": {"origins": ["https://app.example"]},
        "tls": {"secretName": "t"},
        "engineTls": {"caSecret": SECRET},
        "maxHeaderSize": "8k",
        "headTimeout": "1s",
        "bodyTimeout": "2s",
        "idleTimeout": "3s",
        "maxConnections": 9,
        "streamKeepAlive": "15s",
    },
    "accessLog": {"enabled": True, "prompts": True},
    "tracing": {"endpoint": "http://collector:4318", "share": "0.5"},
    "oidc": {
        "issuer": "https://login.example",
        "audiences": ["models"],
        "tenantClaim": "team",
        "keysUrl": "https://login.example/keys",
        "caSecret": SECRET,
    },
}
