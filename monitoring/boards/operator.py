"""Whether the operator keeps up: leader and Lease, work queue, reconciles, API requests, watches, webhook."""

from typing import Final

from fairlead.telemetry import operator_metrics as operator
from monitoring import queries
from monitoring.boards.variables import OF_OPERATORS
from monitoring.panels import Dashboard, PanelRow, lines, number, table
from monitoring.queries import Query

_NOW: Final = PanelRow(
    "Now",
    (
        number("Leaders", queries.total(operator.LEADER), text="1 is right."),
        number("Work queue", queries.total(operator.QUEUE_DEPTH)),
        number("Oldest in the queue", queries.total(operator.QUEUE_OLDEST, how="max"), "s"),
        number(
            "Since a reconcile succeeded",
            f"time() - ({queries.total(operator.LAST_SUCCESS, how='max')} > 0)",
            "s",
            text="Empty before the first one.",
        ),
        number(
            "Until the certificate expires",
            f"min({queries.selected(operator.CERTIFICATE_EXPIRATION)} > 0) - time()",
            "s",
            text="The first to expire; empty without one.",
        ),
        number(
            "Writes at rest a second",
            queries.rate(operator.WRITES_AT_REST),
            text="Anything but 0 is a bug.",
        ),
    ),
)
_LEASE: Final = PanelRow(
    "Lease and objects",
    (
        lines("Who leads", Query(queries.total(operator.LEADER, "pod", how="max"), "{{pod}}")),
        lines(
            "Requests for the Lease",
            Query(
                queries.rate(operator.API_REQUESTS, "verb", "code", where='resource=~"leases.*"'), "{{verb}} {{code}}"
            ),
            unit="reqps",
        ),
        table(
            "Conditions that say no",
            queries.highest(
                operator.OBJECTS, "kind", "condition", "reason", each=("namespace",), where='status="False"'
            ),
            "docs/troubleshooting.md has an entry for each reason.",
        ),
    ),
)
_RECONCILE: Final = PanelRow(
    "Reconcile",
    (
        lines("Work queue", Query(queries.total(operator.QUEUE_DEPTH, "pod", how="max"), "{{pod}}")),
        lines("Reconciles", Query(queries.rate(operator.RECONCILES, "outcome"), "{{outcome}}"), unit="ops"),
        lines(
            "Time of a reconcile",
            Query(queries.quantile(0.5, operator.RECONCILE_SECONDS), "p50"),
            Query(queries.quantile(0.95, operator.RECONCILE_SECONDS), "p95"),
            unit="s",
        ),
        lines(
            "Writes to objects at rest",
            Query(queries.rate(operator.WRITES_AT_REST, "resource"), "{{resource}}"),
        ),
        lines("Events", Query(queries.rate(operator.EVENTS, "outcome"), "{{outcome}}")),
        lines("Objects in memory", Query(queries.total(operator.STORE_OBJECTS, "resource", how="max"), "{{resource}}")),
    ),
)
_SERVER: Final = PanelRow(
    "API server",
    (
        lines(
            "Requests",
            Query(queries.rate(operator.API_REQUESTS, "verb", "resource"), "{{verb}} {{resource}}"),
            unit="reqps",
        ),
        lines("Requests by code", Query(queries.rate(operator.API_REQUESTS, "code"), "{{code}}"), unit="reqps"),
        lines(
            "Time of a request, p95", Query(queries.quantile(0.95, operator.API_SECONDS, "verb"), "{{verb}}"), unit="s"
        ),
        lines(
            "Silence of watches",
            Query(queries.total(operator.WATCH_AGE, "resource", how="max"), "{{resource}}"),
            unit="s",
        ),
        lines("Kinds listed anew", Query(queries.rate(operator.RELISTS, "resource"), "{{resource}}")),
        lines(
            "Webhook",
            Query(queries.rate(operator.REVIEWS, "allowed"), "allowed: {{allowed}}"),
            Query(queries.quantile(0.95, operator.REVIEW_SECONDS), "p95, seconds"),
        ),
    ),
)

BOARD: Final = Dashboard(
    name="operator",
    title="Operator",
    text="Whether the operator keeps up, and with whom it speaks.",
    variables=OF_OPERATORS,
    rows=(_NOW, _LEASE, _RECONCILE, _SERVER),
)
