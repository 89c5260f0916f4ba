"""The rows of `fairlead top`: each deployment with the last decision about it; unknown figures are absent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from fairlead.cli.cluster_client import ClusterClient, DecisionTable, NoDecision
from fairlead.fleet.policies import UNDECIDED, ScalingReason
from fairlead.scaling.explain.decision_summary import DecisionSummary

EVERYWHERE: Final = "all namespaces"
FRESH_S: Final = 120.0
"""A decision is recorded at least every minute; one that is twice as old is stale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopRow:
    """One deployment."""

    namespace: str
    name: str
    ready: int
    wanted: int | None
    recommended: int | None
    asleep: int
    reason: str
    message: str
    waiting: float | None = None
    held: float | None = None
    running: float | None = None
    kv_usage: float | None = None
    demand: float | None = None
    """Arrival rate in requests a second."""
    supply: float | None = None
    """Requests a second that ready replicas serve within the objectives, with headroom."""
    ttft_kept: float | None = None
    """Share of first tokens within the objective."""
    tpot_seconds: float | None = None
    cost_per_hour: float | None = None
    doubts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TopView:
    """The table at one moment."""

    rows: tuple[TopRow, ...]
    at: float
    scope: str
    trouble: str = ""
    """Why figures are absent."""
    not_refreshed: str = ""
    """Why the table is still that of `at`."""


async def load_view(client: ClusterClient, namespace: str | None, now: float) -> TopView:
    """Read objects from the API server, figures from the deciding processes."""
    found = await client.deployments(namespace)
    table = await client.table()
    scope = EVERYWHERE if namespace is None else f"namespace {namespace}"
    if isinstance(table, NoDecision):
        return TopView(rows=rows(found, (), now), at=now, scope=scope, trouble=table.because)
    why = trouble(found, table, now)
    return TopView(rows=rows(found, table.summaries, now), at=now, scope=scope, trouble=why)


def rows(
    deployments: Iterable[Mapping[str, Any]], glances: Iterable[DecisionSummary], now: float
) -> tuple[TopRow, ...]:
    """Build rows, sorted by namespace and name; stale decisions are ignored."""
    summaries = _fresh(glances, now)
    made = []
    for one in deployments:
        key = _key(one)
        made.append(_row(key, one.get("spec") or {}, one.get("status") or {}, summaries.get(key)))
    return tuple(sorted(made, key=lambda row: (row.namespace, row.name)))


def trouble(deployments: Iterable[Mapping[str, Any]], table: DecisionTable, now: float) -> str:
    """Why a scaled deployment has no figures; empty if each has."""
    decided = _fresh(table.summaries, now)
    absent = sorted((one for one in deployments if _is_scaled(one) and _key(one) not in decided), key=_key)
    if not absent or table.trouble:
        return table.trouble if absent else ""
    undecided = [one for one in absent if _scaling(one).get("reason") not in UNDECIDED]
    named = undecided or absent
    namespace, name = _key(named[0])
    where = f"infd/{name} in {namespace}" + (f" and {len(named) - 1} more" if len(named) > 1 else "")
    if not undecided:
        return f"nothing is decided about {where}; {_scaling(absent[0]).get('message') or ScalingReason.NO_POLICY}"
    return (
        f"no process of the operator has decided about {where} in the last {FRESH_S:.0f} s; `fairlead explain` says why"
    )


def _is_scaled(deployment: Mapping[str, Any]) -> bool:
    """Whether decisions are due: none is for one that is being deleted."""
    return bool((deployment.get("spec") or {}).get("scaling")) and "deletionTimestamp" not in deployment["metadata"]


def _scaling(deployment: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (deployment.get("status") or {}).get("scaling") or {}
    return found


def _fresh(summaries: Iterable[DecisionSummary], now: float) -> dict[tuple[str, str], DecisionSummary]:
    return {(one.namespace, one.name): one for one in summaries if now - one.now <= FRESH_S}


def _key(deployment: Mapping[str, Any]) -> tuple[str, str]:
    return str(deployment["metadata"]["namespace"]), str(deployment["metadata"]["name"])


def _row(
    key: tuple[str, str], spec: Mapping[str, Any], status: Mapping[str, Any], summary: DecisionSummary | None
) -> TopRow:
    scaling: Mapping[str, Any] = status.get("scaling") or {}
    scaled = bool(spec.get("scaling"))
    reason, message = (scaling.get("reason"), scaling.get("message")) if scaled else ("Fixed", "spec.replicas decides")
    bare = TopRow(
        namespace=key[0],
        name=key[1],
        ready=status.get("readyReplicas") or 0,
        wanted=status.get("desiredReplicas"),
        recommended=scaling.get("recommended", scaling.get("advised")) if scaled else None,
        asleep=scaling.get("asleep") or 0,
        reason=str(reason or "Undecided"),
        message=str(message or ""),
        cost_per_hour=_number((status.get("cost") or {}).get("perHour")),
    )
    return bare if summary is None or not scaled else _with_figures(bare, summary)


def _with_figures(row: TopRow, summary: DecisionSummary) -> TopRow:
    return replace(
        row,
        recommended=summary.replicas,
        reason=summary.reason.value,
        message=summary.message,
        waiting=summary.waiting,
        held=summary.held,
        running=summary.running,
        kv_usage=summary.kv_usage,
        demand=summary.demand,
        supply=summary.supply,
        ttft_kept=summary.ttft_kept,
        tpot_seconds=summary.tpot_seconds,
        cost_per_hour=summary.price_per_hour if summary.price_per_hour is not None else row.cost_per_hour,
        doubts=summary.doubts,
    )


def _number(text: object) -> float | None:
    try:
        return None if text is None else float(str(text))
    except ValueError:
        return None
