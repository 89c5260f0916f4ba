"""The pages about the operator's conditions, with their reasons, and its metrics, from the code's docstrings.

`python -m house.status_pages` writes docs/reference/conditions.md and docs/reference/metrics.md; tests detect drift.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from fairlead.fleet import conditions
from fairlead.fleet.conditions import ConditionReason, ConditionType
from fairlead.telemetry.operator_metrics import FAMILIES
from house.tree import ROOT

CONDITIONS: Final = "docs/reference/conditions.md"
METRICS: Final = "docs/reference/metrics.md"


def pages() -> Mapping[str, str]:
    """Build every page, by path."""
    return {CONDITIONS: conditions_page(), METRICS: metrics_page()}


def conditions_page() -> str:
    """Types first, then every reason."""
    words = meanings()
    return "\n".join(
        [
            "# Conditions and reasons",
            "",
            "Written by `python -m house.status_pages` from `operator/fairlead/fleet/conditions.py`; changes here are",
            "lost. A condition's message names the field, the value, the reason and what to do. It has no time and no",
            "counter, so it does not change at rest. `kubectl get infd` shows the reason of `Ready`.",
            "",
            *_table("condition", {one.value: words[("ConditionType", one.name)] for one in ConditionType}),
            "",
            "kstatus reads `Ready`, `Stalled` and `Reconciling`, and so do `helm --wait` and Flux; Argo CD",
            "needs a health check ([GitOps](../install.md#with-argo-cd-or-flux)).",
            "",
            *_table("reason", {one.value: words[("ConditionReason", one.name)] for one in ConditionReason}),
            "",
        ]
    )


def metrics_page() -> str:
    """List every metric of the operator."""
    rows = {family.name: f"{family.kind}: {family.text}" for family in FAMILIES}
    return "\n".join(
        [
            "# The operator's metrics",
            "",
            "Written by `python -m house.status_pages` from `operator/fairlead/telemetry/operator_metrics.py`; changes",
            "here are lost. Served on port 9090 of every replica; metrics about objects mean something only on the",
            "leader.",
            "",
            *_table("metric", dict(sorted(rows.items()))),
            "",
        ]
    )


def meanings() -> dict[tuple[str, str], str]:
    """The docstring below each member of both enums, by class and name."""
    tree = ast.parse(Path(conditions.__file__).read_text(encoding="utf-8"))
    return dict(_sentences(tree))


def _sentences(tree: ast.Module) -> Iterator[tuple[tuple[str, str], str]]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            for member, after in zip(node.body, node.body[1:], strict=False):
                if isinstance(member, ast.Assign) and isinstance(member.targets[0], ast.Name):
                    yield (node.name, member.targets[0].id), _text(after)


def _text(node: ast.stmt) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return " ".join(node.value.value.split())
    return ""


def _table(head: str, rows: Mapping[str, str]) -> Iterator[str]:
    yield f"| {head} | what it means |"
    yield "|---|---|"
    yield from (f"| `{name}` | {text} |" for name, text in rows.items())


def main() -> int:
    """Write both."""
    for path, text in pages().items():
        (ROOT / path).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
