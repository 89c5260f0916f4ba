"""Adapters' valid specs with every field set: versions by traffic, and versions on trial."""

from typing import Any, Final

ADAPTER_SPEC: Final[dict[str, Any]] = {
    "deployment": "chat",
    "servedName": "chat-sql",
    "baseModel": "a/b",
    "replicas": 2,
    "versions": [
        {"digest": f"sha256:{'a' * 64}", "source": "hf://a/sql", "revision": "v1", "traffic": 95},
        {"digest": f"sha256:{'b' * 64}", "source": "pvc://adapters/sql", "traffic": 5},
    ],
}
TRIED_ADAPTER: Final[dict[str, Any]] = {
    "deployment": "chat",
    "versions": [{"digest": f"sha256:{letter * 64}", "source": "hf://a/sql"} for letter in "ab"],
    "canary": {
        "steps": [
            {"traffic": 0, "hold": "0s", "gates": ["Quality", "Manual"]},
            {"traffic": 20, "hold": "5m", "gates": ["Service"]},
        ],
        "undecidedAfter": "1h",
        "undecided": "RollBack",
        "service": {"maxTtftRatio": "1.5", "maxTpotRatio": "1.4", "maxFaultShare": "0.01", "minRequests": 200},
        "quality": {"evaluation": "support", "margin": "3"},
    },
}
ADAPTER_SPECS: Final = (ADAPTER_SPEC, TRIED_ADAPTER)
