"""Reads from routers which endpoints they use, and for whom. Knows the reports' form, not what follows from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp

from fairlead.cluster import pod_http
from fairlead.documents import json_document
from fairlead.fleet.endpoints import EndpointState, GatewayReport, HourSpend, RouterEndpoint, RouterReport, TenantUse
from fairlead.fleet.request_samples import Fault, RequestSample
from fairlead.fleet.traffic_shares import TrafficShare

PORT: Final = 9090
"""The metrics port, which is always plain HTTP."""
PATH: Final = "/fairlead/v1/endpoints"
SAMPLES: Final = "/fairlead/v1/samples"
_FAULTS: Final = {1: Fault.ERROR, 2: Fault.CUT, 4: Fault.INVALID_JSON, 8: Fault.REFUSED}

UNREADABLE: Final = (ValueError, KeyError, TypeError, AttributeError)
_COUNTS: Final = ("inflight", "waiting", "requestsPerMinute", "tokensPerMinute")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedSamples:
    """What one router reports of requests at two revisions."""

    share: TrafficShare | None
    """The share that they belong to; the rows of another one start over."""
    rows: tuple[RequestSample, ...] = ()
    count: int = 0
    """All rows that it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplesPage:
    """Which requests to read from a router: target, comparison, and first row."""

    target: str = ""
    """Of a gateway; empty: the deployment of the router."""
    adapter: str = ""
    """Compared by its versions; empty: the deployment by its revisions."""
    after: int = 0
    port: int = PORT

    @property
    def query(self) -> str:
        """The page's query string."""
        named = {"deployment": self.target, "adapter": self.adapter}
        return urlencode({"after": self.after} | {name: value for name, value in named.items() if value})


MAX_WORDS: Final = 300
"""Characters of a reason, which goes into a condition and would be cut there in any case."""


async def endpoints(
    session: aiohttp.ClientSession, ip: str, key: str | None, port: int = PORT, target: str = ""
) -> RouterReport | None:
    """Return what one router reports of one deployment; None without an answer, unlike having no endpoints.

    A gateway's router answers for one of its targets, as a deployment's own router does for the deployment.
    """
    text = await pod_http.fetch(session, f"http://{pod_http.host(ip)}:{port}{path_of(target)}", key)
    return None if text is None else parsed(text)


async def gateway_report(
    session: aiohttp.ClientSession, ip: str, key: str | None, port: int = PORT
) -> GatewayReport | None:
    """Return what one router of a gateway reports of all targets and tenants; None without an answer."""
    text = await pod_http.fetch(session, f"http://{pod_http.host(ip)}:{port}{PATH}", key)
    return None if text is None else parsed_gateway(text)


async def samples(
    session: aiohttp.ClientSession, ip: str, key: str | None, page: SamplesPage
) -> ReportedSamples | None:
    """Return the requests by which one router compares two sides; None without an answer."""
    url = f"http://{pod_http.host(ip)}:{page.port}{SAMPLES}?{page.query}"
    text = await pod_http.fetch(session, url, key)
    return None if text is None else parsed_samples(text)


def parsed_samples(text: str) -> ReportedSamples | None:
    """Parse the rows of a report; None if it is invalid."""
    try:
        found = json_document.read(text, as_python=True)
        rows = tuple(_sample(one) for one in found["rows"])
        return ReportedSamples(share=_share(found.get("share")), rows=rows, count=int(found["count"]))
    except UNREADABLE:
        return None


def _sample(row: Sequence[Any]) -> RequestSample:
    at, candidate, conversation, prompt, cached, load, ttft_ms, tpot_ms, faults = row
    return RequestSample(
        at=float(at),
        candidate=bool(candidate),
        conversation=str(conversation),
        prompt_tokens=int(prompt),
        cached_tokens=int(cached),
        load=int(load),
        ttft_s=None if ttft_ms is None else float(ttft_ms) / 1000,
        tpot_s=None if tpot_ms is None else float(tpot_ms) / 1000,
        faults=frozenset(one for bit, one in _FAULTS.items() if int(faults) & bit),
    )


def path_of(target: str) -> str:
    """Return the page of one target of a gateway; without a target, that of a deployment's own router."""
    return f"{PATH}?deployment={target}" if target else PATH


def parsed(text: str) -> RouterReport | None:
    """Parse the report, by pod and address; None if invalid. Unknown states and fields of newer routers are fine."""
    try:
        found = json_document.read(text, as_python=True)
        return RouterReport(
            endpoints=_endpoints(found),
            hour=_hour(found.get("lastHour")),
            share=_share(found.get("share")),
            tenants=_uses(found),
            waiting=_waiting(found.get("queue")),
        )
    except UNREADABLE:
        return None


def parsed_gateway(text: str) -> GatewayReport | None:
    """Parse the report of a gateway's router; None if it is invalid."""
    try:
        found = json_document.read(text, as_python=True)
        targets = {str(name): _endpoints(one) for name, one in found["targets"].items()}
        retiring = frozenset(map(str, found.get("retiring") or ()))
        return GatewayReport(targets=targets, tenants=_uses(found), retiring=retiring)
    except UNREADABLE:
        return None


def _endpoints(report: Mapping[str, Any]) -> tuple[RouterEndpoint, ...]:
    return tuple(sorted(map(_endpoint, report["endpoints"]), key=lambda one: (one.pod, one.address)))


def _waiting(queue: Mapping[str, Any] | None) -> int:
    lanes = ((queue or {}).get("lanes") or {}).values()
    return sum(max(0, int(one.get("waiting") or 0)) for one in lanes)


def _hour(entry: Mapping[str, Any] | None) -> HourSpend | None:
    return None if entry is None else HourSpend(cost=float(entry["cost"]), tokens=int(entry["tokens"]))


def _share(entry: Mapping[str, Any] | None) -> TrafficShare | None:
    """Parse a share; only samples belong to a step, and an older router names none."""
    if entry is None:
        return None
    return TrafficShare(
        revision=str(entry["revision"]), percent=int(entry["percent"]), step=int(entry.get("step") or 0)
    )


def _uses(report: Mapping[str, Any]) -> dict[str, TenantUse]:
    return {str(name): _use(one) for name, one in (report.get("tenants") or {}).items()}


def _use(entry: Mapping[str, Any]) -> TenantUse:
    """Parse a tenant's use; counts missing in an older router's report are 0."""
    running, waiting, requests, tokens = (max(0, int(entry.get(name) or 0)) for name in _COUNTS)
    spent = max(0.0, float(entry.get("spent") or 0.0))
    return TenantUse(
        running=running,
        waiting=waiting,
        requests=requests,
        tokens=tokens,
        spent=spent,
        shared=bool(entry.get("shared")),
    )


def _endpoint(entry: Mapping[str, Any]) -> RouterEndpoint:
    state = entry.get("state")
    states = {one.value for one in EndpointState}
    return RouterEndpoint(
        pod=str(entry["pod"]),
        address=str(entry["address"]),
        state=EndpointState(state) if state in states else EndpointState.UNKNOWN,
        inflight=max(0, int(entry.get("inflight") or 0)),
        reason=str(entry.get("reason") or "")[:MAX_WORDS],
        hung_seconds=_seconds(entry.get("hungSeconds")),
        idle_seconds=_seconds(entry.get("idleSeconds")),
    )


def _seconds(entry: object) -> float | None:
    """Parse a duration; none that a router can mean is negative, NaN or infinite."""
    found = None if entry is None else float(str(entry))
    return found if found is not None and 0 <= found < inf else None
