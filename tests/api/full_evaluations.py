"""Evaluations with every field set."""

from typing import Any, Final

from tests.api.full_traffic import SECRET

_READ: Final[dict[str, Any]] = {
    "items": {"configMap": {"name": "questions", "key": "items.jsonl"}},
    "sampling": {"maxTokens": 64, "seed": 7},
    "concurrency": 8,
    "minItems": 200,
}
EVALUATION_SPECS: Final[tuple[dict[str, Any], ...]] = (
    tuple(
        _READ | {"scorer": scorer}
        for scorer in (
            {"type": "Contains", "ignoreCase": True},
            {"type": "Number", "tolerance": "0.01"},
            {"type": "JSONField", "field": "city.name"},
            {"type": "Choice", "choices": 4},
            {
                "type": "Judge",
                "judge": {
                    "url": "https://judge.example.com/v1",
                    "model": "big",
                    "keySecret": SECRET,
                    "instructions": "Prefer the polite one. VERDICT: A, B or TIE.",
                },
            },
        )
    )
    + tuple(
        _READ | {"items": items}
        for items in (
            {"persistentVolumeClaim": {"claimName": "evals", "path": "support/items.jsonl"}},
            {
                "source": {
                    "url": "hf://datasets/example/support",
                    "path": "items.jsonl",
                    "revision": "v1",
                    "tokenSecret": SECRET,
                    "endpoint": "https://hub.example.com",
                }
            },
            {
                "source": {
                    "url": "oci://registry.example.com/evals/support:v1",
                    "path": "items.jsonl",
                    "imagePullSecrets": [{"name": "registry"}],
                }
            },
        )
    )
    + tuple(
        _READ | {"runner": runner}
        for runner in (
            {
                "type": "Job",
                "image": "registry.example.com/judge:v1",
                "command": ["python3"],
                "args": ["judge.py"],
                "env": [
                    {"name": "MODE", "value": "strict"},
                    {"name": "KEY", "valueFrom": {"secretKeyRef": SECRET}},
                    {"name": "TEXT", "valueFrom": {"configMapKeyRef": SECRET}},
                ],
                "imagePullSecrets": [{"name": "registry"}],
                "resources": {"cpu": "2", "memory": "4Gi"},
                "deadline": "2h",
            },
            {
                "type": "LmEval",
                "image": "registry.example.com/lm-eval:v1",
                "task": "support",
                "api": "Completions",
                "metric": "exact_match",
            },
        )
    )
)
