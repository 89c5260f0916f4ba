"""The page about an autoscaler's own metrics, from the table in the code.

`python -m house.autoscaler_metrics_page` writes docs/reference/autoscaler-metrics.md; a test detects drift.
"""

import sys
from collections.abc import Iterator
from typing import Final

from fairlead.telemetry import autoscaler_metrics
from fairlead.telemetry.autoscaler_metrics import FAMILIES, FIGURE, NEEDED
from house.tree import ROOT

PAGE: Final = "docs/reference/autoscaler-metrics.md"


def page() -> str:
    """Build the whole page."""
    return "\n".join(
        [
            "# The autoscaler's metrics",
            "",
            "Written by `python -m house.autoscaler_metrics_page` from",
            "`operator/fairlead/telemetry/autoscaler_metrics.py`; changes here are lost.",
            "",
            "Served at `/metrics` on port 9090 of the process that decides: the leading operator, on one page with its",
            "own metrics, or each autoscaler where they run in their own pods. A deployment's metrics are those of its",
            "last decision, and are gone with the deployment.",
            f"`{NEEDED.name}` and `{FIGURE.name}` are shown for the first",
            f"{autoscaler_metrics.MAX_SHOWN} deployments of a process, by namespace and name; all else for every one.",
            "",
            *_metrics(),
            "",
            "The last decisions themselves are at `/fairlead/v1/decisions` (all of the process, in short form) and",
            "`/fairlead/v1/decisions/NAMESPACE/NAME` (one, in full), where `fairlead top` and `fairlead explain` read",
            "them.",
            "",
        ]
    )


def _metrics() -> Iterator[str]:
    yield "| metric | type | labels | what it means |"
    yield "|---|---|---|---|"
    for one in FAMILIES:
        labels = ", ".join(f"`{label}`" for label in one.labels)
        yield f"| `{one.name}` | {one.kind} | {labels} | {one.text} |"


def main() -> int:
    """Write the page."""
    (ROOT / PAGE).write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
