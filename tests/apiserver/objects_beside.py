"""Objects that name a deployment, or that a deployment names, as users would write them."""

from typing import Any, Final

ADAPTER: Final[dict[str, Any]] = {
    "apiVersion": "fairlead.dev/v1alpha1",
    "kind": "Adapter",
    "metadata": {"name": "sql"},
    "spec": {
        "deployment": "chat",
        "versions": [{"digest": f"sha256:{'a' * 64}", "source": "hf://acme/sql"}],
    },
}
EVALUATION: Final = {
    "apiVersion": "fairlead.dev/v1alpha1",
    "kind": "Evaluation",
    "metadata": {"name": "support"},
    "spec": {"items": {"configMap": {"name": "questions", "key": "items.jsonl"}}},
}
