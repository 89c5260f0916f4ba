"""Last week's requests from the routers' access lines, so that a policy can be tried on what really came.

A line is written when its request ended, so lines are put in order of arrival here, which keeps all of them in memory.
A request that no engine counted has no reply's length: it is left out, and how many were is said.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from fairlead.simulator.traffic.arrivals import RequestArrival, UnreadableTraffic
from fairlead.sizing import measured_rows
from fairlead.sizing.measured_rows import BadMeasurement, MeasuredFields

COPY: Final = "copy"
"""Of a line: the request is the router's own, sent for a route's shadow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLines:
    """The requests of some access lines."""

    arrivals: tuple[RequestArrival, ...]
    """In order of arrival, the first at 0 seconds."""
    left_out: int
    """Lines of requests whose tokens nobody counted: refused, failed, or of a route without tokens."""


def read(lines: Iterable[str]) -> AccessLines:
    """All lines; one that is none is raised as `UnreadableTraffic` with its number."""
    found: list[tuple[float, RequestArrival]] = []
    left_out = 0
    try:
        for row in measured_rows.json_rows(lines):
            moment = _moment(row)
            if row.fields.get("copy") == COPY:
                continue
            if not (row.has("prompt_tokens") and row.has("output_tokens")):
                left_out += 1
                continue
            found.append((moment, _arrival(row)))
    except BadMeasurement as problem:
        raise UnreadableTraffic(f"{problem}; expected the routers' access lines") from problem
    found.sort(key=lambda one: one[0])
    for moment, arrival in found:
        arrival.time = moment - found[0][0]
    return AccessLines(arrivals=tuple(arrival for _, arrival in found), left_out=left_out)


def _arrival(row: MeasuredFields) -> RequestArrival:
    tenant = row.fields.get("tenant")
    return RequestArrival(
        time=0.0,
        prompt_tokens=max(row.count("prompt_tokens"), 1),
        output_tokens=max(row.count("output_tokens"), 1),
        client=tenant if isinstance(tenant, str) else None,
    )


def _moment(row: MeasuredFields) -> float:
    written = row.text("time")
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as problem:
        raise row.bad("time is none such as 2026-11-20T18:15:46.680Z") from problem
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
