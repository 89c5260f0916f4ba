"""Requests that ended while a new revision had a share of the traffic, for the controller to compare both sides.

The old revision's samples are from the conversations that the share would take next, four times as many: more would
hardly make a comparison more certain. The number kept is bounded, and nothing in it says who sent what.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from fairlead.fleet.traffic_shares import TrafficShare
from fairlead.router.kept_per_minute import KeptPerMinute
from fairlead.router.observability.request_record import RequestRecord
from fairlead.routing import revision_split
from fairlead.routing.answers.check_results import UNCHECKED
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.revision_split import RevisionSplit
from fairlead.routing.routing_request import RoutingRequest

MOST: Final = 20_000
"""Requests kept per share and step of the canary; a `KeptPerMinute` has them last for three days of any traffic."""
MAX_PROBES: Final = 20
"""Failed probes kept per share: a handful decides."""
OLD_FOR_EACH: Final = 4.0
FAULTY: Final = frozenset(
    {AttemptEnding.FAILED, AttemptEnding.NOT_CONNECTED, AttemptEnding.CUT, AttemptEnding.SLOW},
)
NOT_REFUSED: Final = frozenset({404, 408, 429})
"""What this engine does not hold, such as an earlier reply or an adapter; a slow client; and a full engine."""
PASSING: Final = frozenset({"", "valid", *UNCHECKED})
"""Results of an answer's check that say nothing against its revision; without a check it is empty."""
NO_ROUTE: Final = "not_found"
"""The router's own words for an engine without the route."""
_ERROR, _CUT, _INVALID_JSON, _REFUSED = 1, 2, 4, 8


class SampleRow(NamedTuple):
    """One request, or one failed attempt, as reported."""

    at: float
    """Seconds since 1970, by this router's clock."""
    candidate: int
    """1 for the new revision."""
    conversation: str
    prompt_tokens: int
    cached_tokens: int
    load: int
    """Load band of its engine: requests in flight there, in powers of two."""
    ttft_ms: float | None
    tpot_ms: float | None
    faults: int
    """1 an error, 2 a cut stream, 4 invalid JSON, 8 a refused request."""


class EndedRequest(NamedTuple):
    """A request that ended."""

    conversation: int
    routing: RoutingRequest
    record: RequestRecord
    wall: float


class RevisionSamples:
    """The requests of one share at one router."""

    __slots__ = ("_budget", "_probes", "_split", "rows")

    def __init__(self) -> None:
        self.rows: list[SampleRow] = []
        self._budget = KeptPerMinute()
        self._probes = 0
        self._split: RevisionSplit | None = None

    def add(self, split: RevisionSplit, routing: RoutingRequest, record: RequestRecord, wall: float) -> None:
        """Add an ended request; those of another share are dropped."""
        if self._split is not split:
            self.rows, self._split, self._probes, self._budget = [], split, 0, KeptPerMinute()
        if len(self.rows) >= MOST or not record.replica:
            return
        ended = EndedRequest(revision_split.conversation(routing), routing, record, wall)
        failed = {revision for revision, ending in record.failed_at if ending in FAULTY}
        for one in failed - {record.revision}:
            self._keep(split, one, _failed_attempt(ended))
        if record.left is None or record.revision in failed:
            self._keep(split, record.revision, row(ended, failed=record.revision in failed))

    def add_probe(self, split: RevisionSplit, revision: str, wall: float) -> None:
        """Add a failed probe of an engine that had failed its users' requests.

        It gets no more requests, and three are too few to judge by: without this a revision that never answers would
        stay on trial for as long as a gate may stay undecided.
        """
        if self._split is not split or not split.share.percent or self._probes >= MAX_PROBES:
            return
        self._probes += 1
        failed = _failed_row(wall, len(self.rows), prompt_tokens=1)
        self.rows.append(failed._replace(candidate=int(revision == split.share.revision)))

    def _keep(self, split: RevisionSplit, revision: str, row: SampleRow) -> None:
        """Keep a row; for the old revision only if a larger share would take its conversation.

        Also while no engine of the new one is routable: its failed probes are judged beside the old one's requests.
        """
        share, candidate = split.effective or split.share.percent / 100, revision == split.share.revision
        if not candidate and split.share.stable not in ("", revision):
            return  # of an earlier canary, whose engines answer only while no others can
        key, kept = int(row.conversation, 16), share * (1 + OLD_FOR_EACH)
        if share <= 0 or not (candidate or revision_split.is_within(key, split.share.revision, kept)):
            return
        if self._budget.admits(key, row.at):
            self.rows.append(row._replace(candidate=int(candidate)))

    def page(self, after: int) -> dict[str, Any]:
        """Return the report."""
        return page(None if self._split is None else self._split.share, self.rows, after)


def page(share: TrafficShare | None, rows: Sequence[SampleRow], after: int) -> dict[str, Any]:
    """Return the share, the rows from `after` on, and the total number of rows."""
    shown = None if share is None else {"revision": share.revision, "percent": share.percent, "step": share.step}
    return {"share": shown, "rows": [list(one) for one in rows[max(0, after) :]], "count": len(rows)}


def row(ended: EndedRequest, *, failed: bool) -> SampleRow:
    """Convert an ended request; `failed`: it did not answer in the end."""
    record = ended.record
    written = record.output_tokens if record.output_tokens >= 0 else record.deltas
    first, last = record.first_token_at, record.ended_at
    timed = record.stream and record.status < 400 and not record.cut and first >= 0
    tpot = (last - first) / (written - 1) * 1000 if timed and written > 1 else None
    faults = _ERROR if failed or record.status >= 500 else 0
    faults |= _CUT if record.cut else 0
    faults |= _INVALID_JSON if record.structured and record.check not in PASSING else 0
    faults |= _REFUSED if _is_refused(record) else 0
    return _failed_attempt(ended)._replace(
        prompt_tokens=max(record.prompt_tokens, ended.routing.prompt_tokens, 1),
        cached_tokens=max(record.cached_tokens, 0),
        load=record.load_band,
        ttft_ms=round((first - record.sent_at) * 1000, 3) if timed else None,
        tpot_ms=None if tpot is None else round(tpot, 3),
        faults=faults,
    )


def _is_refused(record: RequestRecord) -> bool:
    """Whether the engine called it wrong. Clients' mistakes reach both sides alike, a revision's own only one."""
    if record.reason == NO_ROUTE:
        return True
    return not record.reason and 400 <= record.status < 500 and record.status not in NOT_REFUSED


def _failed_attempt(ended: EndedRequest) -> SampleRow:
    """A row for a revision that did not answer in the end."""
    return _failed_row(ended.wall, ended.conversation, max(ended.routing.prompt_tokens, 1))


def _failed_row(wall: float, conversation: int, prompt_tokens: int) -> SampleRow:
    return SampleRow(
        at=round(wall, 3),
        candidate=0,
        conversation=f"{conversation & (2**64 - 1):016x}",
        prompt_tokens=prompt_tokens,
        cached_tokens=0,
        load=0,
        ttft_ms=None,
        tpot_ms=None,
        faults=_ERROR,
    )
