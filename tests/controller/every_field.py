"""Data for the test of every field: valid values, the fields they need beside them, and the exceptions."""

from typing import Any, Final

Spec = dict[str, Any]

BASE: Final[Spec] = {"engine": {"kind": "vLLM", "context": {"maxTokens": 8192}}}
"""Real vLLM, since the simulated engine reads no weights."""

ONLY_CHECKED: Final = frozenset({"accelerator.count"})
"""States what other fields decide; its only effect is a refusal where it contradicts them."""

UNDONE_BY_ROUTERS: Final = frozenset({"gateway.name", "gateway.namespace"})
"""Undoing it takes as long as routers take to serve; `gateways/test_moves.py` checks that nothing is left."""

KEY: Final = {"name": "s", "key": "key"}
ADAPTER: Final = {"name": "tone", "source": "hf://somebody/tone"}
SPREAD: Final = {"placement": {"topologySpreadConstraints": [{"topologyKey": "zone"}]}}
TOLERATION: Final = {"placement": {"tolerations": [{"key": "gpu"}]}}
EVICTED: Final = {"placement": {"tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoExecute"}]}}
SPREADING: Final = ("topologyKey", "maxSkew", "whenUnsatisfiable")
NGRAM: Final = {"engine": {"speculation": {"method": "ngram", "tokens": 4}}}
DRAFT: Final = {
    "engine": {
        "speculation": {
            "method": "draftModel",
            "tokens": 4,
            "draft": {"source": "hf://meta-llama/Llama-3.2-1B-Instruct"},
        }
    }
}
SHAPE: Final = {
    "layers": 32,
    "hiddenSize": 4096,
    "attentionHeads": 32,
    "kvHeads": 8,
    "headSize": 128,
    "intermediateSize": 14336,
    "vocabularySize": 128256,
    "maxPosition": 131072,
}
ON_CPU: Final = {"accelerator": {"product": "CPU", "cores": 4, "memory": "64Gi"}}
STATED: Final = {"model": {"source": "hf://somebody/own", "shape": SHAPE}}
SCALED: Final = {"replicas": None, "scaling": {"minReplicas": 1, "maxReplicas": 4}}
CACHED: Final = {"router": {"cache": {"enabled": True, "redis": {"urlSecret": dict(KEY)}}}}

TENANT: Final = {"name": "shop", "keys": [dict(KEY)]}
TENANTS: Final = {"router": {"tenants": [TENANT]}}
BANDS: Final = {"router": {"bands": [{"name": "gold", "priority": 1}]}}
SPENDING: Final = {"router": {"tenants": [TENANT | {"budget": {"maxCost": "5"}}]}}
TO_ENGINES: Final = {"router": {"connections": {"engineTls": {"caSecret": dict(KEY)}}}}
TOKENS: Final = {
    "router": {
        "tenants": [TENANT],
        "oidc": {"issuer": "https://login.example", "audiences": ["models"], "caSecret": dict(KEY)},
    }
}
CANARY: Final = {"rollout": {"strategy": "Canary", "canary": {"steps": [{"traffic": 10}, {"traffic": 20}]}}}
EVALUATED: Final = {
    "rollout": {
        "strategy": "Canary",
        "canary": {"steps": [{"gates": ["Quality"]}], "quality": {"evaluation": "support"}},
    }
}
JUDGED: Final = {"rollout": {"strategy": "Canary", "canary": {}}}
TRACED: Final = {"router": {"tracing": {"endpoint": "http://collector:4318"}}}

ROUTED: Final = {"router": {"httpRoute": {"parentRefs": [{"name": "public"}]}}}

