"""Reads a router's page of endpoints and queue as figures. Unknown fields of newer routers are ignored."""

from collections.abc import Mapping
from typing import Final

import msgspec

from fairlead.autoscaler.samples.sample import EndpointView, PodSample, RouterView
from fairlead.documents import typed_json
from fairlead.documents.document_faults import UnreadableDocument
from fairlead.fleet.endpoints import EndpointState
from fairlead.scaling.facts import RouterFigures, SampleProblem

NON_BATCH_LANES: Final = ("interactive", "long")
BATCH: Final = "batch"
MAX_WORDS: Final = 300
"""Characters of a reason, which appears in messages for people."""
_STATES: Final = {one.value: one for one in EndpointState}


class EndpointReport(msgspec.Struct):
    """One endpoint, as the router writes it."""

    pod: str
    state: str
    inflight: int = 0
    reason: str = ""


class LaneReport(msgspec.Struct, rename="camel"):
    """Waiting requests of one lane."""

    waiting: float = 0.0
    oldest_seconds: float = 0.0


class QueueReport(msgspec.Struct, rename="camel"):
    """Waiting requests of all lanes."""

    held: float = 0.0
    passed_over: bool = False
    """A gateway's route sent requests to a fallback, as no replica is ready; the first replica starts as if one were
    held."""
    lanes: dict[str, LaneReport] = {}


class DemandReport(msgspec.Struct, rename="camel"):
    """Requests and prompt tokens that arrived since the router started, in all lanes but batch."""

    prompt_tokens: float
    arrivals: float | None = None
    former_arrivals: float | None = msgspec.field(name="asked", default=None)
    """What routers of the release before call arrivals; this release's write both, for autoscalers of that release."""
    batch_arrivals: float = 0.0
    """Requests of the batch lane. Routers of an older release count them in arrivals."""

    @property
    def counted(self) -> float | None:
        """Arrivals under either name."""
        return self.former_arrivals if self.arrivals is None else self.arrivals


class RouterReport(msgspec.Struct):
    """The fields that are read from a router's page."""

    endpoints: list[EndpointReport]
    queue: QueueReport
    demand: DemandReport | None = None
    """None from routers of an older release, which do not count arrivals."""


_PAGES: Final = typed_json.reader(RouterReport)


def after(before: PodSample[RouterView], page: bytes, at: float) -> PodSample[RouterView]:
    """Return the sample after this page."""
    try:
        read = _PAGES(page)
    except UnreadableDocument as problem:
        return with_doubt(before, SampleProblem.UNREADABLE, f"its page cannot be read: {problem}")
    return with_report(before, read, at)


def with_report(before: PodSample[RouterView], read: RouterReport, at: float) -> PodSample[RouterView]:
    """Return the sample after a report that was true at that time."""
    if read.demand is None or (arrivals := read.demand.counted) is None:
        return with_doubt(before, SampleProblem.UNREADABLE, "it is from an older release and does not count requests")
    if (wrong := _negative(read, read.demand, arrivals)) is not None:
        return with_doubt(before, SampleProblem.UNREADABLE, wrong)
    figures = _figures(read.queue, read.demand, arrivals, at)
    view = RouterView(figures=figures, endpoints=_endpoints(read, before.figures, at))
    if before.figures is not None and view.figures.arrivals < before.figures.figures.arrivals:
        return PodSample(
            figures=view, at=at, problem=SampleProblem.RESET, because="its counters went backwards: it restarted"
        )
    return PodSample(figures=view, at=at, problem=None, because="")


def with_doubt(before: PodSample[RouterView], problem: SampleProblem, because: str) -> PodSample[RouterView]:
    """Return the sample after a failed scrape, with its figures unchanged."""
    return PodSample(figures=before.figures, at=before.at, problem=problem, because=because)


def _negative(report: RouterReport, demand: DemandReport, arrivals: float) -> str | None:
    """Name a negative value: JSON has no NaN, so this is the only impossible number."""
    numbers = {
        "demand.arrivals": arrivals,
        "demand.promptTokens": demand.prompt_tokens,
        "demand.batchArrivals": demand.batch_arrivals,
        "queue.held": report.queue.held,
    }
    for name, lane in report.queue.lanes.items():
        numbers[f"queue.lanes.{name}.waiting"] = lane.waiting
        numbers[f"queue.lanes.{name}.oldestSeconds"] = lane.oldest_seconds
    wrong = next((name for name, value in numbers.items() if value < 0), None)
    return None if wrong is None else f"its page is rejected: {wrong} is negative"


def _figures(queue: QueueReport, demand: DemandReport, arrivals: float, at: float) -> RouterFigures:
    hurried = [queue.lanes[name] for name in NON_BATCH_LANES if name in queue.lanes]
    batch = queue.lanes.get(BATCH)
    return RouterFigures(
        at=at,
        arrivals=arrivals,
        prompt_tokens=demand.prompt_tokens,
        batch_arrivals=demand.batch_arrivals,
        waiting=sum(lane.waiting for lane in hurried),
        batch_waiting=batch.waiting if batch is not None else 0.0,
        held=max(queue.held, float(queue.passed_over)),
        oldest_seconds=max((lane.oldest_seconds for lane in hurried), default=0.0),
    )


def _endpoints(report: RouterReport, before: RouterView | None, at: float) -> Mapping[str, EndpointView]:
    earlier = before.endpoints if before is not None else {}
    return {one.pod: _endpoint_view(one, earlier.get(one.pod), at) for one in report.endpoints}


def _endpoint_view(report: EndpointReport, before: EndpointView | None, at: float) -> EndpointView:
    since = before.busy_since if before is not None and before.busy_since is not None else at
    return EndpointView(
        state=_STATES.get(report.state, EndpointState.UNKNOWN),
        reason=report.reason[:MAX_WORDS],
        busy_since=since if report.inflight > 0 else None,
    )
