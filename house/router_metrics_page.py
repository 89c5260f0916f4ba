"""The page about a router's metrics, buckets and access lines, from the tables in the code.

`python -m house.router_metrics_page` writes docs/reference/router-metrics.md; a test detects drift.
"""

import ast
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

from fairlead.router.observability import access_log_entry, counters, log_writer, model_labels
from fairlead.router.observability.access_log_entry import AccessLogEntry
from fairlead.telemetry import router_buckets, router_families
from fairlead.telemetry.metric_family import MetricFamily, MetricType
from fairlead.telemetry.router_families import FAMILIES
from house.tree import ROOT

PAGE: Final = "docs/reference/router-metrics.md"
BUCKETS: Final = {
    "TTFT": router_buckets.TTFT,
    "TPOT": router_buckets.TPOT,
    "WHOLE": router_buckets.WHOLE,
    "WAIT": router_buckets.WAIT,
    "LAG": router_buckets.LAG,
}


def page() -> str:
    """Build the whole page."""
    return "\n".join(
        [
            "# Router metrics, access log and traces",
            "",
            "Written by `python -m house.router_metrics_page` from `operator/fairlead/telemetry/router_families.py`,",
            "`router_process_families.py` and `operator/fairlead/router/observability`; changes here are lost.",
            "",
            "## Metrics",
            "",
            "Served at `/metrics` on the metrics port, in Prometheus' text format; the operator's key or a Kubernetes",
            "token is needed. Names and labels are stable. Label values are closed sets or from the configuration;",
            "a model that is not configured counts as `other`, and where any model name is accepted, the first",
            f"{model_labels.MAX_LEARNT} names that an engine has served are shown. At most",
            f"{counters.MAX_SERIES} combinations of model, revision, band, lane and target are kept, and",
            f"{counters.MAX_SPENDERS:,} of tenant and model; one more replaces the one that was silent for longest.",
            "Latencies are those of requests that an engine answered: replies from the response cache are counted, but",
            "their latencies would hide how fast the fleet is.",
            "",
            *_metrics(),
            "",
            "## Buckets",
            "",
            *_buckets(),
            "",
            "## Access lines",
            "",
            "One JSON object per request, written within a second of its end to standard output or to the file of",
            "`--access-log`. Unknown fields are left out. Only ASCII is written, all else as `\\u` escapes, so no",
            "client can forge a line or move a cursor. A thread writes the lines: if the file or pipe stalls, up to",
            f"{log_writer.MAX_WAITING_BYTES // 2**20} MiB wait, and later lines are dropped and counted as",
            '`fairlead_router_access_lines_total{result="dropped"}`. If the file is moved away, a new one is opened.',
            "",
            *_lines(),
            "",
            "## Traces",
            "",
            "If an OTLP endpoint is configured, a request whose `traceparent` says that it is sampled is traced here",
            "too; of requests without one, the configured share is. A server span describes the request, and one",
            "client span for each attempt at a replica has model, tokens and finish reason, with OpenTelemetry's names",
            "for generative AI. The engine gets the attempt's span as its parent. Headers, certificates and time-out",
            "of the exporter come from the `OTEL_EXPORTER_OTLP_*` variables.",
            "",
        ]
    )


def _metrics() -> Iterator[str]:
    yield "| metric | type | labels | what it means |"
    yield "|---|---|---|---|"
    for one in FAMILIES:
        labels = ", ".join(f"`{label}`" for label in one.labels)
        yield f"| `{one.name}` | {one.kind} | {labels} | {one.text} |"


def _buckets() -> Iterator[str]:
    words = _words(Path(router_buckets.__file__))
    yield "| metrics | upper bounds, seconds | why |"
    yield "|---|---|---|"
    for name, bounds in BUCKETS.items():
        users = ", ".join(
            f"`{_short(one)}`" for one in FAMILIES if one.kind is MetricType.HISTOGRAM and one.bounds == bounds
        )
        text = " ".join(f"{bound:g}" for bound in bounds)
        yield f"| {users} | {text} | {words[name].removeprefix('Seconds. ').removeprefix('Seconds a token. ')} |"


def _lines() -> Iterator[str]:
    words = _words(Path(access_log_entry.__file__), AccessLogEntry.__name__)
    yield "| field | what it means |"
    yield "|---|---|"
    yield from (f"| `{name}` | {words.get(name, '')} |" for name in AccessLogEntry.__struct_fields__)


def _short(family: MetricFamily) -> str:
    return family.name.removeprefix(f"{router_families.PREFIX}_")


def _words(path: Path, within: str | None = None) -> dict[str, str]:
    """The docstring below each name, of the module or of a class in it."""
    body: list[ast.stmt] = ast.parse(path.read_text(encoding="utf-8")).body
    if within is not None:
        body = next(node.body for node in body if isinstance(node, ast.ClassDef) and node.name == within)
    return {
        node.target.id: " ".join(after.value.value.split())
        for node, after in pairwise(body)
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
        and isinstance(after.value.value, str)
    }


def main() -> int:
    """Write the page."""
    (ROOT / PAGE).write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
