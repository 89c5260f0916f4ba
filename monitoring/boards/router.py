"""Where requests wait and go: lanes, bands, tenants, choice of replicas, hedges, breaker, prefix hits."""

from typing import Final

from fairlead.telemetry import router_families as router
from fairlead.telemetry import router_process_families as process
from monitoring import queries
from monitoring.boards.variables import OF_ROUTERS
from monitoring.panels import Dashboard, PanelRow, lines, number
from monitoring.queries import REPLICA, Query

_ROUTERS: Final = 'job=~".*-routers"'
"""Needed since engines export process metrics of the same names."""
_EACH: Final = f"{{{{{REPLICA}}}}}"
_BLOCKS: Final = f"{queries.rate(router.BLOCKS_HELD)} / {queries.rate(router.PREFIX_BLOCKS)}"
_SPENT: Final = f"{queries.total(router.TENANT_SPENT, 'tenant')} / {queries.total(router.TENANT_BUDGET, 'tenant')}"


def _top(query: str) -> str:
    return f"topk(10, {query})"


_NOW: Final = PanelRow(
    "Now",
    (
        number("In flight", queries.total(router.IN_FLIGHT)),
        number("Waiting", queries.total(router.WAITING)),
        number("Oldest wait", queries.total(router.OLDEST, how="max"), "s"),
        number("Refused a second", queries.rate(router.REFUSALS), "reqps"),
        number("Replicas ejected", queries.highest(router.ENDPOINTS, where='state="ejected"')),
        number("Prefix hits", _BLOCKS, "percentunit"),
    ),
)
_QUEUE: Final = PanelRow(
    "Queue",
    (
        lines("Waiting by lane", Query(queries.total(router.WAITING, "lane"), "{{lane}}"), stacked=True),
        lines("Oldest wait by lane", Query(queries.total(router.OLDEST, "lane", how="max"), "{{lane}}"), unit="s"),
        lines(
            "Held, no replica routable; adapters without a slot",
            Query(queries.total(router.HELD), "held"),
            Query(queries.highest(router.ADAPTERS_WAITING), "adapters that wait for a slot"),
        ),
        lines(
            "Queue time p95 by lane",
            Query(queries.quantile(0.95, router.QUEUED, "lane"), "{{lane}}"),
            unit="s",
        ),
        lines(
            "Queue time p95 by band",
            Query(queries.quantile(0.95, router.QUEUED, "band"), "{{band}}"),
            unit="s",
        ),
        lines("Refusals by reason", Query(queries.rate(router.REFUSALS, "reason"), "{{reason}}"), unit="reqps"),
    ),
)
_TENANTS: Final = PanelRow(
    "Bands and tenants",
    (
        lines("Requests by band", Query(queries.rate(router.FORWARDED, "band"), "{{band}}"), unit="reqps"),
        lines(
            "Requests of the ten busiest tenants",
            Query(_top(queries.rate(router.TENANT_REQUESTS, "tenant")), "{{tenant}}"),
            unit="reqps",
        ),
        lines(
            "Output tokens of the ten busiest tenants",
            Query(_top(queries.rate(router.TENANT_OUTPUT, "tenant")), "{{tenant}}"),
        ),
        lines("Waiting by tenant", Query(_top(queries.total(router.TENANT_WAITING, "tenant")), "{{tenant}}")),
        lines("At engines by tenant", Query(_top(queries.total(router.TENANT_INFLIGHT, "tenant")), "{{tenant}}")),
        lines(
            "Spent of budgets, the ten highest",
            Query(_top(_SPENT), "{{tenant}}"),
            unit="percentunit",
            text="In the current period, with what is reserved.",
        ),
        lines(
            "Limits in shadow mode",
            Query(queries.rate(router.SHADOW, "reason"), "{{reason}}"),
            Query(queries.rate(router.TENANT_OVER), "over concurrency"),
            unit="reqps",
            text="Would have been refused.",
        ),
    ),
)
_CHOICE: Final = PanelRow(
    "Choice of replicas",
    (
        lines("What settled the choice", Query(queries.rate(router.PICKS, "reason"), "{{reason}}"), stacked=True),
        lines(
            "Prefix hits",
            Query(_BLOCKS, "expected, of blocks"),
            Query(f"{queries.rate(router.CACHED)} / {queries.rate(router.PROMPT)}", "counted by engines, of tokens"),
            unit="percentunit",
        ),
        lines("Requests in flight by replica", Query(queries.total(router.ENDPOINT_INFLIGHT, REPLICA), _EACH)),
        lines("Waiting in engines", Query(queries.total(router.ENDPOINT_WAITING, REPLICA, how="max"), _EACH)),
        lines("Running in engines", Query(queries.total(router.ENDPOINT_RUNNING, REPLICA, how="max"), _EACH)),
        lines(
            "KV cache of replicas",
            Query(queries.total(router.ENDPOINT_KV, REPLICA, how="max"), _EACH),
            unit="percentunit",
        ),
    ),
)
_FAILURES: Final = PanelRow(
    "Failures",
    (
        lines("Replicas by state", Query(queries.highest(router.ENDPOINTS, "state"), "{{state}}")),
        lines("Ejections", Query(queries.rate(router.EJECTIONS, "by"), "{{by}}"), text="breaker, watchdog, probe"),
        lines("Attempts that failed", Query(queries.rate(router.ATTEMPTS_FAILED, "ending"), "{{ending}}")),
        lines("Retries", Query(queries.rate(router.RETRIES), "retries"), unit="reqps"),
        lines("Hedges", Query(queries.rate(router.HEDGES, "result"), "{{result}}"), unit="reqps"),
        lines("Replies that broke", Query(queries.rate(router.CUT), "cut"), unit="reqps"),
    ),
)
_PROCESS: Final = PanelRow(
    "Routers",
    (
        lines(
            "Processor",
            Query(queries.rate(process.CPU, "pod", where=_ROUTERS), "{{pod}}"),
            unit="percentunit",
        ),
        lines("Memory", Query(queries.total(process.RSS, "pod", where=_ROUTERS), "{{pod}}"), unit="bytes"),
        lines(
            "Event loop late, p95",
            Query(queries.quantile(0.95, process.LOOP_LAG, "pod"), "{{pod}}"),
            unit="s",
        ),
        lines("Connections of clients", Query(queries.total(process.CLIENTS, "pod"), "{{pod}}")),
        lines("Connections to engines", Query(queries.rate(process.UPSTREAM, "kind"), "{{kind}}")),
        lines(
            "Lines and traces that were lost",
            Query(queries.or_zero(queries.rate(process.LINES, where='result="dropped"')), "access lines"),
            Query(queries.or_zero(queries.rate(process.SPANS, where='result=~"dropped|failed"')), "traces"),
        ),
    ),
)

BOARD: Final = Dashboard(
    name="router",
    title="Router",
    text="Where requests wait and where they go.",
    variables=OF_ROUTERS,
    rows=(_NOW, _QUEUE, _TENANTS, _CHOICE, _FAILURES, _PROCESS),
)
