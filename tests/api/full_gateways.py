"""Valid specs of gateways with every field set, by present and by former names."""

from typing import Any, Final

from tests.api.full_traffic import SECRET, TRAFFIC

GATEWAY_SPEC: Final[dict[str, Any]] = {
    "replicas": 3,
    **TRAFFIC,
    "models": [
        {
            "name": "one",
            "strategy": "Rules",
            "deployment": "a",
            "fallback": {"deployments": ["b"], "reasons": ["Timeout"]},
            "shadow": {"deployment": "b", "share": "0.05"},
            "cache": False,
            "onInvalid": "Retry",
            "rules": [
                {
                    "name": "r",
                    "when": {
                        "difficulty": "Easy",
                        "minPromptTokens": 10,
                        "maxPromptTokens": 20,
                        "minOutputTokens": 30,
                        "maxOutputTokens": 40,
                        "structuredOutput": True,
                        "tools": False,
                        "tenants": ["shop"],
                        "tasks": ["extraction"],
                        "expression": "promptTokens > 10",
                    },
                    "deployment": "b",
                }
            ],
        },
        {"name": "two", "strategy": "Weighted", "weighted": [{"deployment": "a", "weight": 9}]},
        {
            "name": "three",
            "strategy": "Cascade",
            "cascade": {
                "deployments": ["a", "b"],
                "validator": "Confidence",
                "minConfidence": "0.7",
                "maxExtraShare": "0.3",
            },
        },
        {
            "name": "four",
            "strategy": "Cascade",
            "cascade": {"deployments": ["a", "b"], "validator": "NoRefusal", "refusalWords": ["leider"]},
        },
        {
            "name": "five",
            "strategy": "Cascade",
            "cascade": {"deployments": ["a", "b"], "validator": "Pattern", "pattern": "^[0-9]+$"},
        },
        {
            "name": "six",
            "strategy": "Cascade",
            "cascade": {"deployments": ["a", "b"], "validator": "MinLength", "minCharacters": 40},
        },
    ],
    "external": [
        {
            "name": "elsewhere",
            "url": "https://api.example.com/v1",
            "model": "big",
            "keySecret": SECRET,
            "prices": {"prompt": "2.50", "cached": "0.25", "output": "10"},
            "maxConcurrency": 32,
        }
    ],
    "allowedNamespaces": ["search"],
}
GATEWAY_BY_OLD_NAMES: Final[dict[str, Any]] = {"httpRoute": TRAFFIC["httpRoute"], "door": TRAFFIC["connections"]}
