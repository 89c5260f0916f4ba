"""The autoscaler's HTTP pages: its last decisions, for `fairlead top` and `fairlead explain`, and its metrics."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from aiohttp import web

from fairlead.autoscaler.ledger import Ledger
from fairlead.autoscaler.samples.source_registry import SourceRegistry
from fairlead.fleet.policies import Objectives
from fairlead.scaling.decide.recommendation import DecisionFigure, Recommendation
from fairlead.scaling.explain import record_codec
from fairlead.scaling.explain.decision_record import DecisionRecord
from fairlead.scaling.facts import EnginePodPhase
from fairlead.telemetry.autoscaler_metrics import AutoscalerMetrics, DecisionMetrics, ScrapeTotals

TABLE: Final = "/fairlead/v1/decisions"
ONE: Final = "/fairlead/v1/decisions/{namespace}/{name}"

DecisionRecords = Callable[[], Iterable[DecisionRecord]]


def routes(records: DecisionRecords) -> tuple[web.RouteDef, ...]:
    """Return both routes; a process that decides nothing serves an empty table."""

    async def table(_: web.Request) -> web.Response:
        return web.Response(body=record_codec.encode_table(records()), content_type="application/json")

    async def one(request: web.Request) -> web.Response:
        wanted = (request.match_info["namespace"], request.match_info["name"])
        found = next((record for record in records() if (record.namespace, record.name) == wanted), None)
        if found is None:
            words = f"this process decides nothing for {'/'.join(wanted)}; another one may, or spec.scaling is absent\n"
            return web.Response(status=404, text=words)
        return web.Response(body=record_codec.encode(found), content_type="application/json")

    return web.get(TABLE, table), web.get(ONE, one)


def metrics(
    metrics: AutoscalerMetrics, records: DecisionRecords, sources: SourceRegistry, ledger: Ledger, members: int
) -> bytes:
    """Render the metrics page as of now."""
    failures: Counter[str] = Counter()
    tallies = tuple(sources.tallies())
    for one in tallies:
        failures.update({problem.value: count for problem, count in one.failures.items()})
    totals = ScrapeTotals(
        scrapes=sum(one.scrapes for one in tallies),
        failures=failures,
        late=sum(one.late for one in tallies),
        connections=sum(one.connections for one in tallies),
        bytes_read=sum(one.bytes_read for one in tallies),
        dropped=ledger.dropped,
        members=members,
    )
    return metrics.page(map(decided, records()), totals)


def decided(record: DecisionRecord) -> DecisionMetrics:
    """Convert one decision to the form that metrics show."""
    recommendation, facts = record.recommendation, record.facts
    ready = [one.figures.at for one in facts.pods if one.phase is EnginePodPhase.READY and one.figures is not None]
    counted = Counter(one.phase.value for one in facts.pods)
    return DecisionMetrics(
        namespace=record.namespace,
        name=record.name,
        active=facts.policy.active,
        recommended=recommendation.replicas,
        wanted=facts.wanted,
        asleep=recommendation.asleep,
        doubts=len(recommendation.questions),
        reason=recommendation.reason.value,
        age_seconds=record.now - min(ready) if ready else None,
        price_per_hour=facts.price_per_hour,
        newest_ready_at=max((one.ready_at for one in facts.pods if one.ready_at is not None), default=None),
        objectives={name: seconds for name, seconds in _objectives(facts.policy.objectives) if seconds is not None},
        phases={phase.value: counted[phase.value] for phase in EnginePodPhase},
        candidates={one.signal.value: one.replicas for one in recommendation.candidates if one.replicas is not None},
        figures={one.name: one.value for one in (*_of_signals(recommendation), *recommendation.figures)},
    )


def _of_signals(recommendation: Recommendation) -> Iterator[DecisionFigure]:
    """Yield the inputs of each signal: the speed, an average request, the headroom and the estimates."""
    for one in recommendation.candidates:
        yield from one.figures


def _objectives(held: Objectives) -> Iterator[tuple[str, float | None]]:
    yield "ttftP95", held.ttft_p95_seconds
    yield "tpotP95", held.tpot_p95_seconds
    yield "queueTimeP95", held.queue_time_p95_seconds
