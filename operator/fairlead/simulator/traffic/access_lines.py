"""Recent requests from the routers' access lines, so that a policy can be tried on real traffic.

A line is written when its request has ended, so lines are sorted by arrival here, all in memory. For a stream whose
client requested no usage, the prompt is the router's own estimate and the reply is derived from its pace. Requests
without an answer have no reply length: they are left out and counted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from fairlead.simulator.traffic.arrivals import RequestArrival, UnreadableTraffic
from fairlead.sizing import measured_rows
from fairlead.sizing.measured_rows import BadMeasurement, MeasuredFields

COPY: Final = "copy"
"""In a line: the request is the router's own, sent for a route's shadow, whose engines work for it all the same."""
ANSWERED: Final = 200
MAX_ESTIMATED: Final = 1_000_000
"""Tokens of a reply: longer than any context, so that its pace is none."""
CACHED: Final = ("hit", "joined")
"""In a line: the response cache answered, or the engine's one answer went to several; no engine worked for this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLines:
    """The requests of some access lines."""

    arrivals: tuple[RequestArrival, ...]
    """In order of arrival, the first at 0 seconds."""
    left_out: int
    """Lines of requests without tokens: refused, failed, or of a route that has none."""
    cached: int = 0
    """Requests that the response cache answered, so that they reached no engine."""
    estimated: int = 0
    """Requests whose tokens no engine reported."""
    others: int = 0
    """Requests that another deployment of the same gateway got last."""
    copies: int = 0
    """Copies for the shadows of routes, where they are not of the wanted deployment: no client sent them."""
    targets: frozenset[str] = frozenset()
    """The deployments of a gateway that got `arrivals`, as namespace/name."""
    began: float = 0.0
    """The first arrival, in seconds since the epoch."""


def read(lines: Iterable[str], target: str | None = None) -> AccessLines:
    """Read all lines; an invalid one is raised as `UnreadableTraffic` with its number.

    Of a gateway's lines only those of `target`, as namespace/name, are taken, copies that it got among them; None: all
    but copies.
    """
    found: list[tuple[float, RequestArrival]] = []
    targets = set[str]()
    left_out = estimated = cached = others = copies = 0
    try:
        for row in measured_rows.json_rows(lines):
            moment = _moment(row)
            if row.fields.get("copy") == COPY and (target is None or row.fields.get("target") != target):
                copies += 1
                continue
            if not _is_of(row, target):
                others += 1
                continue
            if row.fields.get("cache") in CACHED:
                cached += 1
                continue
            tokens = _reported(row) or _estimated(row)
            if tokens is None:
                left_out += 1
                continue
            estimated += not _is_reported(row)
            found.append((moment, _arrival(row, *tokens)))
            if row.has("target"):
                targets.add(str(row.fields["target"]))
    except BadMeasurement as problem:
        raise UnreadableTraffic(f"{problem}; expected the routers' access lines") from problem
    found.sort(key=lambda one: one[0])
    for moment, arrival in found:
        arrival.time = moment - found[0][0]
    return AccessLines(
        arrivals=tuple(one for _, one in found),
        left_out=left_out,
        cached=cached,
        estimated=estimated,
        others=others,
        copies=copies,
        targets=frozenset(targets),
        began=found[0][0] if found else 0.0,
    )


def _is_of(row: MeasuredFields, target: str | None) -> bool:
    """Whether it went to this deployment; lines of a deployment's own routers name none."""
    return target is None or row.fields.get("target", target) == target


def _is_reported(row: MeasuredFields) -> bool:
    return row.has("prompt_tokens") and row.has("output_tokens")


def _reported(row: MeasuredFields) -> tuple[int, int] | None:
    """Return the engine's token counts of prompt and reply."""
    return (row.count("prompt_tokens"), row.count("output_tokens")) if _is_reported(row) else None


def _estimated(row: MeasuredFields) -> tuple[int, int] | None:
    """Return an answered stream's tokens: its first, and the later ones at its mean pace.

    A reply that came in one read has no pace: its time per token is 0 or next to it, and its length unknown.
    """
    if row.fields.get("status") != ANSWERED or not (row.has("ttft_ms") and row.has("prompt_tokens_estimated")):
        return None
    prompt = row.count("prompt_tokens_estimated")
    if not row.has("tpot_ms"):
        return prompt, 1
    decoding, pace = max(row.number("e2e_ms") - row.number("ttft_ms"), 0.0), row.number("tpot_ms")
    if decoding >= pace * MAX_ESTIMATED:
        return None
    return prompt, 1 + round(decoding / pace)


def _arrival(row: MeasuredFields, prompt: int, output: int) -> RequestArrival:
    tenant = row.fields.get("tenant")
    return RequestArrival(
        time=0.0,
        prompt_tokens=max(prompt, 1),
        output_tokens=max(output, 1),
        client=tenant if isinstance(tenant, str) else None,
    )


def _moment(row: MeasuredFields) -> float:
    written = row.text("time")
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as problem:
        raise row.bad("time is not one such as 2026-11-20T18:15:46.680Z") from problem
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
