"""Why a fleet has the size it has: demand, supply, need, decisions and their reasons, trust in samples."""

from typing import Final

from fairlead.telemetry import autoscaler_metrics as scaling
from monitoring import queries
from monitoring.boards.variables import OF_DECISIONS
from monitoring.panels import Dashboard, Panel, PanelRow, lines, number, table
from monitoring.queries import Query

_OF: Final = ("namespace", "name")
_NAMED: Final = "{{namespace}}/{{name}}"


def _figure(name: str) -> str:
    return queries.total(scaling.FIGURE, *_OF, where=f'figure="{name}"', how="max")


def _figures(title: str, *names: str, unit: str = "short", text: str = "") -> Panel:
    shown = (Query(_figure(name), f"{_NAMED} {name.partition('.')[2]}") for name in names)
    return lines(title, *shown, unit=unit, text=text)


def _highest(title: str, *named: tuple[str, str]) -> Panel:
    return lines(title, *(Query(query, f"{_NAMED} {word}") for query, word in named))


_NOW: Final = PanelRow(
    "Now",
    (
        number("Deployments decided", queries.total(scaling.DEPLOYMENTS)),
        number("Decisions a second", queries.rate(scaling.DECISIONS)),
        number("Pods without reliable metrics", queries.total(scaling.WITHOUT_METRICS)),
        number("p95 of one decision", queries.quantile(0.95, scaling.DECISION_SECONDS), "s"),
    ),
)
_DEMAND: Final = PanelRow(
    "Demand and supply",
    (
        _figures("Requests a second", "demand.requestsPerSecond", unit="reqps"),
        _figures("Tokens a second", "demand.promptTokensPerSecond", "demand.outputTokensPerSecond"),
        _figures("Forecast over demand", "demand.forecastFactor", text="1: as much as now."),
        _figures("Queue", "queue.waiting", "queue.held", "queue.running"),
        _figures("Supply, in replicas", "supply.replicas", "supply.starting"),
        _figures("Share of the KV cache in use", "kv.usage", unit="percentunit"),
    ),
)
_DECISION: Final = PanelRow(
    "Decision",
    (
        _highest(
            "Need, recommendation, count",
            (_figure("need.replicas"), "need"),
            (queries.total(scaling.RECOMMENDED, *_OF, how="max"), "recommended"),
            (queries.total(scaling.DESIRED, *_OF, how="max"), "asked for before"),
        ),
        lines(
            "Replicas that each signal asks for",
            Query(queries.total(scaling.NEEDED, *_OF, "signal", how="max"), f"{_NAMED} {{{{signal}}}}"),
        ),
        table(
            "Reason of the last decision",
            queries.total(scaling.REASON, *_OF, "reason", how="max"),
            "`fairlead explain infd/NAME` shows the arithmetic behind it.",
        ),
        lines("Decisions by reason", Query(queries.rate(scaling.DECISIONS, "reason"), "{{reason}}"), stacked=True),
        lines("Decisions for more and for fewer", Query(queries.rate(scaling.CHANGES, "direction"), "{{direction}}")),
        _figures(
            "What was learnt", "sloCorrection.factor", "excess.factor", "headroom.factor", text="1: no correction."
        ),
    ),
)
_TRUST: Final = PanelRow(
    "Samples",
    (
        lines("Pods without reliable metrics", Query(queries.total(scaling.WITHOUT_METRICS, *_OF, how="max"), _NAMED)),
        lines("Age of the oldest sample", Query(queries.total(scaling.SAMPLE_AGE, *_OF, how="max"), _NAMED), unit="s"),
        lines("Scrapes that failed", Query(queries.rate(scaling.SCRAPE_FAILURES, "reason"), "{{reason}}")),
        lines(
            "Is it late?",
            Query(queries.total(scaling.ROUND_LAG, "pod", how="max"), "{{pod}} began late"),
            Query(queries.total(scaling.ROUND_SECONDS, "pod", how="max"), "{{pod}} took"),
            unit="s",
        ),
        lines(
            "Scrapes",
            Query(queries.rate(scaling.SCRAPES), "scrapes"),
            Query(queries.rate(scaling.LATE_SCRAPES), "late"),
        ),
        lines(
            "Writes, bugs, lost records",
            Query(queries.rate(scaling.WRITES, "outcome"), "write {{outcome}}"),
            Query(queries.rate(scaling.FAILED), "decisions that failed"),
            Query(queries.rate(scaling.DROPPED), "records dropped"),
        ),
    ),
)

BOARD: Final = Dashboard(
    name="autoscaler",
    title="Autoscaler",
    text="Why a fleet has the size it has. One deployment at a time reads best.",
    variables=OF_DECISIONS,
    rows=(_NOW, _DEMAND, _DECISION, _TRUST),
)