ENV: Final = {"engine": {"env": [{"name": "A", "value": "1"}]}}
FROM_SECRET: Final = {"engine": {"env": [{"name": "A", "valueFrom": {"secretKeyRef": KEY}}]}}
FROM_MAP: Final = {"engine": {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": KEY}}]}}
TEMPLATE: Final = {"engine": {"chatTemplate": {"configMap": KEY}}}
EXPERTS: Final = {
    "model": {"source": "hf://somebody/own", "shape": SHAPE | {"layers": 4, "experts": 8, "expertsPerToken": 2}}
}

VALUES: Final[Spec] = {
    "accelerator.cores": 8,
    "accelerator.count": 2,
    "accelerator.memory": "96Gi",
    "accelerator.product": "NVIDIA-A100-SXM4-80GB",
    "accelerator.resource": "example.com/gpu",
    "drain.settle": "33s",
    "drain.timeout": "7m",
    "engine.adapters.[].source": "hf://somebody/else",
    "engine.adapters.[].rank": 32,
    "engine.batching.maxBatchedTokens": 4096,
    "engine.batching.maxSequences": 32,
    "engine.chatTemplate.configMap.key": "other",
    "engine.chatTemplate.configMap.name": "t",
    "engine.chatTemplate.inline": "{{ messages }}",
    "engine.chatTemplate.path": "/models/model/chat_template.jinja",
    "engine.context.maxTokens": 4096,
    "engine.env.[].name": "B",
    "engine.env.[].valueFrom.configMapKeyRef.key": "other",
    "engine.env.[].valueFrom.configMapKeyRef.name": "t",
    "engine.env.[].valueFrom.secretKeyRef.key": "other",
    "engine.env.[].valueFrom.secretKeyRef.name": "t",
    "engine.extraArgs.[]": "--enable-log-requests",
    "engine.kind": "Simulated",
    "engine.prefixCaching.hostMemory": "64Gi",
    "engine.memoryUtilization": "0.85",
    "engine.quantization.kvCache": "fp8",
    "engine.quantization.weights": "fp8PerTensor",
    "engine.reasoning.parser": "deepseek_r1",
    "engine.speculation.draft.source": "hf://somebody/draft",
    "engine.speculation.lookupMax": 9,
    "engine.speculation.lookupMin": 2,
    "engine.speculation.method": "ngram",
    "engine.speculation.tokens": 2,
    "engine.tools.auto": False,
    "engine.tools.parser": "xlam",
    "engine.version": "0.31.0",
    "model.shape.attentionHeads": 64,
    "model.shape.experts": 10,
    "model.shape.expertsPerToken": 4,
    "model.shape.headSize": 64,
    "model.shape.hiddenSize": 2048,
    "model.shape.intermediateSize": 8192,
    "model.shape.kvHeads": 4,
    "model.shape.layers": 16,
    "model.shape.maxPosition": 65536,
    "model.shape.parameters": 6_000_000_000,
    "model.shape.vocabularySize": 64000,
    "model.source": "hf://meta-llama/Llama-3.2-3B-Instruct",
    "model.tokenSecret.key": "other",
    "model.tokenSecret.name": "t",
    "parallelism.tensor": 2,
    "placement.affinity": {"podAntiAffinity": {}},
    "placement.imagePullSecrets.[].name": "s",
    "placement.nodeSelector": {"rack": "1"},
    "placement.tolerations.[].operator": "Exists",
    "placement.tolerations.[].tolerationSeconds": 30,
    "replicas": 3,
    "rollout.canary.service.maxFaultShare": "0.01",
    "rollout.canary.service.maxTpotRatio": "1.5",
    "rollout.canary.service.maxTtftRatio": "1.5",
    "rollout.canary.quality.evaluation": "other",
    "rollout.canary.quality.margin": "3",
    "rollout.canary.startWithin": "1h",
    "rollout.canary.steps.[].gates.[]": "Service",
    "rollout.canary.steps.[].hold": "7m",
    "rollout.canary.steps.[].replicas": 2,
    "rollout.canary.steps.[].traffic": 15,
    "rollout.canary.undecidedAfter": "1h",
    "rollout.maxSurge": 2,
    "rollout.maxUnavailable": 2,
    "rollout.minReadySeconds": 15,
    "rollout.progressDeadlineSeconds": 60,
    "router.balancing.loadBound": "2",
    "router.bands.[].priority": 5,
    "router.bands.[].reserved": "0.2",
    "router.cache.maxEntrySize": "1Mi",
    "router.cache.maxSize": "1Gi",
    "router.cache.redis.urlSecret.key": "other",
    "router.cache.redis.urlSecret.name": "t",
    "router.cache.ttl": "2h",
    "router.connections.bodyTimeout": "7s",
    "router.connections.cors.origins.[]": "https://app.example",
    "router.connections.engineTls.caSecret.key": "other",
    "router.connections.engineTls.caSecret.name": "t",
    "router.connections.headTimeout": "7s",
    "router.connections.idleTimeout": "7s",
    "router.connections.maxHeaderSize": "8Ki",
    "router.connections.streamKeepAlive": "15s",
    "router.connections.tls.secretName": "certificate",
    "router.hedging.after": "3s",
    "router.hedging.budget": "0.05",
    "router.hold.maxTime": "1m",
    "router.lanes.batch.belowUtilization": "0.5",
    "router.lanes.batch.maxQueueTime": "1h",
    "router.lanes.long.maxQueueTime": "1m",
    "router.lanes.long.maxShare": "0.5",
    "router.limits.maxQueueTime": "1m",
    "router.httpRoute.hostnames.[]": "chat.example.com",
    "router.httpRoute.requestTimeout": "20m",
    "router.limits.maxRequestSize": "1Mi",
    "router.oidc.audiences.[]": "lab",
    "router.oidc.caSecret.key": "other",
    "router.oidc.caSecret.name": "t",
    "router.oidc.issuer": "https://other.example",
    "router.oidc.keysUrl": "https://login.example/keys",
    "router.oidc.tenantClaim": "team",
    "router.replicas": 3,
    "router.retries.budget": "0.5",
    "router.service.annotations": {"a": "b"},
    "router.service.type": "LoadBalancer",
    "router.tenants.[].band": "gold",
    "router.tenants.[].budget.maxCost": "6",
    "router.tenants.[].claims.[]": "shop-app",
    "router.tenants.[].keys.[].key": "other",
    "router.tenants.[].keys.[].name": "t",
    "router.tenants.[].models.[]": "chat",
    "router.timeouts.betweenTokens": "7s",
    "router.timeouts.connect": "7s",
    "router.timeouts.firstToken": "7s",
    "resources.limits.cpu": "2",
    "resources.limits.ephemeral-storage": "9Gi",
    "resources.limits.memory": "9Gi",
    "resources.requests.cpu": "500m",
    "resources.requests.ephemeral-storage": "7Gi",
    "resources.requests.memory": "7Gi",
    "podMetadata.annotations": {"karpenter.sh/do-not-disrupt": "true"},
    "podMetadata.labels": {"team": "search"},
    "router.placement.affinity": {"podAntiAffinity": {}},
    "router.placement.nodeSelector": {"pool": "web"},
    "router.placement.tolerations.[].operator": "Exists",
    "router.placement.tolerations.[].tolerationSeconds": 30,
    "router.podMetadata.annotations": {"sidecar.istio.io/inject": "false"},
    "router.podMetadata.labels": {"team": "web"},
    "router.resources.limits.cpu": "2",
    "router.resources.limits.ephemeral-storage": "9Gi",
    "router.resources.limits.memory": "9Gi",
    "router.resources.requests.cpu": "500m",
    "router.resources.requests.ephemeral-storage": "7Gi",
    "router.resources.requests.memory": "7Gi",
    "router.timeouts.total": "7m",
    "router.tracing.endpoint": "http://other:4318",
    "router.tracing.share": "0.5",
    "scaling.maxReplicas": 3,
    "scaling.minReplicas": 2,
    "engine.lora.claimName": "models",
    "engine.lora.cpuSlots": 40,
    "storage.cache.claimName": "models",
    "storage.cache.subPath": "sub",
    "storage.sharedMemory": "2Gi",
}
"""Values for leaves whose type does not suggest a valid one."""

BESIDE: Final[dict[str, Spec]] = {
    **{f"accelerator.{one}": ON_CPU for one in ("cores", "memory")},
    **{
        f"engine.adapters.[].{one}": {"engine": {"adapters": [ADAPTER]}}
        for one in ("name", "source", "revision", "rank")
    },
    **{f"engine.chatTemplate.configMap.{one}": TEMPLATE for one in ("name", "key")},
    **{f"engine.env.[].{one}": ENV for one in ("name", "value")},
    **{f"engine.env.[].valueFrom.configMapKeyRef.{one}": FROM_MAP for one in ("name", "key")},
    **{f"engine.env.[].valueFrom.secretKeyRef.{one}": FROM_SECRET for one in ("name", "key")},
    **{f"engine.speculation.{one}": NGRAM for one in ("tokens", "maxConcurrency", "lookupMin", "lookupMax")},
    "engine.tools.auto": {"engine": {"tools": {"parser": "hermes"}}},
    "engine.speculation.draft.source": DRAFT,
    "engine.speculation.draft.revision": DRAFT,
    "engine.speculation.method": {"engine": {"speculation": {"tokens": 4}}},
    **{f"model.shape.{one}": STATED for one in (*SHAPE, "parameters")},
    "model.shape.experts": EXPERTS,
    "model.shape.expertsPerToken": EXPERTS,
    **{f"model.tokenSecret.{one}": {"model": {"tokenSecret": KEY}} for one in ("name", "key")},
    **{f"placement.tolerations.[].{one}": TOLERATION for one in ("key", "operator", "value", "effect")},
    "placement.tolerations.[].tolerationSeconds": EVICTED,
    **{f"placement.topologySpreadConstraints.[].{one}": SPREAD for one in SPREADING},
    **{
        f"router.placement.tolerations.[].{one}": {"router": TOLERATION}
        for one in ("key", "operator", "value", "effect")
    },
    "router.placement.tolerations.[].tolerationSeconds": {"router": EVICTED},
    **{f"router.placement.topologySpreadConstraints.[].{one}": {"router": SPREAD} for one in SPREADING},
    **{f"rollout.canary.steps.[].{one}": CANARY for one in ("replicas", "traffic", "hold", "gates.[]")},
    **{
        f"rollout.canary.{one}": JUDGED
        for one in (
            *("startWithin", "undecided", "undecidedAfter", "service.minRequests"),
            *(f"service.max{one}" for one in ("TtftRatio", "TpotRatio", "FaultShare")),
        )
    },
    **{f"rollout.canary.quality.{one}": EVALUATED for one in ("evaluation", "margin")},
    "rollout.maxSurge": {"rollout": {"strategy": "Surge", "maxSurge": 1, "maxUnavailable": 0}},
    "rollout.progressDeadlineSeconds": {"rollout": {"progressDeadlineSeconds": 600}},
    "router.balancing.cacheSalt": TENANTS,
    "router.limits.late": {
        "replicas": None,
        "scaling": {"minReplicas": 1, "maxReplicas": 4, "policy": {"name": "fast"}},
    },
    **{f"router.bands.[].{one}": BANDS for one in ("name", "priority", "reserved", "maxQueued")},
    **{f"router.cache.redis.urlSecret.{one}": CACHED for one in ("name", "key")},
    **{f"router.connections.engineTls.caSecret.{one}": TO_ENGINES for one in ("name", "key")},
    **{
        f"router.oidc.{one}": TOKENS
        for one in ("issuer", "audiences.[]", "tenantClaim", "keysUrl", "caSecret.name", "caSecret.key")
    },
    "router.tenants.[].claims.[]": TOKENS,
    **{f"router.httpRoute.parentRefs.[].{one}": ROUTED for one in ("name", "namespace", "sectionName", "port")},
    **{f"router.httpRoute.{one}": ROUTED for one in ("hostnames.[]", "requestTimeout")},
    "router.replicas": {"router": {"replicas": 2}},
    **{
        f"router.tenants.[].{one}": TENANTS
        for one in ("name", "weight", "maxConcurrency", "tokensPerMinute", "requestsPerMinute", "models.[]", "explain")
    },
    **{f"router.tenants.[].{one}": TENANTS for one in ("enforcement", "keys.[].name", "keys.[].key")},
    "router.tenants.[].band": {"router": {"tenants": [TENANT], "bands": [{"name": "gold", "priority": 1}]}},
    **{f"router.tenants.[].budget.{one}": SPENDING for one in ("maxCost", "period")},
    **{f"router.tracing.{one}": TRACED for one in ("endpoint", "share")},
    "gateway.namespace": {"gateway": {"name": "front"}},
    "scaling.maxReplicas": SCALED,
    "scaling.minReplicas": SCALED,
    "scaling.policy.name": SCALED,
    "storage.cache.subPath": {"storage": {"cache": {"claimName": "models"}}},
}
"""What must be set beside a leaf for it to have an effect."""
