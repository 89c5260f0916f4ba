"""Everything the router counts, as plain numbers that are read at a scrape.

What belongs to a request is counted from its record when it ends; the rest is incremented where it happens.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from fairlead.accounting.request_cost import RequestCost
from fairlead.fleet.tenants import Lane
from fairlead.router.observability.connection_counts import ConnectionCounts
from fairlead.router.observability.label_values import (
    CUT_SHORT,
    FINISHES,
    OTHER,
    QUEUED_REFUSALS,
    AbortStage,
    CopyResult,
    HeldOutcome,
    KeyReadingResult,
    ReplyFailure,
)
from fairlead.router.observability.model_labels import ModelLabels
from fairlead.router.observability.request_record import RequestRecord
from fairlead.router.observability.request_results import ANSWERED, RequestResult, result_of
from fairlead.router.observability.series import (
    BoundedSeries,
    CostSeries,
    CountSeries,
    ModelDemand,
    RequestSeries,
    TargetSeries,
    TenantSeries,
    TenantTotal,
)
from fairlead.router.observability.spent_answer import SpentAnswer
from fairlead.router.wire.protocol_faults import ProtocolFault
from fairlead.routing.reasons import AttemptEnding, PickReason, RefusalReason
from fairlead.telemetry import router_buckets
from fairlead.telemetry.histogram import MetricHistogram

NO_ROOM: Final = ProtocolFault.TOO_MANY_BODIES.code
"""The only protocol fault that an alert counts, so that it has a zero before it has a one."""
MAX_SERIES: Final = 256
"""Twenty models and adapters in two revisions, two bands and three lanes; a page is 5 MB if all have streams."""
MAX_SPENDERS: Final = 2048
MAX_REASONS: Final = 64
"""Reasons come from our own closed enums; this bound protects the page should code break that rule."""

CountedLabels = tuple[str, str, str, str]
SeriesLabels = tuple[str, str, str, Lane, str]
RequestLabels = tuple[str, str, str, str, Lane, str]


class RouterCounters:
    """One router's counters."""

    __slots__ = (
        *("_places", "aborts", "attempts_failed", "bytes_in", "bytes_out", "checked", "connections", "copies"),
        *("costs", "cut", "demand", "ejections", "ended_as", "finished", "forms", "hedges_denied", "hedges_lost"),
        *("hedges_won", "held", "inflight", "key_readings", "lag", "late", "names", "picks", "refusals", "retries"),
        *("schemas", "series", "spenders", "structured", "targets", "tenants"),
    )

    def __init__(self, models: Iterable[str] = ()) -> None:
        self.names = ModelLabels(models)
        self.forms = ModelLabels()
        self.connections = ConnectionCounts()
        self._of_requests()
        self.series: BoundedSeries[SeriesLabels, RequestSeries] = BoundedSeries(MAX_SERIES, RequestSeries)
        self.tenants: dict[str, TenantTotal] = {}
        """By name; names come from the configuration."""
        self.spenders: BoundedSeries[tuple[str, str], TenantSeries] = BoundedSeries(
            MAX_SPENDERS, lambda key, now: TenantSeries(key, now, self.tenants.setdefault(key[0], TenantTotal()))
        )
        self.demand: BoundedSeries[tuple[str, Lane], ModelDemand] = BoundedSeries(MAX_SERIES, ModelDemand)
        self.targets: BoundedSeries[tuple[str, str], TargetSeries] = BoundedSeries(MAX_SPENDERS, TargetSeries)
        self.copies: BoundedSeries[tuple[str, str, str], CountSeries] = BoundedSeries(MAX_SPENDERS, CountSeries)
        self.checked: BoundedSeries[CountedLabels, CountSeries] = BoundedSeries(MAX_SPENDERS, CountSeries)
        self.schemas: BoundedSeries[tuple[str, str, str], CountSeries] = BoundedSeries(MAX_SPENDERS, CountSeries)
        self.held: BoundedSeries[CountedLabels, CountSeries] = BoundedSeries(MAX_SPENDERS, CountSeries)
        self.costs: BoundedSeries[tuple[str, str, str], CostSeries] = BoundedSeries(MAX_SPENDERS, CostSeries)
        self._places: dict[RequestLabels, tuple[RequestSeries, TenantSeries]] = {}
        """Both series in one lookup; cleared before a full `BoundedSeries` could drop one of them."""

    def _of_requests(self) -> None:
        self.inflight = self.cut = self.retries = self.late = 0
        self.bytes_in = self.bytes_out = 0
        self.hedges_won = self.hedges_lost = self.hedges_denied = 0
        self.ended_as: defaultdict[tuple[str, bool, int, RequestResult], int] = defaultdict(int)
        """By surface, stream, status and result; the page sums what it needs."""
        self.refusals: dict[str, int] = dict.fromkeys((*RefusalReason, NO_ROOM, *ReplyFailure), 0)
        self.aborts = dict.fromkeys(AbortStage, 0)
        self.picks = dict.fromkeys(PickReason, 0)
        self.attempts_failed = dict.fromkeys(AttemptEnding, 0)
        self.finished: defaultdict[str, int] = defaultdict(int)
        self.structured: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.key_readings = dict.fromkeys(KeyReadingResult, 0)
        self.ejections = {"breaker": 0, "watchdog": 0, "probe": 0, "leaving": 0}
        self.lag = MetricHistogram(router_buckets.LAG)

    def add_demand(self, record: RequestRecord, now: float) -> None:
        """Count a request that needs an engine: demand, whatever becomes of it."""
        model = self.names.models.get(record.model) or self.names.shown(record.model, served=False)
        key = (model, record.lane)
        demand = self.demand.get(key) or self.demand.place(key, now)
        demand.arrivals += 1
        if record.prompt_estimate > 0:
            demand.prompt_tokens += record.prompt_estimate
        demand.used_at = now

    def add_checked(self, record: RequestRecord, schema: str, result: str, now: float) -> None:
        """Count an answer whose format was checked; of schema names, which clients choose, only the first are shown."""
        route = self._route(record)
        self.checked.place((route, record.target, record.revision, result), now).add(now)
        self.schemas.place((route, self.forms.shown(schema, served=True), result), now).add(now)

    def add_held(self, record: RequestRecord, result: str, outcome: HeldOutcome, now: float) -> None:
        """Count a held answer and its outcome."""
        self.held.place((self._route(record), record.target, result, outcome), now).add(now)

    def add_copy(self, record: RequestRecord, target: str, result: CopyResult, now: float) -> None:
        """Count a request's copy, or that there was no room for one."""
        self.copies.place((self._route(record), target, result), now).add(now)

    def _route(self, record: RequestRecord) -> str:
        return self.names.models.get(record.model) or self.names.shown(record.model, served=False)

    def ejected(self, by: str) -> None:
        """Count an ejected replica; an unknown `by` is a bug and raises."""
        self.ejections[by] += 1

    def hedge_denied(self) -> None:
        """Count a hedge for which the budget had nothing left."""
        self.hedges_denied += 1

    def begin(self) -> None:
        """Count a request that has arrived and not ended."""
        self.inflight += 1

    def begun(self) -> int:
        """Return the number of requests since the start, refused ones too; summed, since few ask."""
        return self.inflight + sum(self.ended_as.values())

    def ended(self, record: RequestRecord) -> None:
        """Count everything that follows from one record."""
        self.inflight -= 1
        status = record.status
        result = result_of(record)
        self.ended_as[record.surface, record.stream, status, result] += 1
        self.bytes_in += record.bytes_in
        self.bytes_out += record.bytes_out
        series, tenant_series = self._place(record)
        tenant_series.by_class[status // 100 if 100 <= status < 600 else 0] += 1
        tenant_series.total.requests += 1
        if record.paid is not None:
            self._paid(record.paid, series.key[0], tenant_series, record.ended_at)
        if result is not ANSWERED:
            self._went_otherwise(record, result)
        for one in record.spent or ():
            self._add_spent(record, one, tenant_series)
        self.late += record.late
        prompt = output = 0
        if record.attempts:
            prompt, output = self._forwarded(record, series, tenant_series, answered=result is ANSWERED)
        elif record.reason in QUEUED_REFUSALS or record.left is AbortStage.QUEUED:
            series.queued.observe(record.ended_at - record.waited_from)
        if record.target:
            self._routed(record, series.key[0], prompt, output)

    def _paid(self, spent: RequestCost, model: str, tenant_series: TenantSeries, now: float) -> None:
        """Count each attempt of a request and its cost, at its target."""
        for one in spent.attempts:
            key = (model, one.target, one.revision)
            series = self.costs.get(key) or self.costs.place(key, now)
            series.add(one, now)
            tenant_series.cost += one.cost

    def _routed(self, record: RequestRecord, route: str, prompt: int, output: int) -> None:
        """Count a gateway's request at its last target, and at those that it left."""
        now, status, key = record.ended_at, record.status, (route, record.target)
        last = self.targets.get(key) or self.targets.place(key, now)
        last.by_class[status // 100 if 100 <= status < 600 else 0] += 1
        last.prompt += prompt
        last.output += output
        last.used_at = now
        for target, reason in record.fallbacks or ():
            left = self.targets.place((route, target), now)
            left.left[reason] = left.left.get(reason, 0) + 1
            left.used_at = now

    def _went_otherwise(self, record: RequestRecord, result: RequestResult) -> None:
        if result is RequestResult.CLIENT_LEFT:
            assert record.left is not None
            self.aborts[record.left] += 1
        elif result is RequestResult.CUT:
            self.cut += 1
        elif result is RequestResult.REFUSED:
            listed = record.reason in self.refusals or len(self.refusals) < MAX_REASONS
            reason = str(record.reason) if listed else OTHER
            self.refusals[reason] = self.refusals.get(reason, 0) + 1

    def _place(self, record: RequestRecord) -> tuple[RequestSeries, TenantSeries]:
        names = self.names
        model = names.models.get(record.model) or names.shown(record.model, served=record.status == 200)
        key = (record.tenant, record.band, model, record.revision, record.lane, record.target)
        found = self._places.get(key)
        if found is None:
            found = self._placed(key, record.ended_at)
        series, tenant_series = found
        series.used_at = tenant_series.used_at = record.ended_at
        return found

    def _placed(self, key: RequestLabels, now: float) -> tuple[RequestSeries, TenantSeries]:
        if self.series.full or self.spenders.full or len(self._places) >= MAX_SPENDERS:
            self._places.clear()
        tenant, band, model, revision, lane, target = key
        series = self.series.place((model, revision, band, lane, target), now)
        found = self._places[key] = (series, self.spenders.place((tenant, model), now))
        return found

    def _forwarded(
        self, record: RequestRecord, series: RequestSeries, tenant_series: TenantSeries, *, answered: bool
    ) -> tuple[int, int]:
        """Count what an engine did for the request; return its prompt and output tokens."""
        prompt, output = _tokens(record, answered=answered)
        if prompt or output:
            _add_tokens(series, tenant_series, prompt, output, record.cached_tokens)
        series.forwarded += 1
        series.prefix_blocks += record.blocks
        series.blocks_held += record.held_blocks
        series.queued.observe(record.first_sent_at - record.waited_from)
        if record.first_token_at >= 0:
            tenant_series.first_tokens += 1
            tenant_series.first_token_seconds += record.first_token_at - record.arrived
            _add_stream(record, series, output if answered else 0)
        if answered:
            series.duration.observe(record.ended_at - record.arrived)
        if record.pick is not None:
            self.picks[record.pick] += 1
        if record.finish_reason in FINISHES:
            self.finished[record.finish_reason] += 1
        elif record.finish_reason:
            self.finished[OTHER] += 1
        if record.structured and answered:
            self._validated(record, series.key[0])
        if record.attempts > 1 or record.failed_at or record.hedged:
            self._stumbled(record)
        return prompt, output

    def _add_spent(self, record: RequestRecord, one: SpentAnswer, tenant_series: TenantSeries) -> None:
        """Count the tokens of an answer that was not given, for the revision that wrote it."""
        key = (record.tenant, record.band, self._route(record), one.revision, record.lane, one.target)
        series, _ = self._places.get(key) or self._placed(key, record.ended_at)
        _add_tokens(series, tenant_series, one.prompt_tokens, one.output_tokens, one.cached_tokens)

    def _validated(self, record: RequestRecord, model: str) -> None:
        reason = record.finish_reason
        validity = "cut" if reason in CUT_SHORT else "complete" if reason in FINISHES else "unknown"
        self.structured[model, validity] += 1

    def _stumbled(self, record: RequestRecord) -> None:
        self.retries += max(record.attempts - 1 - len(record.spent or ()), 0)
        for _, ending in record.failed_at:
            self.attempts_failed[ending] += 1
        self.hedges_won += record.hedged and record.hedge_won
        self.hedges_lost += record.hedged and not record.hedge_won


def _tokens(record: RequestRecord, *, answered: bool) -> tuple[int, int]:
    """Return the engine's counts, else those estimated and seen; zeros if nothing came of it."""
    output = record.output_tokens if record.output_tokens >= 0 else record.deltas
    if record.prompt_tokens >= 0:
        return record.prompt_tokens, output
    return (max(record.prompt_estimate, 0), output) if answered or record.first_token_at >= 0 else (0, 0)


def _add_tokens(series: RequestSeries, tenant_series: TenantSeries, prompt: int, output: int, cached: int) -> None:
    series.prompt += prompt
    tenant_series.prompt += prompt
    tenant_series.total.tokens += prompt + output
    series.output += output
    tenant_series.output += output
    if cached > 0:
        series.cached += cached
        tenant_series.cached += cached


def _add_stream(record: RequestRecord, series: RequestSeries, output: int) -> None:
    """Record durations; `output` is zero for requests that did not end well, whose speed means nothing."""
    first, ended = record.first_token_at, record.ended_at
    series.first_token.observe(first - record.arrived)
    series.prefill.observe(first - record.sent_at)
    if output:
        series.decode.observe(ended - first)
    if output > 1:
        series.per_token.observe((ended - first) / (output - 1))
